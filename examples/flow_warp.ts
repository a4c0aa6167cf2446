import { type Coords, type Meta, sampleZeroExtended, type Tensor, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N C H W">;
  /** Where each output pixel comes from, relative to itself: rows, then columns. */
  flow: Coords<"N 2 OH OW">;
}

export const meta = {
  doc: "Warps an image by an optical flow, bilinearly; beyond its border the image is 0.",
  attrs: { scale: { type: "real", default: 1, doc: "Multiplies the flow." } },
  differentiable: ["input", "flow"],
  variants: [[]],
  samples: [{ sizes: { N: 1, C: 2, H: 5, W: 7, OH: 4, OW: 6 } }],
} as const satisfies Meta<Tensors, { scale: number }>;

export function flow_warp({ input, flow }: Tensors, { scale }: { scale: number }) {
  const { N, C, H, W } = input;
  return tensor([N, C, flow.OH, flow.OW], (n, c, oh, ow) => {
    const y = oh + scale * flow(n, 0, oh, ow);
    const x = ow + scale * flow(n, 1, oh, ow);
    return sampleZeroExtended(H, W, y, x, "one_sided", (row, column) =>
      input.orZero(n, c, row, column),
    );
  });
}
