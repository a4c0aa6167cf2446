import type { Coords, Derived, Meta, Tensor, YX } from "../../dsl/index.ts";
import { ceilf, cos, maximum, sampleClamped, sin, steps, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Batch index, then centre x and y, width and height in picture units, and the angle in radians. */
  rois: Coords<"R 6">;
}

interface Attrs {
  output_size: YX;
  spatial_scale: number;
  sampling_ratio: number;
  aligned: boolean;
  clockwise: boolean;
}

export const meta = {
  doc: "RoIAlign of rotated boxes: the mean of bilinear samples on a grid in each bin.",
  source: "mmcv roi_align_rotated",
  attrs: {
    output_size: { type: "pair", min: 1, doc: "Bins along the rows and columns of a box." },
    spatial_scale: { type: "real", default: 1, doc: "From picture units to input pixels." },
    sampling_ratio: { type: "int", default: 0, doc: "Samples along a side of a bin; 0: by size." },
    aligned: { type: "bool", default: true, doc: "Pixel centres lie at half units." },
    clockwise: { type: "bool", default: false, doc: "Which way a positive angle turns." },
  },
  differentiable: ["input"],
  axes: {
    PH: (_, { output_size }) => output_size.y,
    PW: (_, { output_size }) => output_size.x,
  },
  indices: [{ tensor: "rois", column: 0, axis: "N" }],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 2, H: 9, W: 8, R: 3 }, attrs: { output_size: { y: 2, x: 3 } } }],
} as const satisfies Meta<Tensors, Attrs>;

/** The grid of samples is laid out around the origin, turned, and moved to the box. */
export function roi_align_rotated(
  { input, rois }: Tensors,
  { spatial_scale, sampling_ratio, aligned, clockwise }: Attrs,
  { PH, PW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const half = aligned ? 0.5 : 0;
  const atLeastOne = (a: number) => (aligned ? a : maximum(a, 1));

  return tensor([rois.R, C, PH, PW], (r, c, ph, pw) => {
    const n = N.nearest(rois(r, 0));
    const centre = { y: rois(r, 2) * spatial_scale - half, x: rois(r, 1) * spatial_scale - half };
    const width = atLeastOne(rois(r, 3) * spatial_scale);
    const height = atLeastOne(rois(r, 4) * spatial_scale);
    const angle = clockwise ? -rois(r, 5) : rois(r, 5);
    const [sine, cosine] = [sin(angle), cos(angle)];
    const bin = { y: height / PH.size, x: width / PW.size };
    const rows = sampling_ratio > 0 ? sampling_ratio : ceilf(bin.y);
    const cols = sampling_ratio > 0 ? sampling_ratio : ceilf(bin.x);
    const total = sum([steps(rows), steps(cols)], (a, b) => {
      const v = -height / 2 + ph * bin.y + ((a + 0.5) * bin.y) / rows;
      const u = -width / 2 + pw * bin.x + ((b + 0.5) * bin.x) / cols;
      const y = v * cosine - u * sine + centre.y;
      const x = v * sine + u * cosine + centre.x;
      return sampleClamped(H, W, y, x, (yy, xx) => input.orZero(n, c, yy, xx));
    });
    return total / maximum(rows * cols, 1);
  });
}
