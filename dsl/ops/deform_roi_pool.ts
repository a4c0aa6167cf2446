import type { Coords, Derived, Meta, Pos, Tensor, YX } from "../index.ts";
import {
  binSamples,
  countSamples,
  finite,
  insideImage,
  isIndex,
  maximum,
  roundf,
  sampleClamped,
  sums,
  tensor,
} from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then left, top, right, bottom in picture units. */
  rois: Coords<"R 5">;
  /** How far each bin moves, x then y (other than in `roi_pool`), as a share of the box. */
  offset?: Coords<"R 2 PH PW">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  sampling_ratio: number;
  gamma: number;
  coords: "real" | "round";
  grid: "centre" | "corner";
  border: "clamp" | "skip";
}

export const meta = {
  doc: "Deformable RoI pooling: the mean of samples in each bin of each box, each bin moved by its offset.",
  source:
    "arXiv 1703.06211 (Dai et al. 2017) as in mmcv's deform_roi_pool, or as its authors sample",
  like: {
    "mmcv.ops.deform_roi_pool": {},
    "MXNet contrib.DeformablePSROIPooling of one group and class": {
      coords: "round",
      grid: "corner",
      border: "skip",
    },
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
    gamma: { type: "real", default: 0.1, doc: "What share of the box an offset of 1 is." },
    coords: {
      type: "choice",
      values: ["real", "round"],
      default: "real",
      doc: "real: the box as it is (mmcv); round: whole picture units, ends included (the authors).",
    },
    grid: {
      type: "choice",
      values: ["centre", "corner"],
      default: "centre",
      doc: "Where in its share of a bin a sample lies: centre (mmcv) or upper left corner (the authors).",
    },
    border: {
      type: "choice",
      values: ["clamp", "skip"],
      default: "clamp",
      doc: "clamp: samples over a pixel outside count as 0 (mmcv); skip: over half a pixel, not at all.",
    },
  },
  differentiable: ["input", "offset"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
  },
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  variants: [[], ["offset"]],
  samples: [
    {
      sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
      attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
    },
    {
      sizes: { N: 1, C: 2, H: 8, W: 11, R: 4 },
      attrs: { output_size: { y: 2, x: 3 }, sampling_ratio: 2, gamma: 0.25 },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * Unmoved and with all defaults, this is `roi_align` with `aligned`. A bin that is moved by NaN or infinity,
 * or that has no sample, is 0, and so is a box with a NaN or infinite coordinate.
 */
export function deform_roi_pool(
  { input, rois, offset }: Tensors,
  { spatial_scale, sampling_ratio, gamma, coords, grid, border }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const rounded = coords === "round";
  const inCell = grid === "centre" ? 0.5 : 0;
  // A rounded box ends where its last picture unit does.
  const from = (p: number) => (rounded ? roundf(p) : p) * spatial_scale - 0.5;
  const to = (p: number) => (rounded ? roundf(p) + 1 : p) * spatial_scale - 0.5;

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const batch = rois(r, 0);
    const n = N.nearest(batch);
    const left = from(rois(r, 1));
    const top = from(rois(r, 2));
    const right = to(rois(r, 3));
    const bottom = to(rois(r, 4));
    const known = isIndex(N, batch);
    const valid = known && finite(left) && finite(top) && finite(right) && finite(bottom);

    const width = rounded ? maximum(right - left, 0.1) : right - left;
    const height = rounded ? maximum(bottom - top, 0.1) : bottom - top;
    const binW = width / PW.size;
    const binH = height / PH.size;
    const dx = gamma * width * (offset?.(r, 0, ph, pw) ?? 0);
    const dy = gamma * height * (offset?.(r, 1, ph, pw) ?? 0);
    const rowCount = countSamples(binH, sampling_ratio);
    const colCount = countSamples(binW, sampling_ratio);
    const rows = binSamples(H, top + dy + ph * binH, binH, rowCount, inCell);
    const cols = binSamples(W, left + dx + pw * binW, binW, colCount, inCell);
    const walk = [rows.near, cols.near] as const;
    const read = (y: Pos<"H">, x: Pos<"W">) => input.orZero(n, c, y, x);

    const [total, met] = sums(
      walk,
      (a, b) => {
        const inside = insideImage(H, W, rows.at(a), cols.at(b));
        const value = sampleClamped(H, W, rows.at(a), cols.at(b), read);
        return border === "clamp" || inside ? [value, 1] : [0, 0];
      },
      [0, 0],
    );
    const count = border === "clamp" ? rowCount * colCount : met;
    return valid ? total / maximum(count, 1) : 0;
  });
}
