import type { Coords, Derived, Ix, Meta, Tensor, YX } from "../index.ts";
import {
  exp,
  finite,
  floorf,
  idiv,
  max,
  maximum,
  mod,
  samplePoint,
  stage,
  steps,
  sum,
  tensor,
} from "../index.ts";

interface Tensors {
  /** Channels are the last dimension, those of a group side by side; so they are in the result. */
  input: Tensor<"N H W (G D)">;
  /**
   * For each group the (x, y) by which each point moves, then the weight of each; points are counted column by
   * column. What lies beyond all groups is padding, not read.
   */
  offset_mask: Coords<"N OH OW M">;
}

interface Attrs {
  group: number;
  kernel: YX;
  stride: YX;
  padding: YX;
  dilation: YX;
  offset_scale: number;
  remove_center: boolean;
  softmax: boolean;
}

export const meta = {
  doc: "DCNv4: each group of channels adds up weighted points of a grid that move; channels last.",
  source: "arXiv 2401.06197 (Xiong et al. 2024)",
  like: { "DCNv4 by its authors": {} },
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
    softmax: {
      type: "bool",
      default: false,
      doc: "The weights of a group are its softmax and add up to 1; else they are unbounded.",
    },
  },
  differentiable: ["input", "offset_mask"],
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
      holds: ({ M }, { kernel, group, remove_center }) =>
        3 * group * (kernel.y * kernel.x - (remove_center ? 1 : 0)) <= M,
      otherwise: "offset_mask has {M} columns, fewer than 3 for each point of {group} groups",
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
    { sizes: { N: 2, H: 5, W: 6, D: 3, M: 56 }, attrs: { group: 2 } },
    {
      sizes: { N: 1, H: 7, W: 6, D: 4, M: 16 },
      attrs: {
        kernel: { y: 1, x: 3 },
        stride: { y: 2, x: 1 },
        padding: { y: 1, x: 2 },
        dilation: { y: 2, x: 1 },
        offset_scale: 0.5,
        softmax: true,
      },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * A point at NaN, infinity or beyond the image adds 0, as one does whose weight is NaN or infinite; at exactly -1
 * the slope is 0 (the authors'). Under `softmax` the sums of a group are a stage of their own: they do not depend on the channel.
 */
export function dcn_v4(
  { input, offset_mask }: Tensors,
  { stride, padding, dilation, offset_scale, remove_center, softmax }: Attrs,
  { G, KH, KW, OH, OW }: Derived<typeof meta>,
) {
  const { N, D } = input;
  const { M } = offset_mask;
  const grid = { stride, padding, dilation, offset_scale, remove_center };
  const points = KH.size * KW.size - (remove_center ? 1 : 0);
  const offsetAt = (g: number, p: number) => M.index(3 * g * points + 2 * p);

  const weightOf = (n: Ix<"N">, oh: Ix<"OH">, ow: Ix<"OW">, g: Ix<"G">, p: number) =>
    offset_mask(n, oh, ow, M.index((3 * g + 2) * points + p));

  // A whole number near the largest does as well as it, and has no slope: by any, the softmax is the same.
  const near = stage([N, OH, OW, G], (n, oh, ow, g) => {
    const weight = (p: number) => weightOf(n, oh, ow, g, p);
    const most = max([steps(points)], (p) => (finite(weight(p)) ? weight(p) : -3e38), 0);
    return softmax ? floorf(most) : 0;
  });
  const norm = stage([N, OH, OW, G], (n, oh, ow, g) => {
    const weight = (p: number) => weightOf(n, oh, ow, g, p);
    const power = (p: number) => (finite(weight(p)) ? exp(weight(p) - near(n, oh, ow, g)) : 0);
    return softmax ? sum([steps(points)], power) : 1;
  });
  return tensor([N, OH, OW, [G, D]], (n, oh, ow, g, d) => {
    return sum([steps(points)], (p) => {
      const dx = offset_mask(n, oh, ow, offsetAt(g, p));
      const dy = offset_mask(n, oh, ow, M.index(offsetAt(g, p) + 1));
      const raw = weightOf(n, oh, ow, g, p);
      // Of finite weights the largest alone adds 1 or more.
      const total = maximum(norm(n, oh, ow, g), 0.5);
      const weight = softmax ? exp(raw - near(n, oh, ow, g)) / total : raw;
      const value = samplePoint(input, KH, KW, grid, n, oh, ow, g, d, p, dy, dx);
      return finite(raw) ? weight * value : 0;
    });
  });
}
