import type { Coords, Derived, Meta, Tensor, YX } from "../index.ts";
import { idiv, mod, samplePoint, sum, tensor } from "../index.ts";

interface Tensors {
  /** Channels are the last dimension, those of a group side by side; so they are in the result. */
  input: Tensor<"N H W (G D)">;
  /** (x, y) by which each point of each group moves; points are counted column by column. */
  offset: Coords<"N OH OW (G P 2)">;
  /** The weight of each point, for all channels of a group. */
  mask: Tensor<"N OH OW (G P)">;
}

interface Attrs {
  group: number;
  kernel: YX;
  stride: YX;
  padding: YX;
  dilation: YX;
  offset_scale: number;
  remove_center: boolean;
}

export const meta = {
  doc: "DCNv3: each group of channels adds up weighted points of a grid that move; channels last.",
  source: "arXiv 2211.05778 (Wang et al. 2023)",
  like: { "dcnv3_core of InternImage, its CUDA kernel": {} },
  attrs: {
    group: { type: "int", default: 1, min: 1, max: 16777216, doc: "Groups of channels." },
    kernel: { type: "pair", default: 3, min: 1, max: 4096, doc: "Points along rows and columns." },
    stride: {
      type: "pair",
      default: 1,
      min: 1,
      max: 16777216,
      doc: "Distance between output positions.",
    },
    padding: {
      type: "pair",
      default: 1,
      min: 0,
      max: 16777216,
      doc: "Shifts the grid up and left.",
    },
    dilation: { type: "pair", default: 1, min: 1, max: 65536, doc: "Distance between points." },
    offset_scale: {
      type: "real",
      default: 1,
      doc: "Scales offsets and the grid around its middle.",
    },
    remove_center: {
      type: "bool",
      default: false,
      doc: "The middle point is left out, of kernels with odd sides.",
    },
  },
  differentiable: ["input", "offset", "mask"],
  axes: {
    G: (_, { group }) => group,
    KH: (_, { kernel }) => kernel.y,
    KW: (_, { kernel }) => kernel.x,
    OH: ({ H }, { kernel, stride, padding, dilation }) =>
      idiv(H + 2 * padding.y - dilation.y * (kernel.y - 1) - 1, stride.y) + 1,
    OW: ({ W }, { kernel, stride, padding, dilation }) =>
      idiv(W + 2 * padding.x - dilation.x * (kernel.x - 1) - 1, stride.x) + 1,
  },
  demands: [
    {
      holds: ({ H, W }, { kernel, padding, dilation }) =>
        dilation.y * (kernel.y - 1) < H + 2 * padding.y &&
        dilation.x * (kernel.x - 1) < W + 2 * padding.x,
      otherwise:
        "a kernel of {kernel} points with dilation {dilation} is larger than the padded input",
    },
    {
      holds: ({ P }, { kernel, remove_center }) =>
        P === kernel.y * kernel.x - (remove_center ? 1 : 0),
      otherwise:
        "mask has {P} points a group, not those of {kernel} (remove_center: {remove_center})",
    },
    {
      holds: (_, { kernel, remove_center }) =>
        !remove_center || (mod(kernel.y * kernel.x, 2) === 1 && kernel.y * kernel.x > 1),
      otherwise:
        "remove_center asks for a middle point and others: odd sides, not a kernel of {kernel}",
    },
  ],
  variants: [[]],
  samples: [
    { sizes: { N: 2, H: 5, W: 6, D: 3, P: 9 }, attrs: { group: 2 } },
    {
      sizes: { N: 1, H: 7, W: 6, D: 4, P: 3 },
      attrs: {
        kernel: { y: 1, x: 3 },
        stride: { y: 2, x: 1 },
        padding: { y: 1, x: 2 },
        dilation: { y: 2, x: 1 },
        offset_scale: 0.5,
      },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** A point at NaN, infinity or beyond the image adds 0, and at exactly -1 has slope 0 (the authors'). */
export function dcn_v3(
  { input, offset, mask }: Tensors,
  { stride, padding, dilation, offset_scale, remove_center }: Attrs,
  { G, KH, KW, OH, OW }: Derived<typeof meta>,
) {
  const { N, D } = input;
  const { P } = mask;
  const grid = { stride, padding, dilation, offset_scale, remove_center };
  return tensor([N, OH, OW, [G, D]], (n, oh, ow, g, d) =>
    sum([P], (p) => {
      const [dx, dy] = [offset(n, oh, ow, g, p, 0), offset(n, oh, ow, g, p, 1)];
      return mask(n, oh, ow, g, p) * samplePoint(input, KH, KW, grid, n, oh, ow, g, d, p, dy, dx);
    }),
  );
}
