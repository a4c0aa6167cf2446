// The sampling grids of the paper's figure 1 (Dai et al. 2017), as offsets of a 3×3 kernel with taps 2 apart.

import { type Point, tapsAround } from "./swirl.ts";

/** Where the taps of an ordinary kernel lie. */
export const regularTaps = tapsAround(3, 2);

/** The offsets that a linear map of the grid needs: scaling and rotation are special cases. */
export const mappedOffsets = (scale: number, degrees: number): readonly Point[] => {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  return regularTaps.map(({ y, x }) => ({
    y: scale * (cos * y + sin * x) - y,
    x: scale * (cos * x - sin * y) - x,
  }));
};

/** Nine offsets with no rule to them, as a network may learn. */
export const freeOffsets: readonly Point[] = [
  { y: -1.1, x: 0.5 },
  { y: -0.9, x: 0.9 },
  { y: 0.7, x: 1.1 },
  { y: 0.7, x: -1.3 },
  { y: 0.8, x: 0.6 },
  { y: -0.3, x: 1.4 },
  { y: 0.6, x: 0.8 },
  { y: 1.2, x: -0.4 },
  { y: -0.8, x: 0.9 },
];
