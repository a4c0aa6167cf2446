import type { Coords, Meta, Pos, Tensor } from "../index.ts";
import { moveOnto, reflect, sampleNearest, sampleZeroExtended, tensor } from "../index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  /** (x, y) of each output pixel; -1 to 1 is the picture's width or height. */
  grid: Coords<"N OH OW 2">;
}

interface Attrs {
  mode: "bilinear" | "nearest";
  padding_mode: "zeros" | "border" | "reflection";
  align_corners: boolean;
}

export const meta = {
  doc: "Samples the image at given positions: the second half of a spatial transformer.",
  source: "arXiv 1506.02025 (Jaderberg et al. 2015) as in PyTorch's grid_sample, ONNX GridSample",
  like: {
    "torch.nn.functional.grid_sample": {},
    "ONNX GridSample, of images": {},
  },
  attrs: {
    mode: {
      type: "choice",
      values: ["bilinear", "nearest"],
      default: "bilinear",
      doc: "Between pixels: interpolated, or the nearest one (halves to the even row or column).",
    },
    padding_mode: {
      type: "choice",
      values: ["zeros", "border", "reflection"],
      default: "zeros",
      doc: "Beyond the image: 0, the outermost pixels, or the image mirrored again and again.",
    },
    align_corners: {
      type: "bool",
      default: false,
      doc: "-1 and 1 are the centres of the outermost pixels, not the image's edges.",
    },
  },
  differentiable: ["input", "grid"],
  units: [{ tensor: "grid", from: -1, to: 1 }],
  variants: [[]],
  samples: [
    { sizes: { N: 2, C: 3, H: 5, W: 6, OH: 4, OW: 3 } },
    {
      sizes: { N: 1, C: 2, H: 4, W: 3, OH: 5, OW: 7 },
      attrs: { padding_mode: "reflection", align_corners: true },
    },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * A position that is NaN is 0 under `zeros`, as an infinite one is, and else the first row or column; so is,
 * mirrored, an infinite one. Moved onto the image, a position has slope 0 (PyTorch's), also exactly at its ends.
 */
export function grid_sample(
  { input, grid }: Tensors,
  { mode, padding_mode, align_corners }: Attrs,
) {
  const { N, C, H, W } = input;
  const { OH, OW } = grid;
  /** A share of the picture as a position on the axis of this size. */
  const place = (share: number, size: number) => {
    const p = align_corners ? ((share + 1) / 2) * (size - 1) : ((share + 1) * size - 1) / 2;
    // At the centres of the outermost pixels, or at the image's edges.
    const mirrored = reflect(p, align_corners ? 0 : -0.5, align_corners ? size - 1 : size);
    const kept = padding_mode === "border" ? p : mirrored;
    return padding_mode === "zeros" ? p : moveOnto(kept, size);
  };
  return tensor([N, C, OH, OW], (n, c, oh, ow) => {
    const x = place(grid(n, oh, ow, 0), W.size);
    const y = place(grid(n, oh, ow, 1), H.size);
    const read = (yy: Pos<"H">, xx: Pos<"W">) => input.orZero(n, c, yy, xx);
    const smooth = sampleZeroExtended(H, W, y, x, "one_sided", read);
    const nearest = sampleNearest(H, W, y, x, read);
    return mode === "bilinear" ? smooth : nearest;
  });
}
