// Precise RoI pooling: "Acquisition of Localization Confidence for Accurate Object Detection"
// (arXiv 1807.11590, section 3.2), as the public CUDA implementations place pixels and borders.

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  takeInputs,
  write,
} from "./array.ts";
import { measureRois, readRoi } from "./roi.ts";
import { sampleZeros } from "./sample.ts";

/** A stretch of one axis between two neighbouring whole positions: its middle and its length. */
interface Piece {
  readonly middle: number;
  readonly length: number;
}

/** The interval [low, high] cut at whole positions, as far as the zero-extended map reaches. */
function cut(low: number, high: number, size: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let cell = -1; cell < size; cell++) {
    const from = Math.max(low, cell);
    const to = Math.min(high, cell + 1);
    if (to > from) pieces.push({ middle: (from + to) / 2, length: to - from });
  }
  return pieces;
}

/** Bin p of k between two corners of a box. */
function bin(low: number, high: number, p: number, k: number) {
  const size = (high - low) / k;
  return { from: low + p * size, to: low + (p + 1) * size };
}

/** The four edges of the bins of a RoI, and the pieces that they are integrated by. */
function measureBin(inputs: Inputs, attrs: Attrs, r: number, ph: number, pw: number) {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const { N, H, W, PH, PW } = measureRois(input, rois, attrs);
  const scale = attrs.spatial_scale ?? 1;
  const roi = readRoi(rois, r, N);
  if (!roi) return undefined;
  const tall = bin(roi.y1 * scale, roi.y2 * scale, ph, PH);
  const wide = bin(roi.x1 * scale, roi.x2 * scale, pw, PW);
  const [height, width] = [tall.to - tall.from, wide.to - wide.from];
  if (!(height > 0 && width > 0 && Number.isFinite(height) && Number.isFinite(width)))
    return undefined;
  const [rows, cols] = [cut(tall.from, tall.to, H), cut(wide.from, wide.to, W)];
  return { n: roi.n, tall, wide, height, width, rows, cols };
}

/**
 * The integral of the interpolated map over each bin, by the bin's area. Between four pixels the map
 * is bilinear, so over a part of such a cell its mean is its value in the middle. A bin without area
 * is 0.
 */
export function prroi_pool(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const { C, R, PH, PW } = measureRois(input, rois, attrs);
  const output = makeArray([R, C, PH, PW]);
  for (let r = 0; r < R; r++) {
    for (let ph = 0; ph < PH; ph++) {
      for (let pw = 0; pw < PW; pw++) {
        const one = measureBin(inputs, attrs, r, ph, pw);
        if (!one) continue;
        for (let c = 0; c < C; c++) {
          let total = 0;
          for (const y of one.rows) {
            for (const x of one.cols) {
              total += sampleZeros(input, one.n, c, y.middle, x.middle) * y.length * x.length;
            }
          }
          write(output, [r, c, ph, pw], total / one.height / one.width);
        }
      }
    }
  }
  return output;
}

/**
 * The gradient by the corners of the boxes, for one of the result. The paper's eq. 6: moving an edge
 * of a bin outwards adds the mean along that edge and takes away the mean of the bin, both by the
 * length of the other side. The inner edges of a box of k bins move with both of its corners.
 */
export function prroi_pool_grad_rois(inputs: Inputs, attrs: Attrs, gradient: Array64): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const { C, R, PH, PW } = measureRois(input, rois, attrs);
  const scale = attrs.spatial_scale ?? 1;
  const pooled = prroi_pool(inputs, attrs);
  const result = makeArray([R, 5]);
  for (let r = 0; r < R; r++) {
    const [dx1, dy1, dx2, dy2] = [0, 0, 0, 0].map(() => ({ sum: 0 }));
    for (let ph = 0; ph < PH; ph++) {
      for (let pw = 0; pw < PW; pw++) {
        const one = measureBin(inputs, attrs, r, ph, pw);
        if (!one) continue;
        const { n, tall, wide, height, width, rows, cols } = one;
        for (let c = 0; c < C; c++) {
          const g = read(gradient, r, c, ph, pw) * scale;
          const mean = read(pooled, r, c, ph, pw);
          const along = (pieces: readonly Piece[], at: (middle: number) => number) =>
            pieces.reduce((total, { middle, length }) => total + at(middle) * length, 0);
          const column = (x: number) => along(rows, (y) => sampleZeros(input, n, c, y, x)) / height;
          const row = (y: number) => along(cols, (x) => sampleZeros(input, n, c, y, x)) / width;
          const left = (g * (mean - column(wide.from))) / width;
          const right = (g * (column(wide.to) - mean)) / width;
          const top = (g * (mean - row(tall.from))) / height;
          const bottom = (g * (row(tall.to) - mean)) / height;
          dx1!.sum += left * (1 - pw / PW) + right * (1 - (pw + 1) / PW);
          dx2!.sum += left * (pw / PW) + right * ((pw + 1) / PW);
          dy1!.sum += top * (1 - ph / PH) + bottom * (1 - (ph + 1) / PH);
          dy2!.sum += top * (ph / PH) + bottom * ((ph + 1) / PH);
        }
      }
    }
    for (const [k, part] of [dx1, dy1, dx2, dy2].entries()) write(result, [r, k + 1], part!.sum);
  }
  return result;
}
