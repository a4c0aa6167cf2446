// Generated kernels as the cross-check runs them: the files that ship, on an executor.

import { evaluateFormula } from "../../targets/contract/formula.ts";
import {
  decodeData,
  encodeData,
  isNarrow,
  type Narrow,
  narrow,
} from "../../targets/contract/half.ts";
import { completeCall } from "../../targets/contract/job.ts";
import type { Data, Executor, Job, Program, TensorInfo } from "../../targets/contract/program.ts";
import { listRuns } from "../../targets/contract/turns.ts";
import type { Case } from "../check/cases.ts";
import type { Result, Results, TargetRunner } from "../check/crosscheck.ts";
import type { Skip } from "../check/ledger.ts";
import { watchPlans } from "../check/races.ts";
import { type Rules, rulesOf } from "../check/rules.ts";
import { type ChosenSchedule, type Compiled, compileKernels, scheduleOn } from "../compile.ts";
import type { Target } from "../emit/target.ts";
import type { Operator } from "../frontend/operator.ts";
import { gradientsOn } from "../gradients.ts";
import type { Plan } from "../ir/plan.ts";
import { additionsOf } from "./additions.ts";
import { inSmallSlabs, otherLowerings } from "./lowerings.ts";
import { productsOn } from "./products.ts";

/** Runs an operator's cases with the kernels that `generate` writes for a target, with data in f32 or narrower. */
export function makeRunner(
  operator: Operator,
  target: Target,
  executor: Executor,
  storage?: Narrow,
): TargetRunner {
  const variants = operator.variants.length > 0 ? operator.variants : [[]];
  const kernels = variants.map((present) => operator.kernel(present));
  const schedule = scheduleOn(target, undefined, storage);
  const compiled = compileKernels(operator, kernels, target, schedule);
  return runnerOf(compiled, kernels.map(schedule.plan), executor, storage);
}

/** The same with products that warps compute of factors rounded alike; nothing where there is none. */
export function makeProductRunners(
  operator: Operator,
  target: Target,
  executor: Executor,
  storage: Narrow,
): readonly TargetRunner[] {
  const variants = operator.variants.length > 0 ? operator.variants : [[]];
  const kernels = variants.map((present) => operator.kernel(present));
  const schedule = productsOn(kernels, target, storage);
  if (!schedule) return [];
  const compiled = compileKernels(operator, kernels, target, schedule);
  const runner = runnerOf(compiled, kernels.map(schedule.plan), executor, storage);
  return [withProducts(runner, storage)];
}

/** A runner whose factors are rounded before they are multiplied. */
const withProducts = (runner: TargetRunner, storage: Narrow): TargetRunner => ({
  ...runner,
  rules: { ...runner.rules, factors: narrow[storage].roundoff },
  products: true,
});

/** What runs the gradients of an operator on one device, and what is not run, with the reason. */
export interface GradientRunners {
  readonly runners: readonly TargetRunner[];
  readonly skipped: readonly Skip[];
}

/**
 * Runs an operator's gradients with the kernels that `generate` writes for a target; with `everyLowering`, also
 * in slabs so small that cases have several, and with every other way of adding that the compiler has for it.
 */
export function makeGradientRunners(
  operator: Operator,
  target: Target,
  executor: Executor,
  everyLowering: boolean,
  storage?: Narrow,
): GradientRunners {
  const variants = operator.variants.length > 0 ? operator.variants : [[]];
  const { kernels, left } = gradientsOn({ ...operator, variants }, target);
  const cannot = `${target.name} cannot add to elements that an index chooses`;
  if (kernels.length === 0)
    return { runners: [], skipped: [{ what: `gradients on ${target.name}`, reason: cannot }] };
  const lacks = left.length > 0 ? { lacks: { outputs: left, reason: cannot } } : {};
  const skipped: Skip[] = [];
  const runWith = (schedule: ChosenSchedule, by?: string): TargetRunner => {
    const compiled = compileKernels(operator, kernels, target, schedule);
    const own = runnerOf(compiled, kernels.map(schedule.plan), executor, storage);
    const runner = { ...own, ...lacks };
    return { ...runner, lowering: by ?? additionsOf(compiled) };
  };
  const runners = [runWith(scheduleOn(target, undefined, storage))];
  const products = storage && productsOn(kernels, target, storage);
  if (storage && products) runners.push(withProducts(runWith(products), storage));
  const small = everyLowering ? inSmallSlabs(kernels, target, storage) : undefined;
  if (small) {
    const runner = runWith(small);
    runners.push({
      ...runner,
      lowering: [runner.lowering, "in small slabs"].filter(Boolean).join(", "),
    });
  }
  for (const { by, schedule } of everyLowering ? otherLowerings(kernels, target, storage) : []) {
    const what = `gradients on ${target.name}, ${by}`;
    if ("refused" in schedule) skipped.push({ what, reason: schedule.refused });
    else runners.push(runWith(schedule, by));
  }
  return { runners, skipped };
}

function runnerOf(
  { programs, target }: Compiled,
  plans: readonly Plan[],
  executor: Executor,
  storage?: Narrow,
): TargetRunner {
  const stores = storage && target.capabilities.stores?.[storage];
  const rules: Readonly<Record<string, Rules>> = rulesOf;
  const known = rules[target.name];
  if (known === undefined) throw new Error(`nothing is known of the arithmetic of ${target.name}`);
  const watch = watchPlans();
  return {
    target: target.name,
    device: executor.device,
    rules: known,
    ...(storage && stores && { storage: { type: storage, ulps: stores.ulps } }),
    refuses: ({ present }) =>
      findProgram(programs, present) ? undefined : `${target.name} can compute none of its results`,
    async run(of) {
      const program = findProgram(programs, of.variant.present);
      if (!program) throw new Error(`no kernel is generated for ${of.variant.present.join(", ")}`);
      watch(plans[programs.indexOf(program)]!, of);
      return runCase(executor, program, of);
    },
    launches({ variant, numbers }) {
      const program = findProgram(programs, variant.present);
      if (!program) return [];
      const { entry } = program;
      const { scalars } = completeCall(entry, scalarsOf({ numbers }), constantsOf(entry, numbers));
      return listRuns(entry, entry.steps, scalars).flatMap(({ step, scalars: known }) =>
        step.kind === "launch"
          ? [{ launch: step.function, groups: evaluateFormula(step.groups, known) }]
          : [],
      );
    },
    async runAgain(of) {
      const program = findProgram(programs, of.variant.present);
      if (!program || !executor.runAgain) return [];
      const runs = await executor.runAgain(program, jobOf(program, of));
      return runs.map(({ by, outputs }) => ({
        by,
        results: describeOutputs(program, of, outputs),
      }));
    },
  };
}

const findProgram = (
  programs: readonly Program[],
  present: readonly string[],
): Program | undefined =>
  programs.find(
    ({ entry }) =>
      entry.present.length === present.length && present.every((n) => entry.present.includes(n)),
  );

/** What a program gives for a case, by name. */
export const runCase = async (executor: Executor, program: Program, of: Case): Promise<Results> =>
  describeOutputs(program, of, await executor.run(program, jobOf(program, of)));

const scalarsOf = ({
  numbers: { sizes, attrs },
}: Pick<Case, "numbers">): Readonly<Record<string, number>> => {
  const named = Object.entries(attrs).map(([name, value]) => [name.replaceAll(".", "_"), value]);
  return { ...sizes, ...Object.fromEntries(named) };
};

const constantsOf = (
  { constants }: Program["entry"],
  { options }: Case["numbers"],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    constants.flatMap(({ name, option }) =>
      options[option] === undefined ? [] : [[name, options[option]]],
    ),
  );

/** A case as executors take it. */
function jobOf({ entry }: Program, of: Case): Job {
  const taken = entry.tensors.filter(({ role }) => role === "input");
  return {
    inputs: Object.fromEntries(
      taken.map(({ name, dtype }) => [name, encodeData(of.inputs[name]!.data, dtype)]),
    ),
    scalars: scalarsOf(of),
    constants: constantsOf(entry, of.numbers),
  };
}

function describeOutputs(
  program: Program,
  of: Case,
  outputs: Readonly<Record<string, Data>>,
): Results {
  const scalars = scalarsOf(of);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, data]): [string, Result] => {
      const tensor = outputOf(program, name);
      const shape = tensor.shape.map((formula) => evaluateFormula(formula, scalars));
      const rounds = isNarrow(tensor.dtype);
      return [
        name,
        { data: decodeData(data, tensor.dtype), shape, ...(rounds && { narrow: true }) },
      ];
    }),
  );
}

/** An output as the manifest describes it. */
function outputOf(program: Program, name: string): TensorInfo {
  const tensor = program.entry.tensors.find((t) => t.name === name && t.role === "output");
  if (tensor === undefined) throw new Error(`${program.entry.name} has no output ${name}`);
  return tensor;
}
