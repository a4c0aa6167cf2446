// The whole way for one operator and one target: declaration → kernels → plans → files and programs.

import type { Program } from "../targets/contract/program.ts";
import { describeSignature } from "./emit/signature.ts";
import type { Target } from "./emit/target.ts";
import { frameUnit, printUnit } from "./emit/unit.ts";
import type { Operator } from "./frontend/operator.ts";
import { checkKernel } from "./ir/check.ts";
import { checkPlan } from "./ir/nestCheck.ts";
import type { Plan } from "./ir/plan.ts";
import { defaultSchedule, type NamedSchedule } from "./schedule/defaults.ts";
import { schedulePlan } from "./schedule/index.ts";

export interface CompileOptions {
  /** The choices of optional tensors to make entry points for; by default those that ship. */
  readonly variants?: readonly (readonly string[])[];
  readonly schedule?: NamedSchedule;
}

/** An operator's forward kernel for one target. */
export interface Compiled {
  readonly operator: Operator;
  readonly target: Target;
  readonly schedule: NamedSchedule;
  readonly plans: readonly Plan[];
  /** Text by path below the output folder. */
  readonly files: ReadonlyMap<string, string>;
  /** One for each variant, in their order. */
  readonly programs: readonly Program[];
}

/** Compiles an operator for a target; throws where a schedule does not apply. */
export function compile(
  operator: Operator,
  target: Target,
  options: CompileOptions = {},
): Compiled {
  const { limits, capabilities } = target;
  const schedule = options.schedule ?? defaultSchedule(capabilities.groups, limits.group);
  const kernels = (options.variants ?? operator.variants).map((present) =>
    operator.kernel(present),
  );
  const plans = kernels.map((kernel) => {
    checkKernel(kernel, "reading the declaration");
    const plan = schedulePlan(kernel, schedule.steps, {
      threads: limits.group,
      sharedBytes: limits.sharedBytes,
    });
    checkPlan(plan, `scheduling (${schedule.name})`);
    return plan;
  });
  const unit = {
    operator: operator.name,
    role: "forward",
    signature: describeSignature(operator, kernels),
    source: `${operator.file}:${kernels[0]!.source.line}`,
    schedule: schedule.name,
    plans,
  };
  const printed = printUnit(unit, target);
  const files = frameUnit(printed, target);
  const source = files.get(`${target.name}/${operator.name}.${target.extension}`);
  if (source === undefined) throw new Error(`${target.name} writes no file for ${operator.name}`);
  const programs = printed.plans.map(({ entry }) => ({ entry, source }));
  return { operator, target, schedule, plans, files, programs };
}
