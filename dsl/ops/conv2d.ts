import type { Derived, Meta, Sides, Tensor, YX } from "../index.ts";
import { idiv, mod, sum, tensor } from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** `I` channels of the input for each output channel; C / I is the number of groups. */
  weight: Tensor<"O I KH KW">;
  bias?: Tensor<"O">;
}

interface Attrs {
  stride: YX;
  padding: Sides;
  dilation: YX;
}

export const meta = {
  doc: "Convolution of a zero-padded image, with groups: the baseline.",
  source: "torch.nn.functional.conv2d",
  like: { "torch.nn.functional.conv2d": {} },
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
      doc: "Rows and columns of zeros around.",
    },
    dilation: { type: "pair", default: 1, min: 1, max: 16777216, doc: "Distance between taps." },
  },
  differentiable: ["input", "weight", "bias"],
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
  ],
  variants: [[], ["bias"]],
  samples: [
    { sizes: { N: 2, C: 4, H: 7, W: 6, O: 6, I: 2, KH: 3, KW: 2 } },
    {
      sizes: { N: 1, C: 5, H: 13, W: 9, O: 7, I: 5, KH: 3, KW: 3 },
      attrs: {
        stride: { y: 2, x: 1 },
        padding: { top: 1, left: 0, bottom: 2, right: 3 },
        dilation: { y: 1, x: 2 },
      },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/** Each output is a weighted sum over the taps of its group's channels; beyond the border is 0. */
export function conv2d(
  { input, weight, bias }: Tensors,
  { stride, padding, dilation }: Attrs,
  { groups, OH, OW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const { O, I, KH, KW } = weight;
  return tensor([N, O, OH, OW], (n, o, oh, ow) => {
    const taps = sum([I, KH, KW], (k, i, j) => {
      const y = H.at(oh * stride.y - padding.top + i * dilation.y);
      const x = W.at(ow * stride.x - padding.left + j * dilation.x);
      return weight(o, k, i, j) * input.orZero(n, C.in(groups, groups.of(o, O), k), y, x);
    });
    return taps + (bias?.(o) ?? 0);
  });
}
