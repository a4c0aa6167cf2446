import type { Meta, Tensor } from "../../dsl/index.ts";
import { sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  /** How much of each value a query takes. */
  share: Tensor<"B M Q S">;
  value: Tensor<"B S M D">;
  gain: Tensor<"M">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "The values of each head, mixed for each query: a product of matrices for each batch and head.",
  attrs: {},
  differentiable: ["share", "value", "gain"],
  variants: [[]],
  samples: [{ sizes: { B: 2, M: 2, Q: 5, S: 7, D: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function attend({ share, value, gain }: Tensors, _attrs: Attrs) {
  const { B, M, Q, S } = share;
  const { D } = value;
  return tensor([B, Q, [M, D]], (b, q, m, d) =>
    sum([S], (s) => -share(b, m, q, s) * (value(b, s, m, d) * gain(m))),
  );
}
