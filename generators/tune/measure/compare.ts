// How far results are from what is expected.

import type { Data } from "../../../targets/contract/program.ts";
import type { Verified } from "./protocol.ts";

/** The largest error of an output as a share of what is allowed of each element. */
export function findWorst(
  name: string,
  actual: Data,
  expected: ArrayLike<number>,
  allowed: number,
): Pick<Verified, "worst" | "where"> {
  if (actual.length !== expected.length)
    return {
      worst: "infinite",
      where: `${name} has ${actual.length} elements, not ${expected.length}`,
    };
  let [most, at] = [0, -1];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (error <= most) continue;
    [most, at] = [error, i];
    // NaN is within no bound.
    if (Number.isNaN(error)) break;
  }
  if (at < 0) return { worst: 0, where: "" };
  const share = most / allowed;
  const where = `${name}[${at}] is ${actual[at]}, not ${expected[at]} (${allowed} is allowed)`;
  return { worst: Number.isFinite(share) ? share : "infinite", where };
}

/** The largest whole number of kernels' sums and axes, from which errors are derived. */
export interface Extent {
  /** Terms of the longest sum of one element. */
  readonly terms: number;
  /** Elements of the longest axis: positions along it are rounded. */
  readonly axis: number;
}

/**
 * How far two results in f32 may be apart, as a share of the largest number of a result: sums of K
 * terms are each off by K roundings at most, of terms that cancel no more than the largest result
 * is large; a position up to H is off by H roundings, and a value between two pixels by twice that.
 */
export const allowedShare = ({ terms, axis }: Extent): number =>
  (2 * terms + 8 * axis + 16) * 2 ** -24;

/** The largest number of an array, by magnitude. */
export function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}
