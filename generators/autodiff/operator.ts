// The backward of an operator as an operator: it takes what the operator takes and the gradient of each
// result, and gives the gradients of the differentiable tensors.

import type { Operator } from "../frontend/operator.ts";
import type { Kernel, TensorDecl } from "../ir/kernel.ts";
import { differentiate } from "./backward.ts";

/** The name of an operator's backward. */
export const backwardName = (operator: string): string => `${operator}_backward`;

/**
 * The backward of `operator`, for the gradients of `wanted` (by default of every differentiable tensor; of
 * those, a variant computes the ones it is given). Throws a GradientError where a gradient is not defined.
 */
export function backwardOf(
  operator: Operator,
  wanted: readonly string[] = operator.differentiable,
): Operator {
  const name = backwardName(operator.name);
  const kernels = new Map<string, Kernel>();
  const kernel = (present: readonly string[]): Kernel => {
    const forward = operator.kernel(present);
    const key = forward.present.join(" ");
    const given = wanted.filter((tensor) => forward.tensors.some((t) => t.name === tensor));
    const found = kernels.get(key) ?? differentiate(forward, given);
    kernels.set(key, found);
    return found;
  };
  const gradients: readonly TensorDecl[] = kernel([]).tensors.filter(
    (t) => !operator.tensors.some((own) => own.name === t.name),
  );
  return {
    ...operator,
    name,
    doc: `Gradients of ${operator.name}: of ${wanted.join(", ")}, from ${gradients.map((t) => t.name).join(", ")}.`,
    tensors: [...operator.tensors, ...gradients],
    differentiable: [...wanted, ...gradients.map((t) => t.name)],
    kernel,
  };
}
