// The schedule that a kernel gets on a target where none is asked for.

import type { Kernel } from "../ir/kernel.ts";
import type { Limits, Schedule } from "./draft.ts";
import { inlineStages } from "./inline.ts";
import { findSharing } from "./sharing.ts";

/** A schedule with the name under which it is spoken of. */
export interface NamedSchedule {
  readonly name: string;
  readonly steps: Schedule;
}

/** What a target's launches can do. */
export interface Abilities {
  /** Threads run in groups. */
  readonly groups: boolean;
  /** A thread may write what it likes, and not only return an element of its own. */
  readonly updates: boolean;
}

/**
 * One thread for each element where there are threads, else loops in the order of the axes. Neighbours that
 * share most of their work are computed together. A gradient stores its inner stages: several others read each
 * of them, and computing it anew would cost a sum every time.
 */
export function defaultSchedule(
  kernel: Kernel,
  { groups, updates }: Abilities,
  limits: Limits,
): NamedSchedule {
  const run: NamedSchedule = groups
    ? { name: "pointwise", steps: [["pointwise", { group: Math.min(128, limits.threads) }]] }
    : { name: "serial", steps: [] };
  const stored = kernel.stages.flatMap((stage) =>
    kernel.role !== "forward" && stage.kind === "gather" && !kernel.outputs.includes(stage.name)
      ? [stage.name]
      : [],
  );
  const jams = updates ? chooseJams(kernel, stored, groups ? 4 : 8) : [];
  const steps: Schedule = [
    ...stored.map((stage) => ["materialise", { stage }] as const),
    ...jams,
    ...run.steps,
  ];
  const names = [stored.length > 0 ? "materialise" : "", jams.length > 0 ? "jam" : "", run.name];
  return { name: names.filter((name) => name !== "").join(", "), steps };
}

function chooseJams(kernel: Kernel, stored: readonly string[], most: number): Schedule {
  const { stages } = inlineStages(kernel, new Set(stored));
  return stages.flatMap((stage): Schedule => {
    if (stage.kind !== "gather") return [];
    const found = findSharing(stage, most);
    return found ? [["jam", { stage: stage.name, axis: found.axis, by: found.by }]] : [];
  });
}
