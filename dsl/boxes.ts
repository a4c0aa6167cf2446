// What operators on boxes share: which boxes count, where the samples of a bin lie.

import { ceilf, floorf, idiv } from "./core.ts";
import type { Axis, Ix, Range } from "./types.ts";

/** Is `p`, which may come from data, the number of an element of this axis? NaN is not. */
export function isIndex<D extends string>(axis: Axis<D>, p: number): boolean {
  return p >= 0 && p < axis.size && floorf(p) === p;
}

/** Samples evenly spaced along one side of a bin. */
export interface BinSamples {
  /** Where sample `a` lies. */
  at(a: number): number;
  /** Those that may lie within a pixel of the image. */
  readonly near: Range<"step">;
}

/** How many samples a bin of this size has along a side: `ratio`, or one for each pixel where that is not positive. */
export const countSamples = (size: number, ratio: number): number =>
  ratio > 0 ? ratio : ceilf(size);

/**
 * The `count` samples of a bin that begins at `start` and is `size` long. `within` says where in its share of the
 * bin each lies: 0 at its start, 0.5 in the middle.
 */
export function binSamples<D extends string>(
  axis: Axis<D>,
  start: number,
  size: number,
  count: number,
  within: number,
): BinSamples {
  const at = (a: number) => start + ((a + within) * size) / count;
  return { at, near: axis.samples(count, at(0), size / count, 1) };
}

/** The group that bin `p` falls to where `bins` are shared out among `groups`, of whatever numbers. */
export function groupOf<P extends string, G extends string>(
  groups: Axis<G>,
  bins: Axis<P>,
  p: NoInfer<Ix<P>>,
): Ix<G> {
  return groups.index(idiv(p * groups.size, bins.size));
}
