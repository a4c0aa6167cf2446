// The schedule that a target gets where none is asked for.

import type { Schedule } from "./draft.ts";

/** A schedule with the name under which it is spoken of. */
export interface NamedSchedule {
  readonly name: string;
  readonly steps: Schedule;
}

/** One thread for each element where there are threads, else loops in the order of the axes. */
export const defaultSchedule = (hasGroups: boolean, threads: number): NamedSchedule =>
  hasGroups
    ? { name: "pointwise", steps: [["pointwise", { group: Math.min(128, threads) }]] }
    : { name: "serial", steps: [] };
