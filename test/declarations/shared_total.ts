import type { Meta, Tensor } from "../../dsl/index.ts";
import { stage, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C W">;
  weight: Tensor<"O C">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "A stage is read along with what all of it adds up to, so that it cannot be made a part at a time.",
  attrs: {},
  differentiable: ["input", "weight"],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3, W: 7, O: 4 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** Channels mixed by `weight`, and what each row of them adds up to. */
export function shared_total({ input, weight }: Tensors, _attrs: Attrs) {
  const { N, C, W } = input;
  const { O } = weight;
  const mixed = stage([N, O, W], (n, o, w) => sum([C], (c) => weight(o, c) * input(n, c, w)));
  const total = stage([N, O], (n, o) => sum([W], (w) => mixed(n, o, w)));
  const further = stage([N, O], (n, o) => total(n, o) + 1);
  return tensor([N, O, W], (n, o, w) => mixed(n, o, w) * further(n, o));
}
