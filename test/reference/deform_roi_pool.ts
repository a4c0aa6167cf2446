// Deformable RoI pooling: "Deformable Convolutional Networks" (arXiv 1703.06211, section 2.2) in the two
// sampled forms that libraries have of it: mmcv's deform_roi_pool, and the authors' DeformablePSROIPooling
// with one channel group and one class.

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  requireShape,
  takeInputs,
  write,
} from "./array.ts";
import { measureRois, readRoi } from "./roi.ts";
import { cornersClamped } from "./sample.ts";

/** One side of a RoI in map pixels. */
interface Side {
  readonly start: number;
  readonly length: number;
}

/** The nearest whole number, halves away from zero. */
function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** Pixel centres are half a unit in; rounded corners are of whole units, of which the last one counts. */
function measureSide(low: number, high: number, scale: number, coords: "real" | "round"): Side {
  switch (coords) {
    case "real": {
      const start = low * scale - 0.5;
      return { start, length: high * scale - 0.5 - start };
    }
    case "round": {
      const start = roundHalfAway(low) * scale - 0.5;
      return { start, length: Math.max((roundHalfAway(high) + 1) * scale - 0.5 - start, 0.1) };
    }
    default:
      return coords satisfies never;
  }
}

/** The samples of one bin along one axis: start + (i + within) size / count for i in [0, count). */
interface Points {
  readonly start: number;
  readonly size: number;
  readonly count: number;
  /** 0.5 in the middle of its share of the bin, 0 at the start of it. */
  readonly within: number;
}

/** The samples of bin p of k of a side that is moved by `shift`. */
function binPoints(
  { start, length }: Side,
  p: number,
  k: number,
  ratio: number,
  grid: "centre" | "corner",
  shift: number,
): Points {
  const size = length / k;
  const count = ratio > 0 ? ratio : Math.max(Math.ceil(size), 0);
  return { start: start + shift + p * size, size, count, within: grid === "centre" ? 0.5 : 0 };
}

/** The samples that can lie within a pixel of a map of this length; none where one is NaN or infinite. */
function nearPoints({ start, size, count, within }: Points, length: number): readonly number[] {
  const step = size / count;
  if (!(Number.isFinite(start) && Number.isFinite(step))) return [];
  const a = step === 0 ? 0 : (-1 - start) / step - within;
  const b = step === 0 ? count : (length - start) / step - within;
  // One more at each end: the division rounds, and the test of each sample decides.
  const first = Math.max(Math.floor(Math.min(a, b)) - 1, 0);
  const end = Math.min(Math.ceil(Math.max(a, b)) + 2, count);
  return Array.from(
    { length: Math.max(end - first, 0) },
    (_, i) => start + ((first + i + within) * size) / count,
  );
}

/**
 * Averages samples in each bin of each RoI, which offset [R, 2, PH, PW] (x first) moves by gamma times the
 * size of the RoI. By `clamp`, samples more than a pixel beyond the map are 0; by `skip`, samples beyond the
 * outermost pixels' areas are none. A bin without samples is 0.
 */
export function deform_roi_pool(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois, offset } = takeInputs(inputs, ["input", "rois"], ["offset"]);
  const { N, C, H, W, R, PH, PW } = measureRois(input, rois, attrs);
  if (offset) requireShape("offset", offset, [R, 2, PH, PW]);
  const scale = attrs.spatial_scale ?? 1;
  const ratio = attrs.sampling_ratio ?? 0;
  const gamma = attrs.gamma ?? 0.1;
  const corners = attrs.coords ?? "real";
  const grid = attrs.grid ?? "centre";
  const border = attrs.border ?? "clamp";
  if (border !== "clamp" && border !== "skip") throw new Error("border is clamp or skip.");
  if (corners !== "real" && corners !== "round") throw new Error("coords is real or round.");

  const output = makeArray([R, C, PH, PW]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    if (!roi) continue;
    const tall = measureSide(roi.y1, roi.y2, scale, corners);
    const wide = measureSide(roi.x1, roi.x2, scale, corners);
    for (let ph = 0; ph < PH; ph++) {
      for (let pw = 0; pw < PW; pw++) {
        const dx = offset ? gamma * read(offset, r, 0, ph, pw) * wide.length : 0;
        const dy = offset ? gamma * read(offset, r, 1, ph, pw) * tall.length : 0;
        const rows = binPoints(tall, ph, PH, ratio, grid, dy);
        const cols = binPoints(wide, pw, PW, ratio, grid, dx);
        const ys = nearPoints(rows, H);
        const xs = nearPoints(cols, W);
        for (let c = 0; c < C; c++) {
          let total = 0;
          let met = 0;
          for (const y of ys) {
            for (const x of xs) {
              const inside = y >= -0.5 && y <= H - 0.5 && x >= -0.5 && x <= W - 0.5;
              if (border === "skip" && !inside) continue;
              const four = cornersClamped(input, roi.n, c, y, x);
              for (const corner of four ?? []) total += corner;
              met++;
            }
          }
          const count = border === "skip" ? met : rows.count * cols.count;
          write(output, [r, c, ph, pw], count > 0 ? total / count : 0);
        }
      }
    }
  }
  return output;
}
