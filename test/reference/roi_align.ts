// RoI Align: "Mask R-CNN" (arXiv 1703.06870, section 3) as torchvision's roi_align and ONNX
// RoiAlign-16 specify it, with mmcv's maximum of samples and ONNX's maximum of weighted corners.

import { type Array64, type Attrs, type Inputs, makeArray, takeInputs, write } from "./array.ts";
import { measureRois, readRoi } from "./roi.ts";
import { cornersClamped } from "./sample.ts";

/** The samples of one bin along one axis: start + (i + 0.5) size / count for i in [0, count). */
interface Samples {
  readonly start: number;
  readonly size: number;
  readonly count: number;
}

/** One side of a RoI in map pixels; without alignment it is at least a pixel long. */
function measureSide(low: number, high: number, scale: number, aligned: boolean) {
  const shift = aligned ? 0.5 : 0;
  const start = low * scale - shift;
  const length = high * scale - shift - start;
  return { start, length: aligned ? length : Math.max(length, 1) };
}

/** The samples of bin p of k; an adaptive count is ceil(length / k), none for a side of 0 or less. */
function binSamples(
  side: { readonly start: number; readonly length: number },
  p: number,
  k: number,
  ratio: number,
): Samples {
  const size = side.length / k;
  const count = ratio > 0 ? ratio : Math.max(Math.ceil(size), 0);
  return { start: side.start + p * size, size, count };
}

/** Where sample i of a bin lies. */
function position({ start, size, count }: Samples, i: number): number {
  return start + ((i + 0.5) * size) / count;
}

/** The steps [first, first + count) that include every sample in [-1, length of the map]. */
function clip(
  samples: Samples,
  length: number,
): { readonly first: number; readonly count: number } {
  const { start, size, count } = samples;
  const none = { first: 0, count: 0 };
  if (size === 0) return start >= -1 && start <= length ? { first: 0, count } : none;
  const step = size / count;
  const a = (-1 - start) / step - 0.5;
  const b = (length - start) / step - 0.5;
  // One step more at each end: the division above rounds, the test of each sample decides.
  const first = Math.max(Math.floor(Math.min(a, b)) - 1, 0);
  const end = Math.min(Math.ceil(Math.max(a, b)) + 2, count);
  return end > first ? { first, count: end - first } : none;
}

/** The value of one sample: interpolated, or for max_corner its largest weighted corner. */
function combineCorners(
  corners: readonly [number, number, number, number] | undefined,
  mode: "avg" | "max" | "max_corner",
): number {
  if (!corners) return 0;
  const [a, b, c, d] = corners;
  switch (mode) {
    case "avg":
    case "max":
      return a + b + c + d;
    case "max_corner":
      return Math.max(a, b, c, d);
    default:
      return mode satisfies never;
  }
}

/**
 * Averages, or takes the largest of, evenly spaced samples in each bin of each RoI. A sample more
 * than a pixel beyond the map counts as 0, in the average and in both maxima (as in mmcv and in
 * ONNX's reference implementation); a bin without samples is 0.
 */
export function roi_align(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const { N, C, H, W, R, PH, PW } = measureRois(input, rois, attrs);
  const scale = attrs.spatial_scale ?? 1;
  const ratio = attrs.sampling_ratio ?? -1;
  const aligned = attrs.aligned ?? false;
  const mode = attrs.mode ?? "avg";
  if (mode === "bilinear" || mode === "nearest") throw new Error("mode is avg, max or max_corner.");

  const output = makeArray([R, C, PH, PW]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    if (!roi) continue;
    const tall = measureSide(roi.y1, roi.y2, scale, aligned);
    const wide = measureSide(roi.x1, roi.x2, scale, aligned);
    for (let ph = 0; ph < PH; ph++) {
      for (let pw = 0; pw < PW; pw++) {
        const rows = binSamples(tall, ph, PH, ratio);
        const cols = binSamples(wide, pw, PW, ratio);
        const near = { rows: clip(rows, H), cols: clip(cols, W) };
        const count = rows.count * cols.count;
        const allNear = near.rows.count * near.cols.count === count;
        for (let c = 0; c < C; c++) {
          let total = 0;
          // Samples left out by the clipping are 0, and so is the maximum of none.
          let best = count > 0 && allNear ? Number.NEGATIVE_INFINITY : 0;
          for (let i = 0; i < near.rows.count; i++) {
            const y = position(rows, near.rows.first + i);
            for (let j = 0; j < near.cols.count; j++) {
              const x = position(cols, near.cols.first + j);
              const value = combineCorners(cornersClamped(input, roi.n, c, y, x), mode);
              total += value;
              best = Math.max(best, value);
            }
          }
          write(output, [r, c, ph, pw], mode === "avg" ? total / Math.max(count, 1) : best);
        }
      }
    }
  }
  return output;
}
