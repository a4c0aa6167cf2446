import type { Coords, Derived, Meta, Tensor, YX } from "../index.ts";
import { isIndex, sum, tensor, tentArea } from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
}

export const meta = {
  doc: "Precise RoI pooling: the mean, by an exact integral, of the interpolated image over each bin.",
  source: "arXiv 1807.11590 (Jiang et al. 2018) eq. 5 and 6, as in mmcv's prroi_pool",
  like: { "mmcv.ops.prroi_pool": {} },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
  },
  differentiable: ["input", "rois"],
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
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** Bins less wide or tall have no area; the smallest f32 numbers are 0 to some processors. */
const least = 1e-30;

/**
 * Pixel centres lie at whole numbers, and beyond its border the image falls to 0 within a pixel. A bin without
 * area is 0 and has no slope, and so is a box with a NaN or infinite coordinate.
 */
export function prroi_pool(
  { input, rois }: Tensors,
  { spatial_scale }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const x1 = rois(r, 1) * spatial_scale;
    const y1 = rois(r, 2) * spatial_scale;
    const binW = (rois(r, 3) * spatial_scale - x1) / PW.size;
    const binH = (rois(r, 4) * spatial_scale - y1) / PH.size;
    const known = isIndex(N, batch);
    // As rounded: edges far from 0 may fall together.
    const width = x1 + (pw + 1) * binW - (x1 + pw * binW);
    const height = y1 + (ph + 1) * binH - (y1 + ph * binH);
    const valid = known && width > least && height > least;

    const left = valid ? x1 + pw * binW : 0;
    const top = valid ? y1 + ph * binH : 0;
    const right = valid ? x1 + (pw + 1) * binW : 1;
    const bottom = valid ? y1 + (ph + 1) * binH : 1;
    const total = sum([H.around(top, bottom)], (y) => {
      const line = sum([W.around(left, right)], (x) => {
        return tentArea(left - x, right - x) * input(n, c, y, x);
      });
      return (tentArea(top - y, bottom - y) / (bottom - top) / (right - left)) * line;
    });
    return valid ? total : 0;
  });
}
