import type { Meta, Tensor } from "../../dsl/index.ts";
import {
  abs,
  ceilf,
  cos,
  exp,
  floorf,
  log,
  maximum,
  minimum,
  rintf,
  roundf,
  sin,
  sqrt,
  tanh,
  tensor,
} from "../../dsl/index.ts";

interface Tensors {
  a: Tensor<"N C">;
  b: Tensor<"N C">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Every function of the language that has a slope, or a jump, once.",
  attrs: {},
  differentiable: ["a", "b"],
  axes: {},
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** Of numbers around 0: what must be positive is made so. */
export function every_function({ a, b }: Tensors) {
  const { N, C } = a;
  return tensor([N, C], (n, c) => {
    const x = a(n, c);
    const y = b(n, c);
    const smooth = exp(x) * sin(y) + cos(x - y) * tanh(y) + log(y * y + 0.5) / (x * x + 1);
    const bent = minimum(x, y) * 0.75 + maximum(x, y * 0.5) * y + abs(x + y) * x;
    const stepped = floorf(x * 3) * y + ceilf(y * 3) * x - roundf(x - y) * sqrt(x * x + 0.25);
    return smooth + bent - -stepped * 0.5 + rintf(x * 4) * y;
  });
}
