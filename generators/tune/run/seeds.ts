// What was best for other shapes is tried first.

import { identifyConfiguration, identifyKey, newestOf } from "../database/identity.ts";
import type { Key, Measurement } from "../database/record.ts";
import type { Configuration } from "../space/space.ts";
import { shareOf } from "./verdict.ts";

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
  most = 3,
): readonly Configuration[] {
  const isRelated = (other: Key): boolean =>
    other.kernel === key.kernel &&
    other.space === key.space &&
    other.target === key.target &&
    other.protocol === key.protocol &&
    identifyKey(other) !== identifyKey(key);
  const best = new Map<string, Measurement>();
  for (const record of newestOf(records)) {
    if (record.status !== "correct" || !isRelated(record.key)) continue;
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
