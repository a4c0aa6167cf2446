// An operator's gradients as the command line checks and runs them.

import { gradOf } from "../autodiff/backward.ts";
import { backwardName } from "../autodiff/operator.ts";
import type { Subject } from "../check/variants.ts";
import type { Operator } from "../frontend/operator.ts";
import { backwardKernel } from "../gradients.ts";
import type { Kernel, TensorDecl } from "../ir/kernel.ts";
import { UserError } from "./errors.ts";

/** The backward kernel of one variant; refused where it has no differentiable tensor. */
export function gradientKernel(operator: Operator, present: readonly string[]): Kernel {
  const kernel = backwardKernel(operator, present);
  if (kernel === undefined)
    throw new UserError(`${operator.name} has no differentiable tensor, so it has no gradients`);
  return kernel;
}

/** The tensor of a gradient's name: `input` of `grad_input`. */
export const tensorOf = (gradient: string): string => gradient.slice(gradOf("").length);

/** The tensors of backward kernels that the operator itself does not take: gradients of its results. */
export function upstreamTensors(operator: Operator, kernel: Kernel): readonly TensorDecl[] {
  return kernel.tensors.filter(({ name }) => !operator.tensors.some((own) => own.name === name));
}

/** What a check of gradients is about; undefined where an operator has none. */
export function gradientSubject(operator: Operator): Subject | undefined {
  const variants = (operator.variants.length > 0 ? operator.variants : [[]]).filter(
    (present) => backwardKernel(operator, present) !== undefined,
  );
  const [first] = variants;
  if (first === undefined) return undefined;
  const upstream = upstreamTensors(operator, gradientKernel(operator, first));
  return {
    ...operator,
    name: backwardName(operator.name),
    tensors: [...operator.tensors, ...upstream],
    variants,
    kernel: (present) => gradientKernel(operator, present),
    forward: operator,
  };
}
