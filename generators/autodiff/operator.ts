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

/**
 * The gradients of a forward kernel as one kernel: of all that is differentiable and given, or, where a
 * target cannot add to elements that an index chooses, of those that need no such addition.
 */
export function backwardKernel(
  forward: Kernel,
  differentiable: readonly string[],
  canScatter: boolean,
): Kernel | undefined {
  const known = derived.get(forward) ?? new Map<string, Kernel | undefined>();
  derived.set(forward, known);
  const key = `${differentiable.join(" ")} ${canScatter}`;
  if (!known.has(key)) known.set(key, derive(forward, differentiable, canScatter));
  return known.get(key);
}

/** What has been derived: several targets ask for the same. */
const derived = new WeakMap<Kernel, Map<string, Kernel | undefined>>();

function derive(
  forward: Kernel,
  differentiable: readonly string[],
  canScatter: boolean,
): Kernel | undefined {
  const given = differentiable.filter((name) => forward.tensors.some((t) => t.name === name));
  const gathers = (name: string): boolean =>
    differentiate(forward, [name]).stages.every((stage) => stage.kind === "gather");
  const wanted = canScatter ? given : given.filter(gathers);
  return wanted.length > 0 ? differentiate(forward, wanted) : undefined;
}
