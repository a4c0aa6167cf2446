import type { Coords, Derived, Meta, Tensor, YX } from "../index.ts";
import {
  ceilf,
  ceilRatio,
  finite,
  floorf,
  floorRatio,
  isIndex,
  max,
  maximum,
  roundf,
  sampleZeroExtended,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
  /** How far each bin moves, y then x, as a share of the box: deformable RoI pooling. */
  offset?: Coords<"R 2 PH PW">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  reduce: "max" | "mean";
  coords: "round" | "real";
  gamma: number;
}

export const meta = {
  doc: "RoI pooling: the maximum, or the mean, of each bin of each box; with offset, deformable.",
  source: "arXiv 1504.08083 (Girshick 2015); arXiv 1703.06211 (Dai et al. 2017) eq. 5 and 6",
  like: { "torchvision.ops.roi_pool": {}, "mmcv.ops.roi_pool": { coords: "real" } },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    reduce: {
      type: "choice",
      values: ["max", "mean"],
      default: "max",
      doc: "max as in the libraries, mean as in the paper; a shifted bin (offset) needs mean.",
    },
    coords: {
      type: "choice",
      values: ["round", "real"],
      default: "round",
      doc: "round: the box is rounded to whole pixels (torchvision); real: it is not (mmcv).",
    },
    gamma: { type: "real", default: 0.1, doc: "What share of the box an offset of 1 is." },
  },
  differentiable: ["input", "offset"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
  },
  demands: [
    {
      holds: (_, { reduce }, { offset }) => !offset || reduce === "mean",
      otherwise: "offset moves the bins, for which reduce must be mean (it is {reduce})",
    },
  ],
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  variants: [[], ["offset"]],
  samples: [
    {
      sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
      attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * An empty bin is 0, and so is every bin of a box with a NaN or infinite coordinate. A maximum is NaN where the
 * first element of its bin is (torchvision's never is).
 */
export function roi_pool(
  { input, rois, offset }: Tensors,
  { spatial_scale, reduce, coords, gamma }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const rounded = coords === "round";

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const x1 = rounded ? roundf(rois(r, 1) * spatial_scale) : rois(r, 1) * spatial_scale;
    const y1 = rounded ? roundf(rois(r, 2) * spatial_scale) : rois(r, 2) * spatial_scale;
    const x2 = rounded ? roundf(rois(r, 3) * spatial_scale) + 1 : (rois(r, 3) + 1) * spatial_scale;
    const y2 = rounded ? roundf(rois(r, 4) * spatial_scale) + 1 : (rois(r, 4) + 1) * spatial_scale;
    const width = rounded ? maximum(x2 - x1, 1) : x2 - x1;
    const height = rounded ? maximum(y2 - y1, 1) : y2 - y1;
    const valid =
      isIndex(N, batch) &&
      finite(x1) &&
      finite(y1) &&
      finite(x2) &&
      finite(y2) &&
      width > 0 &&
      height > 0;

    const left = rounded
      ? x1 + floorRatio(pw * width, PW.size)
      : floorf(x1 + (pw * width) / PW.size);
    const top = rounded
      ? y1 + floorRatio(ph * height, PH.size)
      : floorf(y1 + (ph * height) / PH.size);
    const right = rounded
      ? x1 + ceilRatio((pw + 1) * width, PW.size)
      : ceilf(x1 + ((pw + 1) * width) / PW.size);
    const bottom = rounded
      ? y1 + ceilRatio((ph + 1) * height, PH.size)
      : ceilf(y1 + ((ph + 1) * height) / PH.size);
    const rows = H.span(top, bottom);
    const cols = W.span(left, right);

    const dy = gamma * height * (offset?.(r, 0, ph, pw) ?? 0);
    const dx = gamma * width * (offset?.(r, 1, ph, pw) ?? 0);
    const count = (bottom - top) * (right - left);
    const total = offset
      ? sum(
          [H.samples(bottom - top, top + dy, 1, 1), W.samples(right - left, left + dx, 1, 1)],
          (a, b) =>
            sampleZeroExtended(H, W, top + a + dy, left + b + dx, "one_sided", (y, x) =>
              input.orZero(n, c, y, x),
            ),
        )
      : sum([rows, cols], (y, x) => input(n, c, y, x));
    const largest = max([rows, cols], (y, x) => input(n, c, y, x), 0);
    return valid ? (reduce === "max" ? largest : total / maximum(count, 1)) : 0;
  });
}
