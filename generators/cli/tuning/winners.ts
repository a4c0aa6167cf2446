// Winners as commands use them: those that ship, those of databases, and the schedules that follow.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Narrow } from "../../../targets/contract/half.ts";
import { targets } from "../../../targets/registry.ts";
import { type ChosenSchedule, scheduleOn } from "../../compile.ts";
import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { packageRoot } from "../../frontend/paths.ts";
import { hashKernel } from "../../ir/hash.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { readRecords } from "../../tune/database/read.ts";
import type { Key, Measurement } from "../../tune/database/record.ts";
import { type KernelSpace, spaceOf } from "../../tune/kernels/space.ts";
import { hashSpace } from "../../tune/space/hash.ts";
import type { Configuration } from "../../tune/space/space.ts";
import { chooseWinners } from "../../tune/winners/choose.ts";
import type { Rejected } from "../../tune/winners/find.ts";
import { type Chosen, chooseSchedule } from "../../tune/winners/schedules.ts";
import { parseWinners, type Winner, winnersFile } from "../../tune/winners/winner.ts";
import { codeOf, UserError } from "../errors.ts";
import { explainFailure } from "../io/files.ts";
import type { Terminal } from "../terminal.ts";
import { kernelWith } from "./kernel.ts";

/** Where winners that ship are kept. */
export const shippedPath = join(packageRoot, "generated", winnersFile);

/** The winners that ship; none where there is no such file. */
export async function readShipped(path: string = shippedPath): Promise<readonly Winner[]> {
  try {
    return parseWinners(await readFile(path, "utf8"), path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return [];
    if (code === undefined) throw error;
    throw new UserError(`cannot read ${path}: ${explainFailure(error)}`);
  }
}

/** The winners of databases, of operators that are known and as their kernels are today. */
export async function readWinners(
  paths: readonly string[],
  operators: readonly Operator[],
  of: (key: Key) => boolean = () => true,
): Promise<readonly Winner[]> {
  const records = (await Promise.all(paths.map(readRecords))).flat();
  return winnersOf(
    records.filter(({ key }) => of(key)),
    operators,
  );
}

/** The winners of records. */
export function winnersOf(
  records: readonly Measurement[],
  operators: readonly Operator[],
): readonly Winner[] {
  const known = new Map<string, Configuration | undefined>();
  return chooseWinners(records, (key) => {
    const { operator, role, present, target, kernel, space } = key;
    const name = JSON.stringify([operator, role, present, target, kernel, space]);
    if (!known.has(name)) known.set(name, usualOf(key, operators));
    return known.get(name);
  });
}

/** The default configuration of what a key is of; undefined where that is no more. */
const usualOf = (key: Key, operators: readonly Operator[]): Configuration | undefined =>
  findSpace(key, operators)?.default;

/** The space that a key is of; undefined where that is no more. */
export function findSpace(key: Key, operators: readonly Operator[]): KernelSpace | undefined {
  const operator = operators.find(({ name }) => name === key.operator);
  const target = targets.find(({ name }) => name === key.target);
  if (!operator || !target) return undefined;
  const kernel = kernelWith(operator, target, key.present, key.role !== "forward");
  if (hashKernel(kernel) !== key.kernel) return undefined;
  const of = spaceOf(kernel, target);
  return hashSpace(of.space) === key.space ? of : undefined;
}

/** How winners choose schedules, and what they had of no use. */
export interface Tuner {
  /** The schedules of a target, by winners where there are any of a kernel. */
  on(target: Target, storage?: Narrow): ChosenSchedule;
  /** The stale entries that were met so far. */
  stale(): readonly Rejected[];
}

/** Schedules for kernels of any size on any device. */
export function tuneBy(winners: readonly Winner[]): Tuner {
  const met = new Map<Winner, Rejected>();
  const known = new Map<Kernel, Map<string, Chosen>>();
  const choose = (kernel: Kernel, target: Target, storage?: Narrow): Chosen => {
    const own = known.get(kernel) ?? new Map<string, Chosen>();
    known.set(kernel, own);
    const name = `${target.name} ${storage}`;
    const chosen =
      own.get(name) ?? chooseSchedule(winners, kernel, target, { dtype: storage ?? "f32" });
    own.set(name, chosen);
    for (const one of chosen.found.rejected) if (one.stale) met.set(one.winner, one);
    return chosen;
  };
  return {
    on: (target, storage) =>
      scheduleOn(
        target,
        winners.length === 0 ? undefined : (kernel) => choose(kernel, target, storage).schedule,
        storage,
      ),
    stale: () => [...met.values()],
  };
}

/** An entry in words. */
export const nameWinner = ({ key }: Winner): string => nameKey(key);

/** Conditions in words. */
export const nameKey = (key: Key): string =>
  [
    key.operator,
    key.role,
    ...(key.present.length > 0 ? [`with ${key.present.join(", ")}`] : []),
    `on ${key.target}`,
    ...(key.dtype === "f32" ? [] : [`in ${key.dtype}`]),
    `(${Object.entries(key.shape)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")})`,
  ].join(" ");

/** Says which entries are stale. */
export function tellStale(stale: readonly Rejected[], { err }: Terminal): void {
  for (const { winner, why } of stale)
    err(`note: the tuned ${nameWinner(winner)} is not used: ${why}\n`);
}
