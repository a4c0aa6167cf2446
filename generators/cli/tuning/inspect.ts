// Schedules of a space without a device: printed, read by compilers, and run by the interpreter of nests.

import type { Reader } from "../../../targets/contract/machine.ts";
import type { Data, Executor, Program } from "../../../targets/contract/program.ts";
import { compileKernels, scheduleOn } from "../../compile.ts";
import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { interpretPlan } from "../../ir/nestInterpret.ts";
import type { Plan } from "../../ir/plan.ts";
import type { NamedSchedule } from "../../schedule/defaults.ts";
import { samplePoints } from "../../tune/kernels/sample.ts";
import { spaceOf } from "../../tune/kernels/space.ts";
import { enumerate } from "../../tune/space/enumerate.ts";
import type { Configuration } from "../../tune/space/space.ts";
import { messageOf } from "../errors.ts";
import { checkCases, judgeCases } from "./cases.ts";

/** What came of a kernel's space. */
export interface Inspected {
  readonly kernel: string;
  readonly target: string;
  /** Valid points, and how many of them were looked at. */
  readonly points: number;
  readonly sampled: number;
  /** Compilers that were asked. */
  readonly readBy: readonly string[];
  /** Why others were not. */
  readonly skipped: readonly string[];
  readonly problems: readonly { readonly configuration: Configuration; readonly what: string }[];
}

/** Small calls on which each is tried; the interpreter is slow. */
const tried = 3;

/** Looks at the default and some other points of a kernel's space on a target. */
export async function inspectSpace(
  operator: Operator,
  kernel: Kernel,
  target: Target,
  readers: readonly Reader[],
  count: number,
  seed = 0,
): Promise<Inspected> {
  const of = spaceOf(kernel, target);
  const points = enumerate(of.space);
  const sample = samplePoints(points, of.default, count, seed);
  const problems: { configuration: Configuration; what: string }[] = [];
  const made: { configuration: Configuration; program: Program; plan: Plan }[] = [];
  for (const configuration of sample) {
    const schedule = of.scheduleFor(configuration);
    if ("refused" in schedule) {
      problems.push({ configuration, what: `no schedule: ${schedule.refused}` });
      continue;
    }
    try {
      made.push({ configuration, ...compileOne(operator, kernel, target, schedule) });
    } catch (error) {
      problems.push({ configuration, what: messageOf(error) });
    }
  }
  const [readBy, skipped]: [string[], string[]] = [[], []];
  for (const { name, read } of readers) {
    const found = await read(made.map(({ program }) => program.source));
    if ("unavailable" in found) {
      skipped.push(`${name}: ${found.unavailable}`);
      continue;
    }
    readBy.push(name);
    for (const [i, [problem]] of found.entries())
      if (problem !== undefined)
        problems.push({ configuration: made[i]!.configuration, what: `${name}: ${problem}` });
  }
  const { present } = kernel;
  const subject = {
    operator,
    kernel,
    present,
    target,
    scalars: {},
    compile: () => made[0]!.program,
  };
  const cases = judgeCases(subject, kernel.role !== "forward").slice(0, tried);
  for (const { configuration, program, plan } of made) {
    const found = await checkCases(cases, program, interpreterOf(plan, target));
    if ("wrong" in found) problems.push({ configuration, what: `interpreted, ${found.wrong}` });
  }
  const name = [kernel.operator, kernel.role, ...present].join(" ");
  const counts = { points: points.size, sampled: sample.length };
  return { kernel: name, target: target.name, ...counts, readBy, skipped, problems };
}

function compileOne(operator: Operator, kernel: Kernel, target: Target, schedule: NamedSchedule) {
  const chosen = scheduleOn(target, schedule);
  const { programs } = compileKernels(operator, [kernel], target, chosen);
  return { program: programs[0]!, plan: chosen.plan(kernel) };
}

/** What runs a plan instead of its text: in f32, threads in any order, on memory that was never written. */
function interpreterOf(plan: Plan, { name }: Target): Executor {
  return {
    device: { target: name, device: "the interpreter of nests", driver: "none", hardware: false },
    run: async ({ entry }, { inputs, scalars, constants = {} }) => {
      // Targets call constants in their own ways.
      const options = plan.options.flatMap(({ constant, name }) => {
        const value = constants[entry.constants.find(({ option }) => option === name)?.name ?? ""];
        return value === undefined ? [] : [[constant, value] as const];
      });
      const given: Readonly<Record<string, ArrayLike<number>>> = { ...inputs };
      const order = { order: "shuffled", seed: 3, poison: true } as const;
      const found = interpretPlan(plan, given, scalars, Object.fromEntries(options), {
        mode: "f32",
        ...order,
      });
      return Object.fromEntries(
        Object.entries(found).map(([of, values]): [string, Data] => [
          of,
          Float32Array.from(values),
        ]),
      );
    },
    close: async () => undefined,
  };
}
