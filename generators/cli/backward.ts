// An operator's gradients as an operator, to be shown like any other.

import { backwardName } from "../autodiff/operator.ts";
import type { Operator } from "../frontend/operator.ts";
import { backwardKernel, describeGradients } from "../gradients.ts";
import { UserError } from "./errors.ts";
import { gradientKernel, upstreamTensors } from "./gradients.ts";

/** The backward of an operator: the variants that have gradients, with the tensors that they take. */
export function openBackward(operator: Operator): Operator {
  const shipped = operator.variants.length > 0 ? operator.variants : [[]];
  const variants = shipped.filter((present) => backwardKernel(operator, present) !== undefined);
  const [first] = variants;
  if (first === undefined)
    throw new UserError(
      `${operator.name} has no gradients: its declaration names no tensor as differentiable`,
    );
  const kernels = variants.map((present) => gradientKernel(operator, present));
  return {
    ...operator,
    name: backwardName(operator.name),
    doc: describeGradients(operator, kernels),
    tensors: [...operator.tensors, ...upstreamTensors(operator, kernels[0]!)],
    variants,
    kernel: (present) => gradientKernel(operator, present),
  };
}
