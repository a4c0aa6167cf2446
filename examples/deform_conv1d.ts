import { type Coords, idiv, lerp, type Meta, sum, type Tensor, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N C L">;
  /** By how many elements each tap moves. */
  offset: Coords<"N K L">;
  weight: Tensor<"O C K">;
}

export const meta = {
  doc: "Deformable convolution of sequences: each tap samples the sequence at a learned offset.",
  attrs: {},
  differentiable: ["input", "offset", "weight"],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3, L: 9, O: 2, K: 3 } }],
} as const satisfies Meta<Tensors, Record<never, never>>;

export function deform_conv1d({ input, offset, weight }: Tensors) {
  const { N, C, L } = input;
  const { O, K } = weight;
  return tensor([N, O, L], (n, o, l) =>
    sum([C, K], (c, k) => {
      const p = l + k - idiv(K.size, 2) + offset(n, k, l);
      const near = p >= -1 && p < L.size;
      const x = L.at(near ? p : 0);
      const value = lerp(x, (whole) => input.orZero(n, c, whole));
      return weight(o, c, k) * (near ? value : 0);
    }),
  );
}
