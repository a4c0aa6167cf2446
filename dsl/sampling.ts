// Sampling at fractional positions, written once for all operators.

import { abs, floor, floorf, maximum, minimum, next, rintf } from "./core.ts";
import type { Axis, Pos } from "./types.ts";

/**
 * `f` between the two whole positions around `p`. `floor` has no derivative, so at a whole position the
 * slope is the one to its right. For positions near the map only: what may be NaN, infinite or beyond 2^31 is
 * sampled with one of the `sample…` functions, which test first.
 */
export function lerp<D extends string>(p: Pos<D>, f: (whole: Pos<D>) => number): number {
  const low = floor(p);
  const t = p - low;
  return (1 - t) * f(low) + t * f(next(low));
}

/** Bilinear interpolation of `f` at (y, x), which lies near the map; see `lerp`. */
export function bilinear<Y extends string, X extends string>(
  y: Pos<Y>,
  x: Pos<X>,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  return lerp(y, (yy) => lerp(x, (xx) => f(yy, xx)));
}

/** `p` moved into `[lo, hi]`; `hi` for NaN. */
const between = (p: number, lo: number, hi: number): number => maximum(minimum(hi, p), lo);

/**
 * The integral over `[lo, hi]` of `1 - |t|`, which is 0 beyond -1 and 1: what the pixel at 0 has of a stretch of
 * an interpolated line. Of each half the width times the middle height, so that narrow stretches keep all digits.
 */
export function tentArea(lo: number, hi: number): number {
  const [rise, top] = [between(lo, -1, 0), between(hi, -1, 0)];
  const [fall, foot] = [between(lo, 0, 1), between(hi, 0, 1)];
  return (top - rise) * (1 + (rise + top) / 2) + (foot - fall) * (1 - (fall + foot) / 2);
}

/** What the slope is at a coordinate of exactly -1, where the value is 0 either way. */
export type EdgeGrad = "one_sided" | "zero";

/**
 * Bilinear sampling of an image that is 0 beyond its border: exactly 0 unless -1 < y < H and -1 < x < W, so
 * also for NaN and infinity. The test is joint and comes before `floor`: a position that fails it is
 * replaced by 0, since 0 times what a wild position gives could be NaN. Under `one_sided` the test holds at
 * -1 as well: same value, torchvision's slope; under `zero` the slope there is mmcv's and the authors'.
 */
export function sampleZeroExtended<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
  edge_grad: EdgeGrad,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  const above = edge_grad === "one_sided" ? y >= -1 && x >= -1 : y > -1 && x > -1;
  const near = above && y < H.size && x < W.size;
  const ys = H.at(near ? y : 0);
  const xs = W.at(near ? x : 0);
  return near ? bilinear(ys, xs, f) : 0;
}

/**
 * Bilinear sampling by the rule of the first deformable convolution (Dai et al. 2017, MXNet operator): 0
 * unless 0 <= y < H and 0 <= x < W; between the last element and the border, the last element's full value.
 */
export function sampleInside<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  const near = y >= 0 && x >= 0 && y < H.size && x < W.size;
  const ys = H.clamp(near ? y : 0);
  const xs = W.clamp(near ? x : 0);
  return near ? bilinear(ys, xs, f) : 0;
}

/**
 * Is (y, x) within one element of the image, ends included? The test of RoIAlign (He et al. 2017), whose
 * samples beyond the outermost centres take the border's value.
 */
export function nearImage<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
): boolean {
  return y >= -1 && y <= H.size && x >= -1 && x <= W.size;
}

/** Is (y, x) on the area of a pixel, half a unit around its centre, of an H by W image, ends included? */
export function insideImage<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
): boolean {
  return y >= -0.5 && y <= H.size - 0.5 && x >= -0.5 && x <= W.size - 0.5;
}

/** Bilinear sampling by the rule of RoIAlign: see `nearImage`; 0 where that does not hold. */
export function sampleClamped<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  const near = nearImage(H, W, y, x);
  const ys = H.clamp(near ? y : 0);
  const xs = W.clamp(near ? x : 0);
  return near ? bilinear(ys, xs, f) : 0;
}

/**
 * The largest of the four corners of (y, x), each times its bilinear weight: what ONNX RoiAlign calls max.
 * 0 where `nearImage` does not hold.
 */
export function largestCorner<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  const near = nearImage(H, W, y, x);
  const ys = H.clamp(near ? y : 0);
  const xs = W.clamp(near ? x : 0);
  const [top, left] = [floor(ys), floor(xs)];
  const [ty, tx] = [ys - top, xs - left];
  const upper = maximum((1 - ty) * (1 - tx) * f(top, left), (1 - ty) * tx * f(top, next(left)));
  const lower = maximum(ty * (1 - tx) * f(next(top), left), ty * tx * f(next(top), next(left)));
  return near ? maximum(upper, lower) : 0;
}

/**
 * The value of the pixel nearest to (y, x), halves to the even row and column; 0 where there is none, which is
 * more than half a pixel outside, or NaN. It has no slope.
 */
export function sampleNearest<Y extends string, X extends string>(
  H: Axis<Y>,
  W: Axis<X>,
  y: number,
  x: number,
  f: (yy: Pos<Y>, xx: Pos<X>) => number,
): number {
  const near = nearImage(H, W, y, x);
  const yy = floor(H.at(rintf(near ? y : 0)));
  const xx = floor(W.at(rintf(near ? x : 0)));
  return near ? f(yy, xx) : 0;
}

/**
 * `p` moved into the `size` pixels of an axis, NaN to the first. Where it is moved, and at both ends, the slope
 * is 0, as PyTorch has it (`Axis.clamp` has the slope to the right at 0).
 */
export const moveOnto = (p: number, size: number): number => (p > 0 ? minimum(p, size - 1) : 0);

/** `p` mirrored at `low` and at `low + span` until it lies between them; NaN where it is NaN or infinite. */
export function reflect(p: number, low: number, span: number): number {
  const period = maximum(2 * span, 1);
  const away = abs(p - low);
  const along = away - period * floorf(away / period);
  return low + span - abs(along - span);
}
