// Deformable position-sensitive RoI pooling: "Deformable Convolutional Networks" (arXiv 1703.06211, section 2.2) as
// its authors' DeformablePSROIPooling samples it.

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
import { channelOf, measureGroups, orBins, roundHalfAway, shareOf } from "./position_sensitive.ts";
import { readRoi } from "./roi.ts";
import { cornersClamped } from "./sample.ts";

/** A side of a box: whole picture units, the last one included, pixel centres half a pixel in. */
function measureSide(low: number, high: number, scale: number) {
  const start = roundHalfAway(low) * scale - 0.5;
  const end = (roundHalfAway(high) + 1) * scale - 0.5;
  return { start, length: Math.max(end - start, 0.1) };
}

/** Where the samples of a bin lie that are on the area of a pixel of a map of this length. */
function samplesOnMap(start: number, size: number, count: number, length: number) {
  return Array.from({ length: count }, (_, i) => start + (i * size) / count).filter(
    (p) => p >= -0.5 && p <= length - 0.5,
  );
}

/**
 * Averages the samples of each bin that are on the map, in the bin's own channel; 0 without any. `trans`
 * [R, 2 K, parts] moves the bins of a part, x first, by `trans_std` times the size of the box, for each of the K
 * classes that the output channels fall to in order.
 */
export function deform_ps_roi_pool(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois, trans } = takeInputs(inputs, ["input", "rois"], ["trans"]);
  const sizes = measureGroups(input, rois, attrs, attrs.group_size ?? { y: 1, x: 1 });
  const { N, H, W, R, O, bins } = sizes;
  const parts = orBins(attrs.part_size ?? { y: 0, x: 0 }, bins);
  const scale = attrs.spatial_scale ?? 1;
  const std = attrs.trans_std ?? 0.1;
  const samples = attrs.sample_per_part ?? 1;
  const classes = trans ? (trans.shape[1] ?? 0) / 2 : 1;
  if (trans) requireShape("trans", trans, [R, 2 * classes, parts.y, parts.x]);
  if (!Number.isInteger(O / classes)) throw new Error(`${classes} classes do not divide ${O}.`);

  const output = makeArray([R, O, bins.y, bins.x]);
  for (let r = 0; r < R; r++) {
    const roi = readRoi(rois, r, N);
    if (!roi) continue;
    const tall = measureSide(roi.y1, roi.y2, scale);
    const wide = measureSide(roi.x1, roi.x2, scale);
    for (let o = 0; o < O; o++) {
      const kind = Math.floor(o / (O / classes));
      for (let ph = 0; ph < bins.y; ph++) {
        for (let pw = 0; pw < bins.x; pw++) {
          const part = [shareOf(ph, bins.y, parts.y), shareOf(pw, bins.x, parts.x)] as const;
          const moveX = trans ? read(trans, r, 2 * kind, ...part) * std * wide.length : 0;
          const moveY = trans ? read(trans, r, 2 * kind + 1, ...part) * std * tall.length : 0;
          const [binH, binW] = [tall.length / bins.y, wide.length / bins.x];
          const ys = samplesOnMap(tall.start + moveY + ph * binH, binH, samples, H);
          const xs = samplesOnMap(wide.start + moveX + pw * binW, binW, samples, W);
          const c = channelOf(sizes, o, ph, pw);
          let total = 0;
          for (const y of ys) {
            for (const x of xs) {
              for (const corner of cornersClamped(input, roi.n, c, y, x) ?? []) total += corner;
            }
          }
          const met = ys.length * xs.length;
          write(output, [r, o, ph, pw], met > 0 ? total / met : 0);
        }
      }
    }
  }
  return output;
}
