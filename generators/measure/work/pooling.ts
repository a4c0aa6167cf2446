// Calls of the two poolings of boxes.

import { namePooling, type Pooling } from "./layers.ts";
import { checkSizes, type Draw, fillArray, startDraw } from "./random.ts";
import type { Work } from "./work.ts";

/** Input pixels for each pixel of the picture. */
const scale = 1 / 16;

/**
 * Boxes inside the picture as detectors propose them: 32 to 432 pixels wide, 32 to 332 high, cut at
 * the border. Corners lie at odd quarters of pixels, which no rounding to whole input pixels
 * divides in half.
 */
function drawBoxes({ N, H, W, R }: Pooling, draw: Draw): Float32Array {
  const boxes = new Float32Array(R * 5);
  const quarter = (value: number): number => Math.floor(value) + 0.25;
  for (let r = 0; r < R; r++) {
    const [right, bottom] = [W / scale - 1, H / scale - 1];
    const left = draw.uniform() * Math.max(0, right - 288);
    const top = draw.uniform() * Math.max(0, bottom - 200);
    const width = 32 + 400 * draw.uniform();
    const height = 32 + 300 * draw.uniform();
    const corners = [left, top, Math.min(left + width, right), Math.min(top + height, bottom)];
    boxes.set([Math.floor(draw.uniform() * N), ...corners.map(quarter)], 5 * r);
  }
  return boxes;
}

function makePooling(op: string, pooling: Pooling): Omit<Work, "operations" | "attrs"> {
  const { N, C, H, W, R, P, ratio } = pooling;
  const draw = startDraw(20170320);
  const signed = () => 2 * draw.uniform() - 1;
  return {
    op,
    shape: op === "roi_align" ? namePooling(pooling) : [N, C, H, W, R, P].join(","),
    tensors: {
      input: { shape: [N, C, H, W], data: fillArray(N * C * H * W, signed) },
      rois: { shape: [R, 5], data: drawBoxes(pooling, draw) },
    },
    numbers: { N, C, H, W, R, P, ratio, scale },
    upstream: { shape: [R, C, P, P], data: fillArray(R * C * P * P, signed) },
    differentiable: ["input"],
    parameters: [],
    grad: false,
  };
}

/** Refuses poolings that are too large, before one is made. */
export function checkPooling({ N, C, H, W, R, P }: Pooling): void {
  const shapes = { input: [N, C, H, W], rois: [R, 5], output: [R, C, P, P] };
  checkSizes([N, C, H, W, R, P].join(","), shapes);
}

/** RoIAlign with a fixed number of samples; a sample is four products and sums. */
export function makeRoiAlign(pooling: Pooling): Work {
  const { C, R, P, ratio } = pooling;
  return {
    ...makePooling("roi_align", pooling),
    attrs: { output_size: [P, P], spatial_scale: scale, sampling_ratio: ratio },
    operations: 8 * R * C * P * P * ratio * ratio,
  };
}

/** RoI max pooling; an operation is a comparison with one pixel. */
export function makeRoiPool(pooling: Pooling): Work {
  const { C, R, P } = pooling;
  const work = makePooling("roi_pool", pooling);
  const { data } = work.tensors.rois!;
  let pixels = 0;
  for (let r = 0; r < R; r++) {
    const [x1, y1, x2, y2] = [...data.subarray(5 * r + 1, 5 * r + 5)].map((v) =>
      Math.round(v * scale),
    ) as [number, number, number, number];
    const along = (start: number, end: number, size: number): number => {
      const bin = Math.max(end - start + 1, 1) / P;
      let sum = 0;
      for (let p = 0; p < P; p++) {
        const from = Math.min(size, Math.max(0, start + Math.floor(p * bin)));
        const to = Math.min(size, Math.max(0, start + Math.ceil((p + 1) * bin)));
        sum += Math.max(0, to - from);
      }
      return sum;
    };
    pixels += along(x1, x2, pooling.W) * along(y1, y2, pooling.H);
  }
  return {
    ...work,
    attrs: { output_size: [P, P], spatial_scale: scale },
    operations: C * pixels,
  };
}
