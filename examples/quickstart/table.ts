// What each target made of the photograph, as rows for the terminal and the page.

import { formatDevice } from "../../generators/cli/executors.ts";
import { formatNotes, formatTime } from "../../generators/cli/terminal.ts";
import type { Device } from "../../targets/contract/program.ts";
import type { Outcome } from "./warp.ts";

/** The heads of the columns of `rowsOf`. */
export const warpHead = ["target", "result", "worst error", "of bound", "first", "again", "device"];

/** Targets by name; one that runs on several devices, with what tells these apart. */
export function nameDevices(devices: readonly NamedDevice[]): readonly string[] {
  return devices.map(({ target, device }) => {
    const all = devices.filter((one) => one.target === target).map((one) => one.device);
    if (all.length === 1) return target;
    const words = all.map((name) => name.split(" "));
    const differs = words[0]!.findIndex((word, i) => words.some((other) => other[i] !== word));
    const own = device.split(" ").slice(Math.max(0, differs));
    return `${target}, ${own.join(" ")}`;
  });
}

type NamedDevice = Pick<Device, "target" | "device">;

/** All targets' results, errors, times and devices, as text. */
export function rowsOf(outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  const names = nameDevices(outcomes.map(({ device }) => device));
  return outcomes.map((outcome, i) => rowOf(outcome, names[i]!));
}

function rowOf(outcome: Outcome, name: string): readonly string[] {
  const { device } = outcome;
  const where = formatDevice(device);
  if ("failed" in outcome) return [name, "FAILED", "", "", "", "", `${outcome.failed} (${where})`];
  const { comparison, worst, milliseconds } = outcome;
  return [
    name,
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
  return formatNotes(rowsOf(outcomes), { head: warpHead, width: 120 });
}
