import type { Coords, Derived, Meta, Tensor, YX } from "../../dsl/index.ts";
import { exp, idiv, max, sampleZeroExtended, stage, steps, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N H W (G D)">;
  /** For each group the (x, y) of its points, then their weights; `M` is padded beyond what is used. */
  offset_mask: Coords<"N OH OW M">;
}

interface Attrs {
  kernel: YX;
  stride: YX;
  padding: YX;
  dilation: YX;
  offset_scale: number;
  remove_center: boolean;
  softmax: boolean;
}

export const meta = {
  doc: "DCNv4: depthwise aggregation of points that move, weights unbounded or by softmax.",
  source: "arXiv 2401.06197 (Xiong et al. 2024)",
  attrs: {
    kernel: { type: "pair", default: 3, min: 1, doc: "Points along the rows and columns." },
    stride: { type: "pair", default: 1, min: 1, doc: "Distance between output positions." },
    padding: { type: "pair", default: 1, min: 0, doc: "Shifts the grid up and left." },
    dilation: { type: "pair", default: 1, min: 1, doc: "Distance between points." },
    offset_scale: { type: "real", default: 1, doc: "Scales the grid and the offsets." },
    remove_center: { type: "bool", default: false, doc: "The middle point is left out." },
    softmax: { type: "bool", default: false, doc: "The weights of a group add up to 1." },
  },
  differentiable: ["input", "offset_mask"],
  axes: {
    KH: (_, { kernel }) => kernel.y,
    KW: (_, { kernel }) => kernel.x,
    OH: ({ H }, { kernel, stride, padding, dilation }) =>
      idiv(H + 2 * padding.y - dilation.y * (kernel.y - 1) - 1, stride.y) + 1,
    OW: ({ W }, { kernel, stride, padding, dilation }) =>
      idiv(W + 2 * padding.x - dilation.x * (kernel.x - 1) - 1, stride.x) + 1,
  },
  demands: [
    {
      holds: ({ G, M }, { kernel }) => 3 * G * kernel.y * kernel.x <= M,
      otherwise: "offset_mask has {M} columns, too few for {G} groups of points",
    },
  ],
  variants: [[]],
  samples: [{ sizes: { N: 2, H: 5, W: 6, G: 2, D: 3, M: 56 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** Points are counted column by column, as the authors' kernel walks them. */
export function dcn_v4(
  { input, offset_mask }: Tensors,
  { stride, padding, dilation, offset_scale, remove_center, softmax }: Attrs,
  { KH, KW, OH, OW }: Derived<typeof meta>,
) {
  const { N, H, W, G, D } = input;
  const { M } = offset_mask;
  const center = idiv(KH.size * KW.size, 2);
  const points = remove_center ? KH.size * KW.size - 1 : KH.size * KW.size;
  const halfY = idiv(dilation.y * (KH.size - 1), 2);
  const halfX = idiv(dilation.x * (KW.size - 1), 2);

  const weightAt = (g: number, point: number) => M.index(g * points * 3 + points * 2 + point);
  const norm = stage([N, OH, OW, G], (n, oh, ow, g) => {
    const weight = (p: number) => offset_mask(n, oh, ow, weightAt(g, p));
    const top = max([steps(points)], (p) => weight(p), 0);
    return [top, sum([steps(points)], (p) => exp(weight(p) - top))];
  });
  return tensor([N, OH, OW, G, D], (n, oh, ow, g, d) => {
    const [top, total] = norm(n, oh, ow, g);
    return sum([KW, KH], (j, i) => {
      const tap = j * KH.size + i;
      const skipped = remove_center && tap === center;
      const p = remove_center && tap > center ? tap - 1 : tap;
      const at = g * points * 3 + p * 2;
      const dx = offset_mask(n, oh, ow, M.index(at));
      const dy = offset_mask(n, oh, ow, M.index(at + 1));
      const y0 = oh * stride.y - padding.y + halfY - halfY * offset_scale;
      const x0 = ow * stride.x - padding.x + halfX - halfX * offset_scale;
      const y = y0 + (i * dilation.y + dy) * offset_scale;
      const x = x0 + (j * dilation.x + dx) * offset_scale;
      const raw = offset_mask(n, oh, ow, weightAt(g, p));
      const weight = softmax ? exp(raw - top) / total : raw;
      const value = sampleZeroExtended(H, W, y, x, "zero", (yy, xx) =>
        input.orZero(n, yy, xx, g, d),
      );
      return skipped ? 0 : weight * value;
    });
  });
}
