// Reading a map [N, C, H, W] at whole and fractional positions, in float64.

import { type Array64, read, sizes4 } from "./array.ts";

/** The pixel at a whole position of the map extended with zeros on all sides. */
export function readExtended(map: Array64, n: number, c: number, y: number, x: number): number {
  const [, , H, W] = sizes4("input", map);
  return y >= 0 && y < H && x >= 0 && x < W ? read(map, n, c, y, x) : 0;
}

/**
 * Bilinear interpolation of the zero-extended map: G(q, p) of the Deformable ConvNets paper, eq. 4.
 * It is 0 unless -1 < y < H and -1 < x < W, hence also where a coordinate is NaN or infinite.
 */
export function sampleZeros(map: Array64, n: number, c: number, y: number, x: number): number {
  const [, , H, W] = sizes4("input", map);
  if (!(y > -1 && y < H && x > -1 && x < W)) return 0;
  const top = Math.floor(y);
  const left = Math.floor(x);
  const fy = y - top;
  const fx = x - left;
  return (
    (1 - fy) * (1 - fx) * readExtended(map, n, c, top, left) +
    (1 - fy) * fx * readExtended(map, n, c, top, left + 1) +
    fy * (1 - fx) * readExtended(map, n, c, top + 1, left) +
    fy * fx * readExtended(map, n, c, top + 1, left + 1)
  );
}

/**
 * The rule of the first deformable convolution kernels: 0 unless 0 <= y < H and 0 <= x < W, and
 * beyond the centre of the last row or column that row's or column's value undiminished.
 */
export function sampleDcnv1(map: Array64, n: number, c: number, y: number, x: number): number {
  const [, , H, W] = sizes4("input", map);
  if (!(y >= 0 && y < H && x >= 0 && x < W)) return 0;
  const inY = Math.min(y, H - 1);
  const inX = Math.min(x, W - 1);
  const top = Math.floor(inY);
  const left = Math.floor(inX);
  const bottom = Math.min(top + 1, H - 1);
  const right = Math.min(left + 1, W - 1);
  const fy = inY - top;
  const fx = inX - left;
  return (
    (1 - fy) * (1 - fx) * read(map, n, c, top, left) +
    (1 - fy) * fx * read(map, n, c, top, right) +
    fy * (1 - fx) * read(map, n, c, bottom, left) +
    fy * fx * read(map, n, c, bottom, right)
  );
}

/**
 * The four weighted corner values of a RoI Align sample. Positions up to one pixel beyond the map,
 * both ends included, are moved onto it; farther ones, and NaN, have no corners (undefined).
 */
export function cornersClamped(
  map: Array64,
  n: number,
  c: number,
  y: number,
  x: number,
): readonly [number, number, number, number] | undefined {
  const [, , H, W] = sizes4("input", map);
  if (!(y >= -1 && y <= H && x >= -1 && x <= W)) return undefined;
  const inY = Math.min(Math.max(y, 0), H - 1);
  const inX = Math.min(Math.max(x, 0), W - 1);
  const top = Math.floor(inY);
  const left = Math.floor(inX);
  const bottom = Math.min(top + 1, H - 1);
  const right = Math.min(left + 1, W - 1);
  const fy = inY - top;
  const fx = inX - left;
  return [
    (1 - fy) * (1 - fx) * read(map, n, c, top, left),
    (1 - fy) * fx * read(map, n, c, top, right),
    fy * (1 - fx) * read(map, n, c, bottom, left),
    fy * fx * read(map, n, c, bottom, right),
  ];
}
