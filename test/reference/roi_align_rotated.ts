// RoI Align of rotated boxes, whose samples lie as in mmcv's and detectron2's RoIAlignRotated: rois
// [R, 6] = (image number, centre x, centre y, width, height, angle).

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  requireShape,
  sizes4,
  takeInputs,
  write,
} from "./array.ts";
import { cornersClamped } from "./sample.ts";

/** A rotated box in map pixels; the angle in radians, counterclockwise as pictures are seen. */
interface Turned {
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly angle: number;
}

/** The angle in radians. */
function toRadians(angle: number, unit: "radians" | "degrees"): number {
  switch (unit) {
    case "radians":
      return angle;
    case "degrees":
      return (angle * Math.PI) / 180;
    default:
      return unit satisfies never;
  }
}

/** Box number r; undefined, which pools to 0, as of boxes that are not turned. */
function readTurned(rois: Array64, r: number, N: number, attrs: Attrs): Turned | undefined {
  const scale = attrs.spatial_scale ?? 1;
  const aligned = attrs.aligned ?? true;
  const numbers = [1, 2, 3, 4, 5].map((k) => read(rois, r, k));
  const n = read(rois, r, 0);
  if (!(Number.isInteger(n) && n >= 0 && n < N && numbers.every(Number.isFinite))) return undefined;
  const [x, y, width, height, angle] = numbers as [number, number, number, number, number];
  const shift = aligned ? 0.5 : 0;
  const side = (length: number) => (aligned ? length * scale : Math.max(length * scale, 1));
  const radians = toRadians(angle, attrs.angle ?? "radians");
  return {
    n,
    x: x * scale - shift,
    y: y * scale - shift,
    width: side(width),
    height: side(height),
    angle: attrs.clockwise ? -radians : radians,
  };
}

/** The samples of bin p of k of a side: how many, and where those lie that are within `reach` of `near`. */
function placeSamples(
  length: number,
  p: number,
  k: number,
  ratio: number,
  near: number,
  reach: number,
): { readonly count: number; readonly at: readonly number[] } {
  const size = length / k;
  const start = p * size - length / 2;
  const count = ratio > 0 ? ratio : Math.max(Math.ceil(size), 0);
  const step = size / count;
  const ends = [-1, 1].map((side) => (near + side * reach - start) / step);
  // Of a side of length 0 all samples are in one place.
  const first = step === 0 ? 0 : Math.max(Math.floor(Math.min(...ends)) - 2, 0);
  const end = step === 0 ? count : Math.min(Math.ceil(Math.max(...ends)) + 2, count);
  const at = Array.from(
    { length: Math.max(end - first, 0) || 0 },
    (_, i) => start + ((first + i + 0.5) * size) / count,
  );
  return { count, at };
}

/**
 * Averages evenly spaced samples in each bin of each box, turned about the middle of the box. All samples
 * count, and those more than a pixel beyond the map are 0; a bin without samples is 0.
 */
export function roi_align_rotated(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, rois } = takeInputs(inputs, ["input", "rois"]);
  const [N, C, H, W] = sizes4("input", input);
  const R = rois.shape[0] ?? 0;
  requireShape("rois", rois, [R, 6]);
  const bins = attrs.output_size;
  if (!bins) throw new Error("output_size is required.");
  const ratio = attrs.sampling_ratio ?? 0;

  const output = makeArray([R, C, bins.y, bins.x]);
  for (let r = 0; r < R; r++) {
    const box = readTurned(rois, r, N, attrs);
    if (!box) continue;
    const [sine, cosine] = [Math.sin(box.angle), Math.cos(box.angle)];
    // No sample is read that is farther from the middle of the map than its corners' outer neighbours.
    const reach = Math.hypot(H + 1, W + 1) / 2;
    const [y0, x0] = [(H - 1) / 2 - box.y, (W - 1) / 2 - box.x];
    const [vNear, uNear] = [x0 * sine + y0 * cosine, x0 * cosine - y0 * sine];
    for (let ph = 0; ph < bins.y; ph++) {
      for (let pw = 0; pw < bins.x; pw++) {
        const vs = placeSamples(box.height, ph, bins.y, ratio, vNear, reach);
        const us = placeSamples(box.width, pw, bins.x, ratio, uNear, reach);
        for (let c = 0; c < C; c++) {
          let total = 0;
          for (const v of vs.at) {
            for (const u of us.at) {
              // Rows grow downwards, so a turn that is seen as counterclockwise has this sign.
              const x = box.x + u * cosine + v * sine;
              const y = box.y - u * sine + v * cosine;
              for (const corner of cornersClamped(input, box.n, c, y, x) ?? []) total += corner;
            }
          }
          write(output, [r, c, ph, pw], total / Math.max(vs.count * us.count, 1));
        }
      }
    }
  }
  return output;
}
