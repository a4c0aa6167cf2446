import type { Coords, Derived, Meta, Tensor, YX } from "../index.ts";
import {
  abs,
  both,
  cos,
  countSamples,
  finite,
  isIndex,
  maximum,
  roundf,
  sampleClamped,
  sin,
  stepsWithin,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then centre x and y, width and height in picture units, and the angle. */
  rois: Coords<"R 6">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  sampling_ratio: number;
  aligned: boolean;
  clockwise: boolean;
  angle: "radians" | "degrees";
}

export const meta = {
  doc: "RoIAlign of rotated boxes: the mean of bilinear samples on a grid in each bin, turned with its box.",
  source:
    "arXiv 1703.01086 (Ma et al. 2017) with samples as in mmcv's and detectron2's RoIAlignRotated",
  like: {
    "mmcv.ops.roi_align_rotated": {},
    "detectron2.layers.roi_align_rotated": { angle: "degrees" },
  },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    sampling_ratio: {
      type: "int",
      default: 0,
      max: 4096,
      doc: "Samples along each side of a bin; 0 or less: one for each input pixel.",
    },
    aligned: {
      type: "bool",
      default: true,
      doc: "Pixel centres lie at half units (detectron2 always); if not, boxes are 1 pixel or larger.",
    },
    clockwise: {
      type: "bool",
      default: false,
      doc: "Positive angles turn boxes clockwise as pictures are seen (detectron2: never).",
    },
    angle: {
      type: "choice",
      values: ["radians", "degrees"],
      default: "radians",
      doc: "What angles are given in: radians (mmcv) or degrees (detectron2).",
    },
  },
  differentiable: ["input"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
  },
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  variants: [[]],
  samples: [
    {
      sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
      attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
    },
    {
      sizes: { N: 1, C: 2, H: 8, W: 11, R: 4 },
      attrs: { output_size: { y: 2, x: 3 }, sampling_ratio: 2, angle: "degrees" },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** A whole turn in radians. */
const turn = 6.283185307179586;

/**
 * Samples more than one pixel beyond the image count as 0. A box with a NaN or infinite number, or no sample
 * at all, gives 0. Of an angle of many turns f32 keeps few digits of what is left of the last.
 */
export function roi_align_rotated(
  { input, rois }: Tensors,
  { spatial_scale, sampling_ratio, aligned, clockwise, angle }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const half = aligned ? 0.5 : 0;

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const midX = rois(r, 1) * spatial_scale - half;
    const midY = rois(r, 2) * spatial_scale - half;
    const wide = rois(r, 3) * spatial_scale;
    const tall = rois(r, 4) * spatial_scale;
    const turns = rois(r, 5) / (angle === "degrees" ? 360 : turn);
    const known = isIndex(N, batch);
    // Other numbers that are not finite lead to no sample.
    const valid = known && finite(wide) && finite(tall);

    // Within half a turn of 0, where sines are exact enough on every target.
    const turned = (turns - roundf(turns)) * turn;
    const sine = clockwise ? -sin(turned) : sin(turned);
    const cosine = cos(turned);
    const width = aligned ? wide : maximum(wide, 1);
    const height = aligned ? tall : maximum(tall, 1);
    const binW = width / PW.size;
    const binH = height / PH.size;
    const rows = countSamples(binH, sampling_ratio);
    const cols = countSamples(binW, sampling_ratio);
    // Along the box's own sides, from its centre.
    const down = (a: number) => ph * binH - height / 2 + ((a + 0.5) * binH) / rows;
    const across = (b: number) => pw * binW - width / 2 + ((b + 0.5) * binW) / cols;
    const yAt = (a: number, b: number) => midY + down(a) * cosine - across(b) * sine;
    const xAt = (a: number, b: number) => midX + down(a) * sine + across(b) * cosine;

    // Rows of samples that come near the image, whose centre and extent are turned back for it.
    const square = sine * sine + cosine * cosine;
    const toY = (H.size - 1) / 2 - midY;
    const toX = (W.size - 1) / 2 - midX;
    const centre = (toY * cosine + toX * sine) / square;
    const reach = ((H.size + 1) * abs(cosine) + (W.size + 1) * abs(sine)) / (2 * square);
    const near = stepsWithin(rows, down(0), binH / rows, centre - reach, centre + reach);

    const total = sum([near], (a) => {
      const inY = H.samples(cols, yAt(a, 0), (-sine * binW) / cols, 1);
      const inX = W.samples(cols, xAt(a, 0), (cosine * binW) / cols, 1);
      return sum([both(inY, inX)], (b) =>
        sampleClamped(H, W, yAt(a, b), xAt(a, b), (y, x) => input.orZero(n, c, y, x)),
      );
    });
    return valid ? total / maximum(rows * cols, 1) : 0;
  });
}
