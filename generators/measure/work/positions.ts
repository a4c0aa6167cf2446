// Drawing coordinates as networks have them: boxes of detectors, shares of a picture near where they belong, shifts of
// a few pixels. None lies where rounding decides which side of a pixel it is on.

import { drawOffset, type Offsets } from "./offsets.ts";
import type { Draw } from "./random.ts";

/** Rows and columns of a map. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** Corners at odd quarters of picture units, which no rounding to whole input pixels divides in half. */
const quarter = (value: number): number => Math.floor(value) + 0.25;

/** Left, top, right and bottom in picture units, `unit` of them to a pixel, within a pixel of the map's border. */
export function drawCorners(
  { height, width }: Extent,
  unit: number,
  draw: Draw,
): readonly [number, number, number, number] {
  const side = (size: number, most: number): readonly [number, number] => {
    const end = (size - 1.5) * unit;
    const start = draw.uniform() * Math.max(0, end - 0.7 * most);
    return [quarter(start), quarter(Math.min(start + most * (0.08 + 0.92 * draw.uniform()), end))];
  };
  // As detectors propose them: up to 27 pixels wide and 21 tall.
  const [left, right] = side(width, Math.min(27, 0.6 * width) * unit);
  const [top, bottom] = side(height, Math.min(21, 0.6 * height) * unit);
  return [left, top, right, bottom];
}

/** The same box by its centre, width and height, and an angle of up to half a turn either way. */
export function drawCentred(
  map: Extent,
  unit: number,
  draw: Draw,
): readonly [number, number, number, number, number] {
  const [left, top, right, bottom] = drawCorners(map, unit, draw);
  const angle = Math.PI * (2 * draw.uniform() - 1);
  return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, angle];
}

/** Shares of this much of a pixel of any map count as on its edge. */
const close = 1e-3;

/** So many draws may fall on pixels before offsets, which may be smaller than that, are taken twice as far each time. */
const mostDraws = 16;

/**
 * A share of the picture, 0 to 1, moved by an offset in pixels of the first of the maps that it is of; drawn again where it
 * all but falls on a pixel of one of them.
 */
export function drawShare(
  near: number,
  sizes: readonly number[],
  offsets: Offsets,
  draw: Draw,
): number {
  for (let draws = 1; ; draws++) {
    const times = 2 ** Math.max(0, draws - mostDraws);
    const share = Math.fround(near + (times * drawOffset(offsets, draw)) / sizes[0]!);
    const isClear = sizes.every((size) => {
      const at = share * size - 0.5;
      return Math.abs(at - Math.round(at)) > close;
    });
    // Without an offset there is nothing to draw again.
    if (isClear || offsets.kind === "zero") return share;
  }
}
