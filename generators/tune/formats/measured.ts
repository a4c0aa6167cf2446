// What files of results have in common: a space, and what became of its configurations.

import type { Measurement } from "../database/record.ts";
import type { Outcome } from "../search/strategy.ts";
import type { Value } from "../space/expr.ts";
import type { Configuration, Parameter, Space } from "../space/space.ts";

/** A configuration with what became of it. */
export interface Entry {
  readonly configuration: Configuration;
  readonly outcome: Outcome;
  /** Milliseconds that it took to find that out, where the file says so. */
  readonly spent?: Measurement["spent"];
}

/** What was measured of a space, whatever file it comes from. */
export interface Measured {
  readonly space: Space;
  readonly entries: readonly Entry[];
}

/** Numbers by size, texts by letters, one type after another, whatever order they were met in. */
function compare(a: Value, b: Value): number {
  if (typeof a !== typeof b) return typeof a < typeof b ? -1 : 1;
  if (typeof a !== "string") return Number(a) - Number(b);
  return a < b ? -1 : 1;
}

/** The parameters of configurations that nobody described: the values that occur. */
export function inferParameters(
  names: readonly string[],
  configurations: readonly Configuration[],
): readonly Parameter[] {
  return names.map((name) => ({
    name,
    values: [...new Set(configurations.map((of) => of[name]!))].sort(compare),
  }));
}

/** Whether something in a file is a value that a parameter can have. */
export const isValue = (value: unknown): value is Value =>
  typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);

/** A time as an outcome: times that are none, as files mark failures, are failures. */
export function outcomeOf(time: unknown): Outcome {
  if (typeof time === "string") return { failed: time };
  if (time === undefined) return { failed: "no time" };
  // Older files write failures as such numbers.
  if (typeof time === "number" && time > 0 && time < 1e20) return { cost: time };
  return { failed: `a time of ${String(time)}` };
}
