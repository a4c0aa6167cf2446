// Position-sensitive RoI pooling: "R-FCN" (arXiv 1605.06409, eq. 1) with torchvision's rounding of boxes, or that
// of its authors' operator.

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  takeInputs,
  write,
} from "./array.ts";
import { channelOf, measureGroups, roundHalfAway } from "./position_sensitive.ts";
import { readRoi } from "./roi.ts";

/** Whole pixels from `first` up to but not including `end`. */
interface Span {
  readonly first: number;
  readonly end: number;
}

/** Where a side of a box begins and how long it is, in pixels. */
function measureSide(low: number, high: number, scale: number, coords: "round" | "unit") {
  switch (coords) {
    case "round": {
      const start = roundHalfAway(low * scale);
      return { start, length: Math.max(roundHalfAway(high * scale) - start, 1) };
    }
    case "unit": {
      const start = roundHalfAway(low) * scale;
      return { start, length: Math.max((roundHalfAway(high) + 1) * scale - start, 0.1) };
    }
    default:
      return coords satisfies never;
  }
}

/** The pixels of bin p of k before `end`, the first pixel that counts no more. */
function binPixels(side: ReturnType<typeof measureSide>, p: number, k: number, end: number): Span {
  const { start, length } = side;
  const cut = (pixel: number) => Math.min(Math.max(pixel, 0), end);
  return {
    first: cut(Math.floor(start + (p * length) / k)),
    end: cut(Math.ceil(start + ((p + 1) * length) / k)),
  };
}

/** Averages the pixels of each bin in the bin's own channel; a bin without pixels is 0. */
export function ps_roi_pool(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const sizes = measureGroups(input, rois, attrs, attrs.group_size ?? { y: 0, x: 0 });
  const { N, H, W, R, O, bins } = sizes;
  const scale = attrs.spatial_scale ?? 1;
  const coords = attrs.coords ?? "round";
  if (coords === "real") throw new Error("coords is round or unit.");
  // torchvision's forward pass leaves out the last row and column.
  const left = attrs.clip === "torchvision" ? 1 : 0;

  const output = makeArray([R, O, bins.y, bins.x]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    if (!roi) continue;
    const tall = measureSide(roi.y1, roi.y2, scale, coords);
    const wide = measureSide(roi.x1, roi.x2, scale, coords);
    for (let ph = 0; ph < bins.y; ph++) {
      for (let pw = 0; pw < bins.x; pw++) {
        const rows = binPixels(tall, ph, bins.y, H - left);
        const cols = binPixels(wide, pw, bins.x, W - left);
        const count = (rows.end - rows.first) * (cols.end - cols.first);
        for (let o = 0; o < O; o++) {
          const c = channelOf(sizes, o, ph, pw);
          let total = 0;
          for (let y = rows.first; y < rows.end; y++) {
            for (let x = cols.first; x < cols.end; x++) total += read(input, roi.n, c, y, x);
          }
          write(output, [r, o, ph, pw], count > 0 ? total / count : 0);
        }
      }
    }
  }
  return output;
}
