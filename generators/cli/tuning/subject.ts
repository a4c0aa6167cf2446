// What is tuned: one kernel of an operator on a target, for one call.

import type { Program } from "../../../targets/contract/program.ts";
import { resolve } from "../../../targets/js/runtime.js";
import { compileKernels, scheduleOn } from "../../compile.ts";
import { describeSignature } from "../../emit/signature.ts";
import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { gradientsOn } from "../../gradients.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { Work } from "../../measure/work/work.ts";
import type { NamedSchedule } from "../../schedule/defaults.ts";
import { UserError } from "../errors.ts";

/** A kernel with the call that it is tuned for. */
export interface TunedKernel {
  readonly operator: Operator;
  readonly kernel: Kernel;
  readonly present: readonly string[];
  readonly target: Target;
  /** Sizes and attributes of the call, by the names of the kernel. */
  readonly scalars: Readonly<Record<string, number>>;
  /** The kernel with a schedule, the target's own where none is given. */
  readonly compile: (schedule?: NamedSchedule) => Program;
}

/** The kernel that a call needs: its forward pass, or its gradients. */
export function findKernel(operator: Operator, work: Work, target: Target): TunedKernel {
  const present = operator.tensors
    .filter(({ name, optional }) => optional && work.tensors[name] !== undefined)
    .map(({ name }) => name);
  const forward = operator.kernel(present);
  const { kernels, left } = gradientsOn({ ...operator, variants: [present] }, target);
  if (work.grad && left.length > 0)
    throw new UserError(`kernels of ${target.name} cannot give ${left.join(", ")}`);
  const kernel = work.grad ? kernels[0] : forward;
  if (kernel === undefined)
    throw new UserError(`${operator.name} has no differentiable tensor, so it has no gradients`);
  const shapes = Object.fromEntries(
    Object.entries(work.tensors).map(([name, { shape }]) => [name, shape]),
  );
  const { scalars } = resolve(describeSignature(operator, [forward]), shapes, work.attrs);
  return {
    operator,
    kernel,
    present,
    target,
    scalars,
    compile: (schedule) =>
      compileKernels(operator, [kernel], target, scheduleOn(target, schedule)).programs[0]!,
  };
}
