import type { Coords, Derived, Meta, Pos, Tensor, YX } from "../index.ts";
import {
  binSamples,
  countSamples,
  finite,
  isIndex,
  maximum,
  sampleClamped,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  /** For each output channel `O` a channel for each bin. */
  input: Tensor<"N (O PH PW) H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  sampling_ratio: number;
}

export const meta = {
  doc: "Position-sensitive RoIAlign: the mean of bilinear samples in each bin, in the bin's own channel.",
  source: "arXiv 1711.07264 (Li et al. 2017) as in torchvision's ps_roi_align",
  like: { "torchvision.ops.ps_roi_align": {} },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    sampling_ratio: {
      type: "int",
      default: -1,
      max: 4096,
      doc: "Samples along each side of a bin; 0 or less: one for each input pixel.",
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
      sizes: { N: 2, O: 3, H: 9, W: 7, R: 5 },
      attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
    },
    {
      sizes: { N: 1, O: 2, H: 8, W: 11, R: 4 },
      attrs: { output_size: { y: 2, x: 3 }, sampling_ratio: 2 },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * Pixel centres lie at half units, and samples more than one pixel beyond the image count as 0, as by `roi_align`
 * with `aligned`. A box with a NaN or infinite coordinate gives 0, and so does one without samples (where
 * torchvision gives NaN for a box without size).
 */
export function ps_roi_align(
  { input, rois }: Tensors,
  { spatial_scale, sampling_ratio }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, O, H, W } = input;

  return tensor([rois.R, O, PH, PW], (r, o, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const left = rois(r, 1) * spatial_scale - 0.5;
    const top = rois(r, 2) * spatial_scale - 0.5;
    const right = rois(r, 3) * spatial_scale - 0.5;
    const bottom = rois(r, 4) * spatial_scale - 0.5;
    const known = isIndex(N, batch);
    const valid = known && finite(left) && finite(top) && finite(right) && finite(bottom);

    const binW = (right - left) / PW.size;
    const binH = (bottom - top) / PH.size;
    const rowCount = countSamples(binH, sampling_ratio);
    const colCount = countSamples(binW, sampling_ratio);
    const rows = binSamples(H, top + ph * binH, binH, rowCount, 0.5);
    const cols = binSamples(W, left + pw * binW, binW, colCount, 0.5);
    const read = (y: Pos<"H">, x: Pos<"W">) => input.orZero(n, o, ph, pw, y, x);
    const total = sum([rows.near, cols.near], (a, b) =>
      sampleClamped(H, W, rows.at(a), cols.at(b), read),
    );
    return valid ? total / maximum(rowCount * colCount, 1) : 0;
  });
}
