// Which places of the image a unit of the last layer sees through stacked 3×3 layers: each of nine taps
// leads to nine of the layer before, so that three layers make 9³ = 729.

import type { Point } from "./warp.ts";

/** Taps along each side of a kernel. */
export const taps = 3;

/** Where a layer of stride 1 samples its input: [rows, columns, taps, (y, x)]. */
export interface PositionMap {
  readonly rows: number;
  readonly columns: number;
  readonly data: ArrayLike<number>;
}

/** Where a plain 3×3 convolution with a padding of 1 samples: no tap is moved. */
export function plainMap(rows: number, columns: number): PositionMap {
  const data = new Float32Array(rows * columns * taps ** 2 * 2);
  let i = 0;
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (const { y: dy, x: dx } of regular) {
        data[i++] = y + dy;
        data[i++] = x + dx;
      }
  return { rows, columns, data };
}

/** The taps of a plain kernel around its middle, row by row. */
const regular: readonly Point[] = Array.from({ length: taps ** 2 }, (_, k) => ({
  y: Math.floor(k / taps) - 1,
  x: (k % taps) - 1,
}));

/** A tap's place for a whole position of the output. */
function tapAt({ columns, data }: PositionMap, y: number, x: number, k: number): Point {
  const i = ((y * columns + x) * taps ** 2 + k) * 2;
  return { y: data[i]!, x: data[i + 1]! };
}

/**
 * The nine places that a unit between the positions of a layer samples. How far its taps are moved is
 * interpolated like the values there; beyond the border the nearest position counts.
 */
export function tapsAround(map: PositionMap, at: Point): readonly Point[] {
  const inside = (v: number, size: number): number => Math.min(size - 1, Math.max(0, v));
  const [y, x] = [inside(at.y, map.rows), inside(at.x, map.columns)];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [fy, fx] = [y - top, x - left];
  const [bottom, right] = [Math.min(top + 1, map.rows - 1), Math.min(left + 1, map.columns - 1)];
  const corners: readonly (readonly [number, number, number])[] = [
    [top, left, (1 - fy) * (1 - fx)],
    [top, right, (1 - fy) * fx],
    [bottom, left, fy * (1 - fx)],
    [bottom, right, fy * fx],
  ];
  return regular.map((tap, k) => {
    let [dy, dx] = [0, 0];
    for (const [row, column, weight] of corners) {
      const place = tapAt(map, row, column, k);
      dy += weight * (place.y - row - tap.y);
      dx += weight * (place.x - column - tap.x);
    }
    return { y: at.y + tap.y + dy, x: at.x + tap.x + dx };
  });
}

/** All places in the first map's input that a unit of the last map's output sees. */
export function composePositions(maps: readonly PositionMap[], unit: Point): readonly Point[] {
  let places: readonly Point[] = [unit];
  for (const map of [...maps].reverse()) places = places.flatMap((at) => tapsAround(map, at));
  return places;
}

/**
 * How far apart neighbouring taps of a unit lie, on average over the twelve pairs of neighbours: the
 * effective dilation of Dai et al. 2017, 1 for a plain convolution.
 */
export function effectiveDilation(map: PositionMap, row: number, column: number): number {
  const all = regular.map((_, k) => tapAt(map, row, column, k));
  let [sum, pairs] = [0, 0];
  for (const [k, place] of all.entries()) {
    const neighbours = [
      (k + 1) % taps === 0 ? undefined : all[k + 1],
      k + taps < taps ** 2 ? all[k + taps] : undefined,
    ];
    for (const other of neighbours) {
      if (other === undefined) continue;
      sum += Math.hypot(other.y - place.y, other.x - place.x);
      pairs++;
    }
  }
  return sum / pairs;
}
