// The schedule that a kernel gets on a target where none is asked for.

import type { Kernel } from "../ir/kernel.ts";
import type { Limits, Schedule } from "./draft.ts";

/** A schedule with the name under which it is spoken of. */
export interface NamedSchedule {
  readonly name: string;
  readonly steps: Schedule;
}

/**
 * One thread for each element where there are threads, else loops in the order of the axes. A gradient stores
 * its inner stages: several others read each of them, and computing it anew would cost a sum every time.
 */
export function defaultSchedule(kernel: Kernel, hasGroups: boolean, limits: Limits): NamedSchedule {
  const group = Math.min(128, limits.threads);
  const run: NamedSchedule = hasGroups
    ? { name: "pointwise", steps: [["pointwise", { group }]] }
    : { name: "serial", steps: [] };
  if (kernel.role === "forward") return run;
  const inner = kernel.stages.filter(
    (stage) => stage.kind === "gather" && !kernel.outputs.includes(stage.name),
  );
  if (inner.length === 0) return run;
  return {
    name: `materialise, ${run.name}`,
    steps: [...inner.map(({ name }) => ["materialise", { stage: name }] as const), ...run.steps],
  };
}
