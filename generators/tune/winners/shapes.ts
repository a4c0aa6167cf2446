// Which shapes are alike: what is fast for one is likely to be fast for the other.

import type { Key } from "../database/record.ts";

type Shape = Key["shape"];

/** Smaller numbers, such as taps, strides and flags, count as they are. */
const leastSize = 8;

/** What loops are cut into: vectors, blocks, tiles. */
const divisors = [64, 16, 8, 4] as const;

const isSize = (value: number): boolean => Number.isInteger(value) && value >= leastSize;

const classOf = (value: number): string =>
  isSize(value) ? `/${divisors.find((by) => value % by === 0) ?? 1}` : String(value);

const names = (shape: Shape): readonly string[] => Object.keys(shape).toSorted();

/** The divisibility of all sizes, and all small numbers: shapes of other kinds are never alike. */
export const kindOf = (shape: Shape): string =>
  names(shape)
    .map((name) => `${name}${classOf(shape[name]!)}`)
    .join(" ");

/** The kind of a shape, with sizes rounded down to powers of two. */
export const bucketOf = (shape: Shape): string =>
  names(shape)
    .map((name) => {
      const value = shape[name]!;
      const power = isSize(value) ? ` 2^${Math.floor(Math.log2(value))}` : "";
      return `${name}${power}${classOf(value)}`;
    })
    .join(", ");

/** How far two shapes of one kind are apart: factors between their sizes, as a sum of logarithms to base 2. */
export function distanceOf(a: Shape, b: Shape): number {
  if (kindOf(a) !== kindOf(b)) return Number.POSITIVE_INFINITY;
  return names(a).reduce(
    (sum, name) => sum + (isSize(a[name]!) ? Math.abs(Math.log2(a[name]! / b[name]!)) : 0),
    0,
  );
}
