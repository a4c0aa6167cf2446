import type { Meta, Tensor } from "../../dsl/index.ts";
import { stage, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C W">;
  weight: Tensor<"O C">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Stages that read each other: a schedule can store each of them, or some.",
  attrs: {},
  differentiable: ["input", "weight"],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3, W: 7, O: 4 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** The square of channels mixed by `weight`, of a polynomial of each element. */
export function chained_stages({ input, weight }: Tensors, _attrs: Attrs) {
  const { N, C, W } = input;
  const { O } = weight;
  const square = stage([N, C, W], (n, c, w) => input(n, c, w) * input(n, c, w) + 1);
  const curve = stage([N, C, W], (n, c, w) => square(n, c, w) * (square(n, c, w) - 3));
  const mixed = stage([N, O, W], (n, o, w) => sum([C], (c) => weight(o, c) * curve(n, c, w)));
  return tensor([N, O, W], (n, o, w) => mixed(n, o, w) * mixed(n, o, w));
}
