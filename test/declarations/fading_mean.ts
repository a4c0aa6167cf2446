import type { Coords, Meta, Tensor } from "../../dsl/index.ts";
import { sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N W">;
  /** How far each mean reaches, in elements. */
  reach: Coords<"N">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "The sum of the first elements of each row, as many as reach says: a bound with no slope.",
  attrs: {},
  differentiable: ["input", "reach"],
  variants: [[]],
  samples: [{ sizes: { N: 2, W: 7 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** The sum jumps where `reach` passes a whole number, so its gradient by `reach` is refused. */
export function fading_mean({ input, reach }: Tensors, _attrs: Attrs) {
  const { N, W } = input;
  return tensor([N], (n) => reach(n) * sum([W.span(0, reach(n))], (w) => input(n, w)));
}
