import type { Coords, Derived, Meta, Sides, Tensor, YX } from "../index.ts";
import { idiv, mod, sampleInside, sampleZeroExtended, stage, sum, tensor } from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** How far each tap moves, in input pixels, for each of `G` groups of input channels. */
  offset: Coords<"N (G KH KW 2) OH OW">;
  weight: Tensor<"O I KH KW">;
  /** A factor for each tap: with it this is v2, the modulated form. */
  mask?: Tensor<"N (G KH KW) OH OW">;
  bias?: Tensor<"O">;
}

interface Attrs {
  stride: YX;
  padding: Sides;
  dilation: YX;
  border: "zeros" | "dcnv1";
  offset_order: "interleaved" | "rows_then_columns";
  edge_grad: "one_sided" | "zero";
}

export const meta = {
  doc: "Deformable convolution: each tap samples the image at a learned offset (v2: and is modulated).",
  source: "arXiv 1703.06211 (Dai et al. 2017), arXiv 1811.11168 (Zhu et al. 2019)",
  like: {
    "torchvision.ops.deform_conv2d": {},
    "mmcv.ops.deform_conv2d (without mask), modulated_deform_conv2d (with mask)": {
      edge_grad: "zero",
    },
    "ONNX DeformConv": {},
    "MXNet contrib.DeformableConvolution, the first version, its forward pass": {
      border: "dcnv1",
    },
  },
  attrs: {
    stride: {
      type: "pair",
      default: 1,
      min: 1,
      max: 16777216,
      doc: "Distance between output positions.",
    },
    padding: {
      type: "sides",
      default: 0,
      min: 0,
      max: 16777216,
      doc: "Shifts the first tap up and left.",
    },
    dilation: { type: "pair", default: 1, min: 1, max: 16777216, doc: "Distance between taps." },
    border: {
      type: "choice",
      values: ["zeros", "dcnv1"],
      default: "zeros",
      doc: "zeros: the image is 0 beyond its border (all libraries); dcnv1: 0 unless 0 <= y < H.",
    },
    offset_order: {
      type: "choice",
      values: ["interleaved", "rows_then_columns"],
      default: "interleaved",
      doc: "interleaved: y, x of each tap in turn (torchvision); or the y of all taps, then the x.",
    },
    edge_grad: {
      type: "choice",
      values: ["one_sided", "zero"],
      default: "one_sided",
      doc: "The slope at a coordinate of exactly -1: torchvision's (one_sided) or mmcv's (zero).",
    },
  },
  differentiable: ["input", "offset", "weight", "mask", "bias"],
  axes: {
    groups: ({ C, I }) => idiv(C, I),
    OH: ({ H, KH }, { stride, padding, dilation }) =>
      idiv(H + padding.top + padding.bottom - dilation.y * (KH - 1) - 1, stride.y) + 1,
    OW: ({ W, KW }, { stride, padding, dilation }) =>
      idiv(W + padding.left + padding.right - dilation.x * (KW - 1) - 1, stride.x) + 1,
  },
  demands: [
    {
      holds: ({ H, W, KH, KW }, { padding, dilation }) =>
        dilation.y * (KH - 1) < H + padding.top + padding.bottom &&
        dilation.x * (KW - 1) < W + padding.left + padding.right,
      otherwise:
        "the kernel, {KH}x{KW} taps with dilation {dilation}, is larger than the padded input",
    },
    {
      holds: ({ C, I }) => mod(C, I) === 0,
      otherwise: "input has {C} channels, which weight's {I} channels do not divide",
    },
    {
      holds: ({ C, I, O }) => mod(O, idiv(C, I)) === 0,
      otherwise: "weight has {O} output channels, which the groups ({C} / {I}) do not divide",
    },
    {
      holds: ({ C, G }) => mod(C, G) === 0,
      otherwise: "input has {C} channels, which the {G} offset groups do not divide",
    },
  ],
  variants: [[], ["mask"], ["bias"], ["mask", "bias"]],
  samples: [
    { sizes: { N: 2, C: 4, H: 7, W: 6, O: 6, I: 2, G: 1, KH: 3, KW: 2 } },
    {
      sizes: { N: 1, C: 6, H: 13, W: 9, O: 4, I: 3, G: 3, KH: 3, KW: 3 },
      attrs: {
        stride: { y: 2, x: 1 },
        padding: { top: 1, left: 0, bottom: 2, right: 3 },
        dilation: { y: 1, x: 2 },
      },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** The sampled columns are a stage of their own: they do not depend on the output channel. */
export function deform_conv2d(
  { input, offset, weight, mask, bias }: Tensors,
  { stride, padding, dilation, border, offset_order, edge_grad }: Attrs,
  { groups, OH, OW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const { O, I, KH, KW } = weight;
  const { G } = offset;
  const planes = offset.regroup("N (G 2 KH KW) OH OW");
  const interleaved = offset_order === "interleaved";

  const columns = stage([N, C, KH, KW, OH, OW], (n, c, i, j, oh, ow) => {
    const g = G.of(c, C);
    const dy = interleaved ? offset(n, g, i, j, 0, oh, ow) : planes(n, g, 0, i, j, oh, ow);
    const dx = interleaved ? offset(n, g, i, j, 1, oh, ow) : planes(n, g, 1, i, j, oh, ow);
    const y = oh * stride.y - padding.top + i * dilation.y + dy;
    const x = ow * stride.x - padding.left + j * dilation.x + dx;
    const value =
      border === "zeros"
        ? sampleZeroExtended(H, W, y, x, edge_grad, (yy, xx) => input.orZero(n, c, yy, xx))
        : sampleInside(H, W, y, x, (yy, xx) => input.orZero(n, c, yy, xx));
    return (mask?.(n, g, i, j, oh, ow) ?? 1) * value;
  });
  return tensor([N, O, OH, OW], (n, o, oh, ow) => {
    const taps = sum([I, KH, KW], (k, i, j) => {
      const c = C.in(groups, groups.of(o, O), k);
      return weight(o, k, i, j) * columns(n, c, i, j, oh, ow);
    });
    return taps + (bias?.(o) ?? 0);
  });
}
