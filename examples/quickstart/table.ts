// What each target made of the photograph, as rows for the terminal and the page.

import { formatDevice } from "../../generators/cli/executors.ts";
import { formatNotes, formatTime } from "../../generators/cli/terminal.ts";
import type { Outcome } from "./warp.ts";

/** The heads of the columns of `rowOf`. */
export const warpHead = ["target", "result", "worst error", "of bound", "first", "again", "device"];

/** One target's result, error, times and device, as text. */
export function rowOf(outcome: Outcome): readonly string[] {
  const { device } = outcome;
  const where = formatDevice(device);
  if ("failed" in outcome)
    return [device.target, "FAILED", "", "", "", "", `${outcome.failed} (${where})`];
  const { comparison, worst, milliseconds } = outcome;
  return [
    device.target,
    comparison.passed ? "agrees" : "DIFFERS",
    worst.toExponential(1),
    `${(comparison.worst.error * 100).toFixed(0)} %`,
    formatTime(milliseconds.first),
    formatTime(milliseconds.again),
    comparison.passed ? where : `${comparison.message} (${where})`,
  ];
}

/** The table of all targets for a terminal. */
export function formatWarps(outcomes: readonly Outcome[]): string {
  return formatNotes(outcomes.map(rowOf), { head: warpHead, width: 120 });
}
