import type { Meta, Tensor } from "../../dsl/index.ts";
import { sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  a: Tensor<"R K">;
  b: Tensor<"K T">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "The product of two matrices.",
  attrs: {},
  differentiable: ["a", "b"],
  variants: [[]],
  samples: [{ sizes: { R: 5, K: 7, T: 6 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function matmul({ a, b }: Tensors, _attrs: Attrs) {
  const { R, K } = a;
  const { T } = b;
  return tensor([R, T], (r, t) => sum([K], (k) => a(r, k) * b(k, t)));
}
