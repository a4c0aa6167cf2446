// Position-sensitive RoI Align: the samples of RoI Align (arXiv 1703.06870, section 3), aligned, each bin in a
// channel of its own (arXiv 1605.06409), as torchvision's ps_roi_align specifies it.

import { type Array64, type Attrs, type Inputs, makeArray, takeInputs, write } from "./array.ts";
import { channelOf, measureGroups } from "./position_sensitive.ts";
import { readRoi } from "./roi.ts";
import { cornersClamped } from "./sample.ts";

/** Samples along one side of a bin: first + i step for i in [0, count). */
interface Samples {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

function binSamples(low: number, high: number, p: number, k: number, ratio: number): Samples {
  const size = (high - low) / k;
  const count = ratio > 0 ? ratio : Math.max(Math.ceil(size), 0);
  const step = size / count;
  return { first: low + p * size + step / 2, step, count };
}

/** Where the samples lie that can be within a pixel of a map of this length. */
function nearSamples({ first, step, count }: Samples, length: number): readonly number[] {
  if (count === 0) return [];
  const ends = step === 0 ? [0, count] : [(-1 - first) / step, (length - first) / step];
  // One more at each end: the division rounds, and the test of each sample decides.
  const from = Math.max(Math.floor(Math.min(...ends)) - 1, 0);
  const to = Math.min(Math.ceil(Math.max(...ends)) + 2, count);
  return Array.from({ length: Math.max(to - from, 0) }, (_, i) => first + (from + i) * step);
}

/**
 * Averages the samples of each bin in the bin's own channel. A sample more than a pixel beyond the map counts as
 * 0; a bin without samples is 0 (torchvision divides 0 by 0 there).
 */
export function ps_roi_align(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const sizes = measureGroups(input, rois, attrs, { y: 0, x: 0 });
  const { N, H, W, R, O, bins } = sizes;
  const scale = attrs.spatial_scale ?? 1;
  const ratio = attrs.sampling_ratio ?? -1;
  const aligned = (p: number): number => p * scale - 0.5;

  const output = makeArray([R, O, bins.y, bins.x]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    if (!roi) continue;
    for (let ph = 0; ph < bins.y; ph++) {
      for (let pw = 0; pw < bins.x; pw++) {
        const rows = binSamples(aligned(roi.y1), aligned(roi.y2), ph, bins.y, ratio);
        const cols = binSamples(aligned(roi.x1), aligned(roi.x2), pw, bins.x, ratio);
        const count = rows.count * cols.count;
        const xs = nearSamples(cols, W);
        for (let o = 0; o < O; o++) {
          const c = channelOf(sizes, o, ph, pw);
          let total = 0;
          for (const y of nearSamples(rows, H)) {
            for (const x of xs) {
              for (const corner of cornersClamped(input, roi.n, c, y, x) ?? []) total += corner;
            }
          }
          write(output, [r, o, ph, pw], count > 0 ? total / count : 0);
        }
      }
    }
  }
  return output;
}
