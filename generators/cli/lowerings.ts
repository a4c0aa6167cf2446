// The other ways in which a target's kernels may add to elements: schedules that differ from the one that ships
// in nothing else, so that a check can hold them against each other.

import { type ChosenSchedule, limitsOf, scheduleOn } from "../compile.ts";
import type { Target } from "../emit/target.ts";
import type { Kernel } from "../ir/kernel.ts";
import { defaultSchedule, type NamedSchedule } from "../schedule/defaults.ts";
import { newDraft } from "../schedule/draft.ts";
import { applySchedule } from "../schedule/index.ts";
import { accumulate } from "../schedule/transforms/accumulate.ts";

/** A way of adding: a schedule for each kernel, or why there is none. */
export interface Lowering {
  /** As the transform calls it: `deterministic`. */
  readonly by: string;
  readonly schedule: ChosenSchedule | { readonly refused: string };
}

const scattered = ({ stages }: Kernel): readonly string[] => [
  ...new Set(stages.filter(({ kind }) => kind === "scatter").map(({ name }) => name)),
];

/** All ways of adding but the one that ships; none where nothing is added to. */
export function otherLowerings(kernels: readonly Kernel[], target: Target): readonly Lowering[] {
  const limits = limitsOf(target);
  const adding = kernels.find((kernel) => scattered(kernel).length > 0);
  if (adding === undefined) return [];
  const choice = accumulate.choices(newDraft(adding), limits).find(({ name }) => name === "by");
  const ways = (choice?.values ?? []).filter((by) => by !== choice?.default).map(String);
  return ways.map((by) => {
    const named = (kernel: Kernel): NamedSchedule => {
      const { name, steps } = defaultSchedule(kernel, target.capabilities, limits);
      const adds = scattered(kernel).map((stage) => ["accumulate", { stage, by }] as const);
      return { name: `${name}, ${by}`, steps: [...steps, ...adds] };
    };
    for (const kernel of kernels) {
      const result = applySchedule(kernel, named(kernel).steps, limits);
      if ("refused" in result) return { by, schedule: { refused: result.refused } };
    }
    return {
      by,
      schedule: {
        nameFor: (kernel) => named(kernel).name,
        plan: (kernel) => scheduleOn(target, named(kernel)).plan(kernel),
      },
    };
  });
}
