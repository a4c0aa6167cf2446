import type { Coords, Derived, Meta, Tensor, YX } from "../index.ts";
import {
  ceilf,
  ceilRatio,
  finite,
  floorf,
  floorRatio,
  groupOf,
  isIndex,
  maximum,
  minimum,
  roundf,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  /** For each output channel `O` a channel for each group of bins: `GH` by `GW` of them. */
  input: Tensor<"N (O GH GW) H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
}

interface Attrs {
  output_size: YX;
  group_size: YX;
  spatial_scale: number;
  coords: "round" | "unit";
  clip: "image" | "torchvision";
}

export const meta = {
  doc: "Position-sensitive RoI pooling: the mean of each bin of each box, in the bin's own channel.",
  source: "arXiv 1605.06409 (Dai et al. 2016)",
  like: {
    "torchvision.ops.ps_roi_pool, its forward pass": { clip: "torchvision" },
    "torchvision.ops.ps_roi_pool, its gradient": {},
    "MXNet contrib.PSROIPooling": { coords: "unit" },
  },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    group_size: {
      type: "pair",
      default: 0,
      min: 0,
      max: 4096,
      doc: "Groups of bins along the rows and columns; 0: each bin is one.",
    },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    coords: {
      type: "choice",
      values: ["round", "unit"],
      default: "round",
      doc: "round: the box is rounded to whole pixels (torchvision); unit: to whole picture units, the last one included (the authors).",
    },
    clip: {
      type: "choice",
      values: ["image", "torchvision"],
      default: "image",
      doc: "image: bins end where the image does; torchvision: a pixel earlier, as its forward pass does (its gradient does not).",
    },
  },
  differentiable: ["input"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
    GH: (_, { output_size, group_size }) => (group_size.y > 0 ? group_size.y : output_size.y),
    GW: (_, { output_size, group_size }) => (group_size.x > 0 ? group_size.x : output_size.x),
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
      attrs: { output_size: { y: 3, x: 4 }, group_size: { y: 2, x: 3 } },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** An empty bin is 0, and so is every bin of a box with a NaN or infinite coordinate. */
export function ps_roi_pool(
  { input, rois }: Tensors,
  { spatial_scale, coords, clip }: Attrs,
  { PH, PW, GH, GW }: Derived<typeof meta>,
) {
  const { N, O, H, W } = input;
  const whole = coords === "round";
  const first = (p: number) => (whole ? roundf(p * spatial_scale) : roundf(p) * spatial_scale);
  const end = (p: number) => (whole ? roundf(p * spatial_scale) : (roundf(p) + 1) * spatial_scale);
  const least = whole ? 1 : 0.1;

  return tensor([rois.R, O, PH, PW], (r, o, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const left = first(rois(r, 1));
    const top = first(rois(r, 2));
    const right = end(rois(r, 3));
    const bottom = end(rois(r, 4));
    const known = isIndex(N, batch);
    const valid = known && finite(left) && finite(top) && finite(right) && finite(bottom);

    const width = maximum(right - left, least);
    const height = maximum(bottom - top, least);
    // Whole pixels are divided exactly.
    const from = (p: number, start: number, size: number, bins: number) =>
      whole ? start + floorRatio(p * size, bins) : floorf(start + (p * size) / bins);
    const to = (p: number, start: number, size: number, bins: number) =>
      whole ? start + ceilRatio(p * size, bins) : ceilf(start + (p * size) / bins);
    const inside = (p: number, size: number) =>
      maximum(0, minimum(p, clip === "image" ? size : size - 1));
    const y1 = inside(from(ph, top, height, PH.size), H.size);
    const y2 = inside(to(ph + 1, top, height, PH.size), H.size);
    const x1 = inside(from(pw, left, width, PW.size), W.size);
    const x2 = inside(to(pw + 1, left, width, PW.size), W.size);

    const gh = groupOf(GH, PH, ph);
    const gw = groupOf(GW, PW, pw);
    const total = sum([H.span(y1, y2), W.span(x1, x2)], (y, x) => input(n, o, gh, gw, y, x));
    return valid ? total / maximum((y2 - y1) * (x2 - x1), 1) : 0;
  });
}
