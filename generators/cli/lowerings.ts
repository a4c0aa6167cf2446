// The other ways in which a target's kernels may run: schedules that differ from the one that ships in how they add
// to elements, or in how large slabs are, and in nothing else, so that a check can hold them against each other.

import type { Narrow } from "../../targets/contract/half.ts";
import { type ChosenSchedule, limitsOf, ownSchedule, scheduleOn } from "../compile.ts";
import type { Target } from "../emit/target.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { NamedSchedule } from "../schedule/defaults.ts";
import { newDraft } from "../schedule/draft.ts";
import { applySchedule, type Schedule } from "../schedule/index.ts";
import { accumulate } from "../schedule/transforms/accumulate.ts";
import { slab } from "../schedule/transforms/slab.ts";
import { UserError } from "./errors.ts";

/** A way of adding: a schedule for each kernel, or why there is none. */
export interface Lowering {
  /** As the transform calls it: `deterministic`. */
  readonly by: string;
  readonly schedule: ChosenSchedule | { readonly refused: string };
}

const scattered = ({ stages }: Kernel): readonly string[] => [
  ...new Set(stages.filter(({ kind }) => kind === "scatter").map(({ name }) => name)),
];

const choiceOf = (kernel: Kernel, target: Target) =>
  accumulate.choices(newDraft(kernel), limitsOf(target)).find(({ name }) => name === "by");

/** A kernel's default schedule, with whatever adds in it adding in one way. */
function scheduleBy(kernel: Kernel, target: Target, by: string): NamedSchedule {
  const own = ownSchedule(kernel, target);
  // A schedule may lay out anew what is added to, under another name.
  const { steps } = applySchedule(kernel, own.steps, limitsOf(target));
  const adds = scattered(steps.at(-1)!.kernel).map(
    (stage) => ["accumulate", { stage, by }] as const,
  );
  if (adds.length === 0) return own;
  return { name: `${own.name}, ${by}`, steps: [...own.steps, ...adds] };
}

/** All ways of adding but the one that ships; none where nothing is added to. */
export function otherLowerings(
  kernels: readonly Kernel[],
  target: Target,
  storage?: Narrow,
): readonly Lowering[] {
  const adding = kernels.find((kernel) => scattered(kernel).length > 0);
  if (adding === undefined) return [];
  const choice = choiceOf(adding, target);
  const ways = (choice?.values ?? []).filter((by) => by !== choice?.default).map(String);
  return ways.map((by) => {
    for (const kernel of kernels) {
      const { steps } = scheduleBy(kernel, target, by);
      const result = applySchedule(kernel, steps, limitsOf(target));
      if ("refused" in result) return { by, schedule: { refused: result.refused } };
    }
    return { by, schedule: addingBy(target, by, storage) };
  });
}

/** Numbers of a slab so small that cases of a check, which are small too, have several. */
const mostOfSmall = 60;

/** The target's own schedules with small slabs; nothing where it makes no stage in slabs. */
export function inSmallSlabs(
  kernels: readonly Kernel[],
  target: Target,
  storage?: Narrow,
): ChosenSchedule | undefined {
  const makesSlabs = (kernel: Kernel): boolean =>
    ownSchedule(kernel, target).steps.some(([name]) => name === slab.name);
  if (!kernels.some(makesSlabs)) return undefined;
  return scheduleOn(
    target,
    (kernel) => {
      const own = ownSchedule(kernel, target);
      const steps = own.steps.map(([name, params]): Schedule[number] =>
        name === slab.name ? [name, { ...params, most: mostOfSmall }] : [name, params ?? {}],
      );
      return makesSlabs(kernel) ? { name: `${own.name}, small slabs`, steps } : own;
    },
    storage,
  );
}

/** Every way of adding that some target has. */
export const waysOfAdding = ["atomic", "deterministic", "owned"] as const;

/**
 * The target's own schedules, with what threads add adding in one way; a target without threads adds one
 * after another, which is always the same. Refuses kernels whose indices do not allow the way.
 */
export function addingBy(target: Target, by: string, storage?: Narrow): ChosenSchedule {
  const named = (kernel: Kernel): NamedSchedule => {
    const own = ownSchedule(kernel, target);
    const isConcurrent = choiceOf(kernel, target)?.values.includes("atomic") === true;
    return isConcurrent ? scheduleBy(kernel, target, by) : own;
  };
  return {
    ...(storage && { storage }),
    nameFor: (kernel) => named(kernel).name,
    plan(kernel) {
      const { steps } = named(kernel);
      const result = applySchedule(kernel, steps, limitsOf(target));
      if ("refused" in result)
        throw new UserError(`${kernel.operator} on ${target.name}: ${result.refused}`);
      return scheduleOn(target, named(kernel), storage).plan(kernel);
    },
  };
}
