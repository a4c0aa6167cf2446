import type { Coords, Meta, Tensor } from "../../dsl/index.ts";
import { tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"W">;
  /** Where each element comes from, to the nearest. */
  at: Coords<"K">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Picks elements of a row; the same may be picked by several.",
  attrs: {},
  differentiable: ["input"],
  variants: [[]],
  samples: [{ sizes: { W: 5, K: 9 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function pick_1d({ input, at }: Tensors, _attrs: Attrs) {
  const { W } = input;
  return tensor([at.K], (k) => input(W.nearest(at(k))));
}
