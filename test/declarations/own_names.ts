import type { Meta, Tensor } from "../../dsl/index.ts";
import { sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  base: Tensor<"bytes i layout">;
  code: Tensor<"O i">;
}

interface Attrs {
  end: number;
  memory: number;
  workers: number;
}

export const meta = {
  doc: "Names that the text of a target uses itself.",
  attrs: {
    end: { type: "real", default: 1, doc: "A factor." },
    memory: { type: "real", default: 1, doc: "A factor." },
    workers: { type: "real", default: 1, doc: "A factor." },
  },
  differentiable: ["base", "code"],
  variants: [[]],
  samples: [{ sizes: { bytes: 2, i: 3, layout: 7, O: 4 } }],
} as const satisfies Meta<Tensors, Attrs>;

export function own_names({ base, code }: Tensors, { end, memory, workers }: Attrs) {
  const { bytes, i, layout } = base;
  const { O } = code;
  return tensor(
    [bytes, O, layout],
    (n, o, w) => end * memory * workers * sum([i], (c) => code(o, c) * base(n, c, w)),
  );
}
