// What DCNv3 and DCNv4 share: a grid of points around each output position, each of which moves and is sampled.

import { idiv, mod } from "./core.ts";
import { sampleZeroExtended } from "./sampling.ts";
import type { Axis, Ix, Tensor, YX } from "./types.ts";

/** Where the points of an output position lie before they move. */
export interface PointGrid {
  /** Distance between output positions. */
  readonly stride: YX;
  /** Shifts the grid up and left. */
  readonly padding: YX;
  /** Distance between points. */
  readonly dilation: YX;
  /** Scales the grid around its middle, and how far points move. */
  readonly offset_scale: number;
  /** The middle point is not counted. */
  readonly remove_center: boolean;
}

/**
 * The image, 0 beyond its border, at point `p` of `P` around (oh, ow), moved by (dy, dx). Points are counted column
 * by column, as the authors' kernels walk them. At exactly -1 the slope is 0, theirs too.
 */
export function samplePoint(
  input: Tensor<"N H W (G D)">,
  KH: Axis<"KH">,
  KW: Axis<"KW">,
  { stride, padding, dilation, offset_scale, remove_center }: PointGrid,
  n: Ix<"N">,
  oh: number,
  ow: number,
  g: Ix<"G">,
  d: Ix<"D">,
  p: number,
  dy: number,
  dx: number,
): number {
  const { H, W } = input;
  const center = idiv(KH.size * KW.size, 2);
  const tap = remove_center && p >= center ? p + 1 : p;
  const middleY = idiv(dilation.y * (KH.size - 1), 2);
  const middleX = idiv(dilation.x * (KW.size - 1), 2);
  const fromY = mod(tap, KH.size) * dilation.y - middleY + dy;
  const fromX = idiv(tap, KH.size) * dilation.x - middleX + dx;
  const y = oh * stride.y - padding.y + middleY + fromY * offset_scale;
  const x = ow * stride.x - padding.x + middleX + fromX * offset_scale;
  return sampleZeroExtended(H, W, y, x, "zero", (yy, xx) => input.orZero(n, yy, xx, g, d));
}
