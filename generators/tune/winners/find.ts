// Which configuration a kernel takes: what won under the same conditions, for a similar shape, on the whole; else the
// default. The answer says which of these it is, and why.

import { canonicalJson, identifyConfiguration } from "../database/identity.ts";
import type { Key } from "../database/record.ts";
import type { Configuration } from "../space/space.ts";
import { ratioUnder } from "./portfolio.ts";
import { distanceOf, kindOf } from "./shapes.ts";
import type { Evidence, Layer, Winner } from "./winner.ts";

/** What is asked for; what is not known is left out. */
export interface Query extends Omit<Key, "threads" | "device" | "shape" | "offsets"> {
  readonly threads?: number;
  readonly device?: Key["device"];
  readonly shape?: Key["shape"];
  /** How offsets are drawn; of real data it is not known. */
  readonly offsets?: string;
}

/** An entry that was not taken. */
export interface Rejected {
  readonly winner: Winner;
  readonly why: string;
  /** It holds for no kernel of today. */
  readonly stale: boolean;
}

/** How a configuration was found. */
export type Rule = "exact" | "similar" | "portfolio" | "default";

/** A configuration for a kernel. */
export interface Found {
  readonly rule: Rule;
  readonly why: string;
  /** Absent where the default is taken. */
  readonly configuration?: Configuration;
  readonly winner?: Winner;
  readonly rejected: readonly Rejected[];
}

/** Shapes further apart than this, in factors of two, are told apart. */
const farthest = 3;

/** Less than this is no gain that holds for other shapes. */
const leastGain = 1.02;

/** Whether an entry is of the kernel that is asked for, as it is today or was once. */
export const isOf = ({ key }: Winner, query: Query): boolean =>
  key.operator === query.operator &&
  key.role === query.role &&
  key.target === query.target &&
  key.dtype === query.dtype &&
  key.present.toSorted().join() === query.present.toSorted().join();

/** Why an entry holds no more, or nothing. */
export function findStale({ key }: Winner, query: Query): string | undefined {
  if (key.kernel !== query.kernel)
    return "it was measured with another kernel: the declaration changed";
  if (key.space !== query.space) return "it was measured in another space: the schedules changed";
  if (key.protocol !== query.protocol)
    return `it was measured by protocol ${key.protocol}, and ${query.protocol} is in force`;
  return undefined;
}

/** The configuration that a kernel takes; `usual` is its default, where that is known. */
export function findWinner(winners: readonly Winner[], query: Query, usual?: Configuration): Found {
  const rejected: Rejected[] = [];
  const valid: Winner[] = [];
  for (const winner of winners) {
    if (!isOf(winner, query)) continue;
    const stale = findStale(winner, query);
    if (stale === undefined) valid.push(winner);
    else rejected.push({ winner, why: stale, stale: true });
  }
  const here = valid.filter((winner) => {
    const why = explainElsewhere(winner, query);
    if (why !== undefined) rejected.push({ winner, why, stale: false });
    return why === undefined;
  });
  return findNear(here, query, usual, rejected) ?? findPortfolio(valid, rejected);
}

/** Why an entry is not of these conditions, but for the shape; or nothing. */
function explainElsewhere({ key }: Winner, query: Query): string | undefined {
  if (query.device === undefined || query.shape === undefined)
    return "it is of one shape on one device, and any are asked for";
  if (key.device.device !== query.device.device) return `it is of ${key.device.device}`;
  if (key.device.driver !== query.device.driver)
    return `it is of ${key.device.driver}, and ${query.device.driver} is here`;
  const [there, here] = [key.device, query.device].map(({ limits = {} }) => canonicalJson(limits));
  if (there !== here) return `it is of a device with ${there}, and ${here} is here`;
  if (query.threads !== undefined && key.threads !== query.threads)
    return `it is of ${key.threads} threads, not ${query.threads}`;
  if (query.offsets !== undefined && key.offsets !== query.offsets)
    return `its offsets are ${key.offsets}, not ${query.offsets}`;
  return undefined;
}

/** The entry of the shape, or the nearest of its kind. */
function findNear(
  winners: readonly Winner[],
  { shape }: Query,
  usual: Configuration | undefined,
  rejected: Rejected[],
): Found | undefined {
  if (shape === undefined) return undefined;
  const ranked = winners
    .map((winner) => ({
      winner,
      distance: distanceOf(winner.key.shape, shape),
      same: isSame(winner.key.shape, shape),
    }))
    .toSorted((a, b) => Number(b.same) - Number(a.same) || a.distance - b.distance);
  const [best, ...rest] = ranked;
  const isNear = best !== undefined && (best.same || best.distance <= farthest);
  for (const { winner, distance } of isNear ? rest : ranked)
    rejected.push({ winner, why: explainFar(winner, distance, shape), stale: false });
  if (!isNear) return undefined;
  const { configuration, evidence } = best.winner;
  const isUsual =
    usual !== undefined && identifyConfiguration(configuration) === identifyConfiguration(usual);
  const gain = isUsual ? sayUnbeaten(evidence) : sayGain(evidence);
  const where = best.winner.layer === undefined ? "" : `, ${layerNames[best.winner.layer]}`;
  const why = best.same
    ? `it was measured under these conditions: ${gain}${where}`
    : `a shape of the same divisibility, ${(2 ** best.distance).toFixed(1)} times the size, was measured: ${gain}${where}`;
  return {
    rule: best.same ? "exact" : "similar",
    why,
    configuration,
    winner: best.winner,
    rejected,
  };
}

const layerNames: Readonly<Record<Layer, string>> = {
  own: "by this machine's database",
  team: "by the team's file",
  shipped: "by what ships",
};

const sayGain = ({ ratio, date }: Evidence): string =>
  `${ratio.toFixed(2)} times as fast as the default, measured ${date}`;

const sayUnbeaten = ({ measured, date }: Evidence): string =>
  `the default; of ${measured ?? "all"} measured, none was faster, ${date}`;

const isSame = (a: Key["shape"], b: Key["shape"]): boolean =>
  identifyConfiguration(a) === identifyConfiguration(b);

function explainFar({ key }: Winner, distance: number, shape: Key["shape"]): string {
  if (kindOf(key.shape) !== kindOf(shape))
    return `its shape divides otherwise: ${kindOf(key.shape)}, not ${kindOf(shape)}`;
  return distance > farthest
    ? `its shape is too far off: a factor of ${(2 ** distance).toFixed(1)} in sizes`
    : "a nearer shape was measured";
}

/** The configuration that is best on the whole, where one was measured under all conditions there are entries of. */
function findPortfolio(valid: readonly Winner[], rejected: readonly Rejected[]): Found {
  const none = (why: string): Found => ({ rule: "default", why, rejected });
  if (valid.length === 0)
    return none(rejected.length > 0 ? "all entries are stale" : "nothing was tuned");
  const all = new Map(
    valid.map(({ configuration }) => [identifyConfiguration(configuration), configuration]),
  );
  let best: { readonly configuration: Configuration; readonly gain: number } | undefined;
  for (const [name, configuration] of all) {
    const ratios = valid.map((winner) => ratioUnder(winner, name));
    const known = ratios.filter((ratio) => ratio !== undefined);
    if (known.length < ratios.length) continue;
    const gain = Math.exp(known.reduce((sum, r) => sum + Math.log(r), 0) / known.length);
    if (gain > (best?.gain ?? 0)) best = { configuration, gain };
  }
  const count = `${valid.length} measured ${valid.length === 1 ? "shape" : "shapes and devices"}`;
  if (best === undefined) return none(`no configuration was measured for all ${count}`);
  if (best.gain < leastGain)
    return none(`nothing is faster on the whole: ${best.gain.toFixed(2)} times over ${count}`);
  const why = `best on the whole: ${best.gain.toFixed(2)} times as fast as the default over ${count}`;
  return { rule: "portfolio", why, configuration: best.configuration, rejected };
}
