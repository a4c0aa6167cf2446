import type { Coords, Meta, Tensor } from "../../dsl/index.ts";
import { floor, next, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C W">;
  shift: Coords<"N K">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Samples a row at shifted places, by its own interpolation.",
  attrs: {},
  differentiable: ["input", "shift"],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3, W: 5, K: 4 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function own_interpolation({ input, shift }: Tensors, _attrs: Attrs) {
  const { N, C, W } = input;
  const { K } = shift;
  return tensor([N, C, K], (n, c, k) => {
    const x = W.at(k + shift(n, k));
    const low = floor(x);
    const t = x - low;
    return (1 - t) * input.orZero(n, c, low) + t * input.orZero(n, c, next(low));
  });
}
