import { type Derived, idiv, type Meta, mod, sum, type Tensor, tensor, type YX } from "warpweave";

interface Tensors {
  input: Tensor<"N C H W">;
  /** The weights of each position, for each of `G` groups of channels. */
  kernel: Tensor<"N (G KH KW) H W">;
}

interface Attrs {
  kernel_size: YX;
  dilation: number;
}

export const meta = {
  doc: "Involution: each position has weights of its own, which channels of a group share.",
  source: "arXiv 2103.06255 (Li et al. 2021)",
  attrs: {
    kernel_size: {
      type: "pair",
      default: 3,
      min: 1,
      max: 1024,
      doc: "Taps along rows and columns.",
    },
    dilation: { type: "int", default: 1, min: 1, max: 1024, doc: "Distance between taps." },
  },
  differentiable: ["input", "kernel"],
  axes: {
    KH: (_, { kernel_size }) => kernel_size.y,
    KW: (_, { kernel_size }) => kernel_size.x,
  },
  demands: [
    {
      holds: ({ C, G }) => mod(C, G) === 0,
      otherwise: "input has {C} channels, which the {G} groups of kernel do not divide",
    },
    {
      holds: ({ KH, KW }) => mod(KH, 2) === 1 && mod(KW, 2) === 1,
      otherwise: "the kernel, {KH}x{KW}, has no tap in its middle: both sizes must be odd",
    },
  ],
  variants: [[]],
  samples: [
    { sizes: { N: 2, C: 4, H: 5, W: 6, G: 2 } },
    {
      sizes: { N: 1, C: 3, H: 7, W: 4, G: 1 },
      attrs: { kernel_size: { y: 3, x: 5 }, dilation: 2 },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

export function involution(
  { input, kernel }: Tensors,
  { dilation }: Attrs,
  { KH, KW }: Derived<typeof meta>,
) {
  const { N, C, H, W } = input;
  const { G } = kernel;
  return tensor([N, C, H, W], (n, c, h, w) => {
    const g = G.of(c, C);
    return sum([KH, KW], (i, j) => {
      const row = H.at(h + (i - idiv(KH.size, 2)) * dilation);
      const column = W.at(w + (j - idiv(KW.size, 2)) * dilation);
      return kernel(n, g, i, j, h, w) * input.orZero(n, c, row, column);
    });
  });
}
