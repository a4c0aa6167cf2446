// The compiler for programs: `import { readOperator, compile } from "warpweave/compiler"`. From left to right:
// a declaration is read as a kernel (tensor IR), a schedule makes a plan (loop-nest IR) of it, a target prints
// the plan. Each step is here alone, and `compile` and `generateAll` are all of them.

export { findTarget, targets } from "../targets/registry.ts";
export { differentiate } from "./autodiff/backward.ts";
export {
  type ChosenSchedule,
  type Compiled,
  type CompileOptions,
  compile,
  compileKernels,
  type OperatorSource,
  scheduleOn,
} from "./compile.ts";
export type { Target } from "./emit/target.ts";
export { DeclarationError } from "./frontend/diagnostics.ts";
export { type Operator, readOperator, readOperators } from "./frontend/operator.ts";
export { type Generated, generateAll, type Left, makeBinaries } from "./generate.ts";
export { backwardKernel, type Gradients, gradientsOn } from "./gradients.ts";
export { checkKernel } from "./ir/check.ts";
export { dumpKernel } from "./ir/dump.ts";
export { type InputArray, interpretKernel, type OutputArray } from "./ir/interpret.ts";
export type { Kernel } from "./ir/kernel.ts";
export { checkPlan } from "./ir/nestCheck.ts";
export { dumpPlan } from "./ir/nestDump.ts";
export type { Plan } from "./ir/plan.ts";
export {
  applySchedule,
  type Limits,
  lower,
  type Schedule,
  schedulePlan,
  transforms,
} from "./schedule/index.ts";
