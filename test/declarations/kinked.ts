import type { Meta, Tensor } from "../../dsl/index.ts";
import { abs, maximum, minimum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N">;
  other: Tensor<"N">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Operations that have two slopes at one place.",
  attrs: {},
  differentiable: ["input", "other"],
  variants: [[]],
  samples: [{ sizes: { N: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** Each result is one operation of the elements at the same place. */
export function kinked({ input, other }: Tensors, _attrs: Attrs) {
  const { N } = input;
  return {
    size: tensor([N], (n) => abs(input(n))),
    above: tensor([N], (n) => maximum(input(n), 0)),
    from: tensor([N], (n) => maximum(0, input(n))),
    below: tensor([N], (n) => minimum(input(n), 0)),
    upTo: tensor([N], (n) => minimum(0, input(n))),
    larger: tensor([N], (n) => maximum(input(n), other(n))),
    smaller: tensor([N], (n) => minimum(input(n), other(n))),
  };
}
