import type { Meta, Tensor } from "../../dsl/index.ts";
import { max, sqrt, stage, sum, sums, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"N C H W">;
  gain: Tensor<"N C">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Each channel by its brightest pixel and its moments, and what its column through that pixel sums to.",
  attrs: {},
  differentiable: ["input", "gain"],
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3, H: 4, W: 5 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** Stages of several numbers, one of them an index, and a result that another result reads. */
export function spotlight({ input, gain }: Tensors, _attrs: Attrs) {
  const { N, C, H, W } = input;
  const peak = stage([N, C], (n, c) =>
    max([H, W], (h, w) => [gain(n, c) * input(n, c, h, w) + 0.25 * h, w], [0, -1]),
  );
  const moments = stage([N, C], (n, c) =>
    sums([H, W], (h, w) => [input(n, c, h, w), input(n, c, h, w) * input(n, c, h, w)], [0, 0.5]),
  );
  const scaled = tensor([N, C, H, W], (n, c, h, w) => {
    const [top] = peak(n, c);
    const [first, second] = moments(n, c);
    return (input(n, c, h, w) * top - first) / sqrt(second);
  });
  const column = tensor([N, C], (n, c) => {
    const [top, at] = peak(n, c);
    return top * sum([H], (h) => scaled(n, c, h, W.nearest(at)));
  });
  return { scaled, column };
}
