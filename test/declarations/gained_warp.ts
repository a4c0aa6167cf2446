import {
  type Coords,
  type Meta,
  sampleZeroExtended,
  type Tensor,
  tensor,
} from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  flow: Coords<"N 2 OH OW">;
  gain: Tensor<"C">;
}

export const meta = {
  doc: "Warps by a flow, times a gain for each channel.",
  attrs: { scale: { type: "real", default: 1, doc: "Multiplies the flow." } },
  differentiable: ["input", "flow", "gain"],
  variants: [[]],
  samples: [{ sizes: { N: 1, C: 2, H: 5, W: 7, OH: 4, OW: 6 } }],
} as const satisfies Meta<Tensors, { scale: number }>;

export function gained_warp({ input, flow, gain }: Tensors, { scale }: { scale: number }) {
  const { N, C, H, W } = input;
  return tensor([N, C, flow.OH, flow.OW], (n, c, oh, ow) => {
    const y = oh + scale * flow(n, 0, oh, ow);
    const x = ow + scale * flow(n, 1, oh, ow);
    return (
      gain(c) *
      sampleZeroExtended(H, W, y, x, "one_sided", (row, column) => input.orZero(n, c, row, column))
    );
  });
}
