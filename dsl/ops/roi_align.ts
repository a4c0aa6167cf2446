import type { Coords, Derived, Meta, Pos, Tensor, YX } from "../index.ts";
import {
  binSamples,
  countSamples,
  finite,
  isIndex,
  largestCorner,
  max,
  maximum,
  nearImage,
  sampleClamped,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  sampling_ratio: number;
  aligned: boolean;
  mode: "avg" | "max" | "max_corner";
}

export const meta = {
  doc: "RoIAlign: bilinear samples on a grid in each bin of each box, averaged (or the largest).",
  source: "arXiv 1703.06870 (He et al. 2017); ONNX RoiAlign for mode",
  like: {
    "torchvision.ops.roi_align": {},
    "mmcv.ops.roi_align": { aligned: true },
    "mmcv.ops.roi_align, pool_mode max": { aligned: true, mode: "max" },
    "ONNX RoiAlign": { aligned: true },
    "ONNX RoiAlign, mode max": { aligned: true, mode: "max_corner" },
  },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    sampling_ratio: {
      type: "int",
      default: -1,
      max: 4096,
      doc: "Samples along each side of a bin; 0 or less: one for each input pixel.",
    },
    aligned: { type: "bool", default: false, doc: "Pixel centres lie at half units." },
    mode: {
      type: "choice",
      values: ["avg", "max", "max_corner"],
      default: "avg",
      doc: "avg; max: the largest sample (mmcv); max_corner: the largest weighted corner (ONNX).",
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
      attrs: { output_size: { y: 2, x: 3 }, sampling_ratio: 2 },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * Samples more than one pixel beyond the image count as 0. A box with a NaN or infinite coordinate, or no
 * sample at all, gives 0.
 */
export function roi_align(
  { input, rois }: Tensors,
  { spatial_scale, sampling_ratio, aligned, mode }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const half = aligned ? 0.5 : 0;

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const left = rois(r, 1) * spatial_scale - half;
    const top = rois(r, 2) * spatial_scale - half;
    const right = rois(r, 3) * spatial_scale - half;
    const bottom = rois(r, 4) * spatial_scale - half;
    const known = isIndex(N, batch);
    const valid = known && finite(left) && finite(top) && finite(right) && finite(bottom);

    const width = aligned ? right - left : maximum(right - left, 1);
    const height = aligned ? bottom - top : maximum(bottom - top, 1);
    const binW = width / PW.size;
    const binH = height / PH.size;
    const rowCount = countSamples(binH, sampling_ratio);
    const colCount = countSamples(binW, sampling_ratio);
    const rows = binSamples(H, top + ph * binH, binH, rowCount, 0.5);
    const cols = binSamples(W, left + pw * binW, binW, colCount, 0.5);
    const walk = [rows.near, cols.near] as const;
    const read = (y: Pos<"H">, x: Pos<"W">) => input.orZero(n, c, y, x);

    const total = sum(walk, (a, b) => sampleClamped(H, W, rows.at(a), cols.at(b), read));
    const largest = max(walk, (a, b) => sampleClamped(H, W, rows.at(a), cols.at(b), read), 0);
    const corner = max(walk, (a, b) => largestCorner(H, W, rows.at(a), cols.at(b), read), 0);
    const best = mode === "max" ? largest : corner;
    // A sample beyond the image is 0, also where it is not walked.
    const all =
      nearImage(H, W, rows.at(0), cols.at(0)) &&
      nearImage(H, W, rows.at(rowCount - 1), cols.at(colCount - 1));
    const extreme = all ? best : maximum(best, 0);
    return valid ? (mode === "avg" ? total / maximum(rowCount * colCount, 1) : extreme) : 0;
  });
}
