// The whole way from an operator's kernels to files and programs of one target. Everything that is generated,
// checked or run is made here.

import type { Narrow } from "../targets/contract/half.ts";
import type { Program } from "../targets/contract/program.ts";
import { gradOf } from "./autodiff/backward.ts";
import { fileName } from "./emit/frame.ts";
import { type Declared, describeSignature } from "./emit/signature.ts";
import type { PrintedUnit, Target } from "./emit/target.ts";
import { frameUnit, printUnit } from "./emit/unit.ts";
import { checkKernel } from "./ir/check.ts";
import { kindOf } from "./ir/expr.ts";
import { type Kernel, partName, valuesOf } from "./ir/kernel.ts";
import { checkPlan } from "./ir/nestCheck.ts";
import type { Plan } from "./ir/plan.ts";
import { makeAdditive } from "./schedule/additive.ts";
import { defaultSchedule, type NamedSchedule } from "./schedule/defaults.ts";
import { completeParams } from "./schedule/draft.ts";
import {
  applySchedule,
  type Draft,
  type Limits,
  lower,
  type Schedule,
  transforms,
} from "./schedule/index.ts";
import { sequenceSteps } from "./schedule/sequence.ts";
import { storeNarrow } from "./schedule/storage.ts";

/** An operator as the front end reads it. */
export interface OperatorSource extends Declared {
  readonly name: string;
  /** Which choices of the optional tensors ship. */
  readonly variants: readonly (readonly string[])[];
  /** The tensors that gradients are derived of. */
  readonly differentiable: readonly string[];
  /** Stops where one of them is asked for, which cannot be derived. */
  readonly refuseGradient?: (tensor: string, message: string) => never;
  /** The forward kernel, given the optional tensors named. */
  kernel(present: readonly string[]): Kernel;
  /** The kernel of all gradients, where it is not the one that is derived from `kernel`. */
  readonly backward?: (present: readonly string[]) => Kernel;
}

/** How kernels are scheduled: the name under which that is spoken of, and the plan it makes of one. */
export interface ChosenSchedule {
  readonly nameFor: (kernel: Kernel) => string;
  readonly plan: (kernel: Kernel) => Plan;
  /** What data are stored as; f32 where this is absent. */
  readonly storage?: Narrow;
}

/** The kernels of one role (one for each variant) as the file that ships on a target. */
export interface Compiled {
  readonly target: Target;
  readonly printed: PrintedUnit;
  /** Text by path below the output folder; the first is that of the kernels. */
  readonly files: ReadonlyMap<string, string>;
  /** One for each kernel, in their order. */
  readonly programs: readonly Program[];
}

/** What a target's devices allow. */
export const limitsOf = ({ limits, capabilities }: Target): Limits => ({
  threads: limits.group,
  sharedBytes: limits.sharedBytes,
  vectors: capabilities.vectors,
  unrolls: capabilities.unrolls ?? false,
  updates: capabilities.updates,
  ...(limits.registers !== undefined && { registers: limits.registers }),
  ...(capabilities.products && { products: capabilities.products }),
});

/**
 * A schedule on a target, one for all kernels or for each, its own where none is given, for data stored as f32 where nothing else is said; what goes
 * in and what comes out is checked.
 */
export function scheduleOn(
  target: Target,
  given?: NamedSchedule | ((kernel: Kernel) => NamedSchedule | undefined),
  storage?: Narrow,
): ChosenSchedule {
  const choose = (kernel: Kernel): NamedSchedule =>
    (typeof given === "function" ? given(kernel) : given) ?? ownSchedule(kernel, target);
  if (storage !== undefined && target.capabilities.stores?.[storage] === undefined)
    throw new Error(`${target.name} does not store data in ${storage}.`);
  return {
    ...(storage && { storage }),
    nameFor: (kernel) => choose(kernel).name,
    plan(kernel) {
      const { name, steps } = choose(kernel);
      return remember(plansOn(kernel, target), JSON.stringify([steps, storage]), () => {
        const applied = resolveSchedule(kernel, steps, limitsOf(target));
        return findPlan(kernel, name, applied, target, storage);
      });
    },
  };
}

interface Known<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

function remember<K, V>(known: Known<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

/** What was made of a kernel, by what it was made for. */
const memory = <K, V>() => {
  const known = new WeakMap<Kernel, Map<K, V>>();
  return (kernel: Kernel) => remember(known, kernel, () => new Map<K, V>());
};

const ownSchedules = memory<Target, NamedSchedule>();
const plansByTarget = memory<Target, Map<string, Plan>>();
/** Targets with the same schedule share plans. */
const plansBySchedule = memory<string, Plan>();

/** The schedule that a kernel gets on a target where none is asked for. */
export const ownSchedule = (kernel: Kernel, target: Target): NamedSchedule =>
  remember(ownSchedules(kernel), target, () =>
    defaultSchedule(kernel, target.capabilities, limitsOf(target)),
  );

const plansOn = (kernel: Kernel, target: Target): Map<string, Plan> =>
  remember(plansByTarget(kernel), target, () => new Map<string, Plan>());

/** A schedule as it applies to a kernel on some device: with all parameters, and what it makes of the kernel. */
interface Applied {
  readonly steps: Schedule;
  readonly draft: Draft;
}

/** Throws where a step is refused. */
function resolveSchedule(kernel: Kernel, schedule: Schedule, limits: Limits): Applied {
  const result = applySchedule(kernel, schedule, limits);
  if ("refused" in result) throw new Error(result.refused);
  const steps = schedule.map(([name, params], at) => {
    const choices = transforms.find((t) => t.name === name)!.choices(result.steps[at]!, limits);
    return [name, completeParams(choices, params ?? {})] as const;
  });
  return { steps, draft: result.steps.at(-1)! };
}

function findPlan(
  kernel: Kernel,
  name: string,
  { steps, draft }: Applied,
  target: Target,
  storage: Narrow | undefined,
): Plan {
  const key = JSON.stringify([steps, isAdditive(kernel, target), storage]);
  return remember(plansBySchedule(kernel), key, () => {
    checkKernel(kernel, "reading the declaration");
    const wide = lower(draft);
    const stored = storage ? storeNarrow(wide, storage, dataArguments(kernel)) : wide;
    const plan = finishPlan(stored, target);
    checkPlan(plan, `scheduling (${name})`);
    return plan;
  });
}

/**
 * What a kernel takes and gives that is data: positions keep their precision, and so do gradients of positions.
 */
function dataArguments(kernel: Kernel): ReadonlySet<string> {
  const isPosition = (tensor: string): boolean =>
    kernel.tensors.some(({ name, type }) => name === tensor && type !== "data");
  const positions = kernel.tensors.filter(({ name }) => isPosition(name));
  const kept = new Set(positions.flatMap(({ name }) => [name, gradOf(name)]));
  const given = kernel.tensors.map(({ name }) => name);
  const results = kernel.stages
    .filter(({ name }) => kernel.outputs.includes(name))
    .flatMap((stage) => {
      const values = valuesOf(stage);
      return values.flatMap((value, part) =>
        kindOf(value) === "coord" ? [] : [partName(stage.name, part, values.length)],
      );
    });
  return new Set([...given, ...results].filter((name) => !kept.has(name)));
}

/** Can results of a kernel be added to on a target? Gradients can, unless a launch only returns elements. */
const isAdditive = ({ role }: Pick<Kernel, "role">, { capabilities }: Target): boolean =>
  role !== "forward" && capabilities.updates;

/** The plan as it is printed for a target. */
export function finishPlan(plan: Plan, target: Target): Plan {
  const sequenced = sequenceSteps(plan);
  return isAdditive(plan, target) ? makeAdditive(sequenced) : sequenced;
}

/** Compiles kernels of one role for a target; throws where the schedule does not apply to one. */
export function compileKernels(
  declared: Declared,
  kernels: readonly Kernel[],
  target: Target,
  schedule: ChosenSchedule,
): Compiled {
  const [first] = kernels;
  if (!first) throw new Error("There is no kernel to compile.");
  const { operator, role, source } = first;
  const printed = printUnit(
    {
      operator,
      role,
      signature: describeSignature(declared, kernels),
      kernels,
      source: `${source.file}:${source.line}`,
      schedule: schedule.nameFor(first),
      ...(schedule.storage && { storage: schedule.storage }),
      plans: kernels.map((kernel) => schedule.plan(kernel)),
    },
    target,
  );
  const files = frameUnit(printed, target);
  const text = files.get(`${target.name}/${fileName(printed)}.${target.extension}`);
  if (text === undefined) throw new Error(`${target.name} writes no file for ${operator}.`);
  const programs = printed.plans.map(({ entry }) => ({ entry, source: text }));
  return { target, printed, files, programs };
}

/** What to compile other than what ships. */
export interface CompileOptions {
  /** The choices of optional tensors to make entry points for; by default those that ship. */
  readonly variants?: readonly (readonly string[])[];
  readonly schedule?: NamedSchedule | ((kernel: Kernel) => NamedSchedule | undefined);
  readonly storage?: Narrow;
}

/** Compiles an operator's forward kernel for a target. */
export function compile(
  operator: OperatorSource,
  target: Target,
  { variants = operator.variants, schedule, storage }: CompileOptions = {},
): Compiled {
  if (variants.length === 0) throw new Error(`${operator.name} ships no variant.`);
  const kernels = variants.map((present) => operator.kernel(present));
  return compileKernels(operator, kernels, target, scheduleOn(target, schedule, storage));
}
