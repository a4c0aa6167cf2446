// What the RoI operators share: reading rois [R, 5] = (image number, x1, y1, x2, y2).

import { type Array64, type Attrs, read, requireShape, sizes4, type YX } from "./array.ts";

/** One RoI in map pixels, before any rounding or shift. */
export interface Roi {
  readonly n: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * RoI number r with its corners as given; undefined, which pools to 0, where a corner is NaN or
 * infinite or the image number is not one of the batch.
 */
export function readRoi(rois: Array64, r: number, N: number): Roi | undefined {
  const n = read(rois, r, 0);
  if (!(Number.isInteger(n) && n >= 0 && n < N)) return undefined;
  const x1 = read(rois, r, 1);
  const y1 = read(rois, r, 2);
  const x2 = read(rois, r, 3);
  const y2 = read(rois, r, 4);
  return [x1, y1, x2, y2].every(Number.isFinite) ? { n, x1, y1, x2, y2 } : undefined;
}

/** The sizes of a RoI operator: map, number of RoIs, bins. */
export function measureRois(input: Array64, rois: Array64, attrs: Attrs) {
  const [N, C, H, W] = sizes4("input", input);
  const R = rois.shape[0] ?? 0;
  requireShape("rois", rois, [R, 5]);
  const bins: YX | undefined = attrs.output_size;
  if (!bins) throw new Error("output_size is required.");
  return { N, C, H, W, R, PH: bins.y, PW: bins.x };
}
