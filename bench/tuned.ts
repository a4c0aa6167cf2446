// The schedules that `tune` found for a call, to be timed beside the default ones.

import { findTeam, readLayers } from "../generators/cli/tuning/layers.ts";
import { databasePath } from "../generators/cli/tuning/request.ts";
import { ownSchedule } from "../generators/compile.ts";
import type { Target } from "../generators/emit/target.ts";
import type { Operator } from "../generators/frontend/operator.ts";
import type { Kernel } from "../generators/ir/kernel.ts";
import { medianOf } from "../generators/measure/statistics.ts";
import type { NamedSchedule } from "../generators/schedule/defaults.ts";
import { describeDevice } from "../generators/tune/database/identity.ts";
import { chooseSchedule } from "../generators/tune/winners/schedules.ts";
import type { Device } from "../targets/contract/program.ts";
import type { Row } from "./run.ts";

/** Where a call will run. */
export interface Place {
  readonly device: Device;
  readonly threads: number;
  readonly flags: readonly string[];
}

/** The schedules of kernels that are not the default ones; or why there are none. */
export async function findTuned(
  operator: Operator,
  kernels: readonly Kernel[],
  target: Target,
  shape: Readonly<Record<string, number>>,
  { device, threads, flags }: Place,
): Promise<ReadonlyMap<Kernel, NamedSchedule> | { readonly unsupported: string }> {
  const files = { database: databasePath(undefined), team: findTeam(undefined) };
  const winners = await readLayers(operator, target.name, files);
  const features = [...new Set([...(device.features ?? []), ...flags])];
  const here = { threads, device: describeDevice({ ...device, features }), shape };
  const found = new Map<Kernel, NamedSchedule>();
  const reasons: string[] = [];
  for (const kernel of kernels) {
    const chosen = chooseSchedule(winners, kernel, target, { dtype: "f32", ...here });
    const usual = JSON.stringify(ownSchedule(kernel, target).steps);
    if (chosen.schedule && JSON.stringify(chosen.schedule.steps) !== usual)
      found.set(kernel, chosen.schedule);
    else reasons.push(`${kernel.role}: ${chosen.found.why}`);
  }
  if (found.size > 0) return found;
  return { unsupported: `it has the default schedules here (${reasons.join("; ")})` };
}

/** How many times as fast tuned kernels are as the default ones of the same run, a sentence each. */
export function compareTuned(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) => {
    const { contender, name, rounds, cpu } = row;
    const usual = rows.find((o) => o.contender.name === contender.tunes && o.name === name);
    if (usual === undefined || cpu.length === 0 || usual.cpu.length === 0) return [];
    const ratio = (of: readonly number[], own: readonly number[]): string =>
      (medianOf(of) / medianOf(own)).toFixed(2);
    return [
      `${[contender.name, name].filter((part) => part !== "").join(", ")}: ` +
        `${ratio(usual.rounds.flat(), rounds.flat())} times as fast as the default, ` +
        `${ratio(usual.cpu, cpu)} times by CPU`,
    ];
  });
}
