// RoI pooling. Max form: "Fast R-CNN" (arXiv 1504.08083, section 2.1) with the rounding that
// frameworks agree on. Mean form and its deformable version: "Deformable Convolutional Networks"
// (arXiv 1703.06211), eq. 5 and 6, with the map extended by zeros.

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
import { measureRois, type Roi, readRoi } from "./roi.ts";
import { readExtended, sampleZeros } from "./sample.ts";

/** The start and the length of a RoI along one axis, in map pixels. */
interface Extent {
  readonly start: number;
  readonly length: number;
}

/** Whole pixels from `first` up to but not including `end`. */
interface Span {
  readonly first: number;
  readonly end: number;
}

/** The nearest whole number, halves away from zero. */
function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** One side of a RoI: rounded corners count both end pixels, real ones end a unit beyond x2. */
function measureSide(low: number, high: number, scale: number, coords: "round" | "real"): Extent {
  switch (coords) {
    case "round": {
      const start = roundHalfAway(low * scale);
      return { start, length: Math.max(roundHalfAway(high * scale) - start + 1, 1) };
    }
    case "real":
      return { start: low * scale, length: (high + 1) * scale - low * scale };
    default:
      return coords satisfies never;
  }
}

/**
 * The pixels of bin p of k: floor(p w / k) <= pixel - start < ceil((p + 1) w / k).
 * Multiplying before dividing keeps the bounds exact where w is whole.
 */
function binPixels({ start, length }: Extent, p: number, k: number): Span {
  return {
    first: Math.floor(start + (p * length) / k),
    end: Math.ceil(start + ((p + 1) * length) / k),
  };
}

/** The part of a span whose pixels, moved by `shift`, can lie in (-1, size); NaN leaves none. */
function clip(span: Span, shift: number, size: number): Span {
  const first = Math.max(span.first, Math.ceil(-1 - shift));
  const end = Math.min(span.end, Math.floor(size - shift) + 1);
  return end > first ? { first, end } : { first: 0, end: 0 };
}

/** The largest pixel of a bin that lies on the map; 0 where there is none. */
function maxOfBin(input: Array64, n: number, c: number, rows: Span, cols: Span): number {
  let best: number | undefined;
  for (let y = rows.first; y < rows.end; y++) {
    for (let x = cols.first; x < cols.end; x++) {
      const value = read(input, n, c, y, x);
      if (best === undefined || value > best) best = value;
    }
  }
  return best ?? 0;
}

/** The part of a span that lies on the map. */
function cutToMap({ first, end }: Span, size: number): Span {
  return { first: Math.max(first, 0), end: Math.min(end, size) };
}

/** A bin's pixels moved by (dy, dx) and averaged, those beyond the map as 0 (eq. 5 and 6). */
function meanOfBin(
  read: (y: number, x: number) => number,
  rows: Span,
  cols: Span,
  near: { readonly rows: Span; readonly cols: Span },
): number {
  const count = (rows.end - rows.first) * (cols.end - cols.first);
  if (!(count > 0)) return 0;
  let total = 0;
  // Counting from 0 ends even where pixel numbers are too large to be counted up by one.
  for (let i = 0; i < near.rows.end - near.rows.first; i++) {
    for (let j = 0; j < near.cols.end - near.cols.first; j++) {
      total += read(near.rows.first + i, near.cols.first + j);
    }
  }
  return total / count;
}

/** The two sides of a RoI; undefined where real corners leave it no area. */
function measureBox(
  roi: Roi,
  attrs: Attrs,
): { readonly y: Extent; readonly x: Extent } | undefined {
  const scale = attrs.spatial_scale ?? 1;
  const coords = attrs.coords ?? "round";
  if (coords === "unit") throw new Error("coords is round or real.");
  const y = measureSide(roi.y1, roi.y2, scale, coords);
  const x = measureSide(roi.x1, roi.x2, scale, coords);
  return y.length > 0 && x.length > 0 ? { y, x } : undefined;
}

/**
 * Pools each RoI over a grid of bins, which may overlap by a pixel. Max considers the pixels on the
 * map; mean divides by all pixels of the bin and takes offset [R, 2, PH, PW], dy first, which moves
 * bin (i, j) by gamma * offset * (height, width of the RoI).
 */
export function roi_pool(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois, offset } = takeInputs(inputs, ["input", "rois"], ["offset"]);
  const { N, C, H, W, R, PH, PW } = measureRois(input, rois, attrs);
  const reduce = attrs.reduce ?? "max";
  const gamma = attrs.gamma ?? 0.1;
  if (offset && reduce === "max") throw new Error("offset needs reduce: mean.");
  if (offset) requireShape("offset", offset, [R, 2, PH, PW]);

  const output = makeArray([R, C, PH, PW]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    const box = roi && measureBox(roi, attrs);
    if (!roi || !box) continue;
    for (let ph = 0; ph < PH; ph++) {
      for (let pw = 0; pw < PW; pw++) {
        const rows = binPixels(box.y, ph, PH);
        const cols = binPixels(box.x, pw, PW);
        const dy = offset ? gamma * read(offset, r, 0, ph, pw) * box.y.length : 0;
        const dx = offset ? gamma * read(offset, r, 1, ph, pw) * box.x.length : 0;
        const near = { rows: clip(rows, dy, H), cols: clip(cols, dx, W) };
        for (let c = 0; c < C; c++) {
          const at = (y: number, x: number): number =>
            offset
              ? sampleZeros(input, roi.n, c, y + dy, x + dx)
              : readExtended(input, roi.n, c, y, x);
          const value =
            reduce === "max"
              ? maxOfBin(input, roi.n, c, cutToMap(rows, H), cutToMap(cols, W))
              : meanOfBin(at, rows, cols, near);
          write(output, [r, c, ph, pw], value);
        }
      }
    }
  }
  return output;
}
