// What was best elsewhere is tried first: on the whole, then for the nearest shapes.

import { identifyConfiguration, identifyKey, newestOf } from "../database/identity.ts";
import type { Key, Measurement } from "../database/record.ts";
import type { Configuration } from "../space/space.ts";
import { choosePortfolio } from "../winners/portfolio.ts";
import type { Winner } from "../winners/winner.ts";
import { shareOf } from "./verdict.ts";

/** What is tried before a search begins: few that are good on the whole, then those of the nearest shapes. */
export function findSeeds(
  winners: readonly Winner[],
  records: readonly Measurement[],
  key: Key,
): readonly Configuration[] {
  const portfolio = choosePortfolio(
    winners.filter((winner) => isRelated(winner.key, key)),
    mostSeeds,
  );
  const all = [...portfolio, ...findNeighbours(records, key)];
  return [...new Map(all.map((one) => [identifyConfiguration(one), one])).values()];
}

/** How many of each kind. */
const mostSeeds = 3;

/** Whether a configuration of one key means the same schedule for another. */
const isRelated = (other: Key, key: Key): boolean =>
  other.kernel === key.kernel &&
  other.space === key.space &&
  other.target === key.target &&
  other.protocol === key.protocol;

/** How far two shapes are apart: the sum of the logarithms of their sizes' ratios. */
export function shapeDistance(a: Key["shape"], b: Key["shape"]): number {
  let distance = 0;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[name], b[name]];
    if (x === undefined || y === undefined) return Number.POSITIVE_INFINITY;
    distance += Math.abs(Math.log((Math.abs(x) + 1) / (Math.abs(y) + 1)));
  }
  return distance;
}

/** The best configurations of the nearest shapes on the same target, nearest first. */
export function findNeighbours(
  records: readonly Measurement[],
  key: Key,
  most = mostSeeds,
): readonly Configuration[] {
  const own = identifyKey(key);
  const isOther = (other: Key): boolean => isRelated(other, key) && identifyKey(other) !== own;
  const best = new Map<string, Measurement>();
  for (const record of newestOf(records)) {
    if (record.status !== "correct" || !isOther(record.key)) continue;
    const name = identifyKey(record.key);
    const known = best.get(name);
    if (known === undefined || shareOf(record) < shareOf(known)) best.set(name, record);
  }
  const isSame = (other: Key): number =>
    other.device.device === key.device.device && other.threads === key.threads ? 0 : 1;
  const order = [...best.values()].sort(
    (a, b) =>
      isSame(a.key) - isSame(b.key) ||
      shapeDistance(a.key.shape, key.shape) - shapeDistance(b.key.shape, key.shape),
  );
  const configurations = new Map(
    order.map(({ configuration }) => [identifyConfiguration(configuration), configuration]),
  );
  return [...configurations.values()].slice(0, most);
}
