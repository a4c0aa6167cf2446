// The kernel that the words of a command line mean: of one operator, role and choice of optional tensors.

import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { gradientsOn } from "../../gradients.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { UserError } from "../errors.ts";
import { parsePresent } from "../operators.ts";

/** Which kernel of an operator is meant. */
export interface KernelRequest {
  readonly grad?: boolean;
  readonly variant?: string;
}

/** The forward kernel or that of the gradients; without optional tensors where none are named. */
export function kernelOf(
  operator: Operator,
  target: Target,
  { grad, variant = "" }: KernelRequest,
): Kernel {
  return kernelWith(operator, target, parsePresent(operator, variant), grad === true);
}

/** The same with the optional tensors given. */
export function kernelWith(
  operator: Operator,
  target: Target,
  present: readonly string[],
  grad: boolean,
): Kernel {
  if (!grad) return operator.kernel(present);
  const [kernel] = gradientsOn({ ...operator, variants: [present] }, target).kernels;
  if (kernel) return kernel;
  throw new UserError(`${operator.name} has no gradients on ${target.name}`);
}
