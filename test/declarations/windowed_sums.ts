import type { Coords, Meta, Tensor } from "../../dsl/index.ts";
import { exp, sqrt, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  input: Tensor<"W">;
  /** Which element stands at each place, and how much of it. */
  picks: Coords<"W">;
  gain: Tensor<"W 3">;
  /** Where each window begins, and where it ends. */
  windows: Coords<"2 R">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Sums over windows of what each element is by itself: a walk within a box, of values that no box changes.",
  attrs: {},
  differentiable: ["input"],
  variants: [[]],
  samples: [{ sizes: { W: 9, R: 5 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** The gradient of `input` is added to over all windows, each of which walks elements of its own. */
export function windowed_sums({ input, picks, gain, windows }: Tensors, _attrs: Attrs) {
  const { W } = input;
  const { R } = windows;
  return tensor([R], (r) =>
    sum([W.span(windows(0, r), windows(1, r))], (w) => {
      const [a, b, c] = [gain(w, 0), gain(w, 1), gain(w, 2)];
      const norm = sqrt(a * a + b * b + c * c + 1);
      return input(W.nearest(picks(w))) * (exp(a / norm) + exp(b / norm) * exp(c / norm));
    }),
  );
}
