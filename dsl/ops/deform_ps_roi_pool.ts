import type { Coords, Derived, Meta, Pos, Tensor, YX } from "../index.ts";
import {
  bilinear,
  binSamples,
  finite,
  groupOf,
  insideImage,
  isIndex,
  maximum,
  mod,
  roundf,
  sums,
  tensor,
} from "../index.ts";

interface Tensors {
  /** For each output channel `O` a channel for each group of bins: `GH` by `GW` of them. */
  input: Tensor<"N (O GH GW) H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
  /** How far each part of a box moves, x then y, as a share of the box, for each of `K` classes. */
  trans?: Coords<"R (K 2) TH TW">;
}

interface Attrs {
  output_size: YX;
  group_size: YX;
  part_size: YX;
  sample_per_part: number;
  spatial_scale: number;
  trans_std: number;
}

export const meta = {
  doc: "Deformable position-sensitive RoI pooling: the mean of samples in each bin, in the bin's own channel; with trans, bins move.",
  source: "arXiv 1703.06211 (Dai et al. 2017) as its authors' DeformablePSROIPooling",
  like: {
    "MXNet contrib.DeformablePSROIPooling, whose trans_std is 0 by default": {},
  },
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    group_size: {
      type: "pair",
      default: 1,
      min: 0,
      max: 4096,
      doc: "Groups of bins along the rows and columns, each with its own channels; 0: each bin is one.",
    },
    part_size: {
      type: "pair",
      default: 0,
      min: 0,
      max: 4096,
      doc: "Parts along the rows and columns of a box, which move as one; 0: each bin is one.",
    },
    sample_per_part: {
      type: "int",
      default: 1,
      min: 1,
      max: 4096,
      doc: "Samples along each side of a bin, from its upper left corner on.",
    },
    spatial_scale: { type: "real", default: 1, min: 0, doc: "From picture units to input pixels." },
    trans_std: { type: "real", default: 0.1, doc: "What share of the box a trans of 1 is." },
  },
  differentiable: ["input", "trans"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
    GH: (_, { output_size, group_size }) => (group_size.y > 0 ? group_size.y : output_size.y),
    GW: (_, { output_size, group_size }) => (group_size.x > 0 ? group_size.x : output_size.x),
    TH: (_, { output_size, part_size }) => (part_size.y > 0 ? part_size.y : output_size.y),
    TW: (_, { output_size, part_size }) => (part_size.x > 0 ? part_size.x : output_size.x),
  },
  demands: [
    {
      // `K` is asked for only where trans, which has it, is given.
      holds: (sizes, _, { trans }) => !trans || mod(sizes.O, sizes.K) === 0,
      otherwise: "input has {O} output channels, which the {K} classes of trans do not divide",
    },
  ],
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  variants: [[], ["trans"]],
  samples: [
    {
      sizes: { N: 2, O: 4, H: 9, W: 7, R: 5, K: 2 },
      attrs: { output_size: { y: 3, x: 2 }, group_size: { y: 0, x: 0 }, spatial_scale: 0.5 },
    },
    {
      sizes: { N: 1, O: 3, H: 8, W: 11, R: 4, K: 1 },
      attrs: {
        output_size: { y: 3, x: 4 },
        group_size: { y: 2, x: 3 },
        part_size: { y: 2, x: 2 },
        sample_per_part: 3,
      },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * A box is of whole picture units, the last one included; samples more than half a pixel outside are none. A bin
 * without samples, or moved by NaN or infinity, is 0, and so is a box with a NaN or infinite coordinate. At whole
 * coordinates the slope is the one to the right (the authors' is 0 there).
 */
export function deform_ps_roi_pool(
  { input, rois, trans }: Tensors,
  { sample_per_part, spatial_scale, trans_std }: Attrs,
  { PH, PW, GH, GW, TH, TW }: Derived<typeof meta>,
) {
  const { N, O, H, W } = input;

  return tensor([rois.R, O, PH, PW], (r, o, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const left = roundf(rois(r, 1)) * spatial_scale - 0.5;
    const top = roundf(rois(r, 2)) * spatial_scale - 0.5;
    const right = (roundf(rois(r, 3)) + 1) * spatial_scale - 0.5;
    const bottom = (roundf(rois(r, 4)) + 1) * spatial_scale - 0.5;
    const known = isIndex(N, batch);
    const valid = known && finite(left) && finite(top) && finite(right) && finite(bottom);

    const width = maximum(right - left, 0.1);
    const height = maximum(bottom - top, 0.1);
    const binW = width / PW.size;
    const binH = height / PH.size;
    const th = groupOf(TH, PH, ph);
    const tw = groupOf(TW, PW, pw);
    const dx = trans ? trans_std * width * trans(r, trans.K.of(o, O), 0, th, tw) : 0;
    const dy = trans ? trans_std * height * trans(r, trans.K.of(o, O), 1, th, tw) : 0;
    const rows = binSamples(H, top + dy + ph * binH, binH, sample_per_part, 0);
    const cols = binSamples(W, left + dx + pw * binW, binW, sample_per_part, 0);

    const gh = groupOf(GH, PH, ph);
    const gw = groupOf(GW, PW, pw);
    const read = (y: Pos<"H">, x: Pos<"W">) => input.orZero(n, o, gh, gw, y, x);
    const [total, met] = sums(
      [rows.near, cols.near],
      (a, b) => {
        const inside = insideImage(H, W, rows.at(a), cols.at(b));
        const y = H.clamp(inside ? rows.at(a) : 0);
        const x = W.clamp(inside ? cols.at(b) : 0);
        return inside ? [bilinear(y, x, read), 1] : [0, 0];
      },
      [0, 0],
    );
    return valid ? total / maximum(met, 1) : 0;
  });
}
