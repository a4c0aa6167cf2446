// How far two kernels in f32 may be apart, derived from how they compute; and how far they are.

import type { Extent, Shape } from "./geometry.ts";

/** Half a unit in the last place of 1: the relative error of one operation in f32. */
const u = 2 ** -24;

/**
 * The greatest difference that rounding explains between two results of one deformable convolution of a
 * photo with values from 0 to 1. Each lies within this of the exact result, if its numbers have at least
 * f32's precision; hence the factor 2.
 */
export function boundOf(photo: Extent, { size }: Shape, weights: Float32Array): number {
  // A place is a whole number plus an offset, rounded once; its fraction rounds by at most u. Beyond
  // the photo by more than a pixel all is 0. Values change by at most 1 from pixel to pixel.
  const place = (length: number) => (length + 3) * u;
  // Three roundings of each of two linear interpolations, and what they make of each other.
  const interpolation = 8 * u;
  const terms = size * size;
  const sum = (terms + 1) * u;
  let magnitude = 0;
  for (const weight of weights.subarray(0, terms)) magnitude += Math.abs(weight);
  const each = magnitude * (place(photo.height) + place(photo.width) + interpolation + sum);
  return 2 * each;
}

/** The largest difference of two arrays; NaN where one of them holds NaN. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length)
    throw new RangeError(`results of ${a.length} and ${b.length} values cannot be compared`);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = difference;
    if (Number.isNaN(worst)) return worst;
  }
  return worst;
}
