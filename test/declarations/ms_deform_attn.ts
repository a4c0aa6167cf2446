import type { Coords, Meta, Tensor } from "../../dsl/index.ts";
import { bilinear, floor, sum, tensor } from "../../dsl/index.ts";

interface Tensors {
  /** The pixels of all levels, one level after another. */
  value: Tensor<"B S M D">;
  /** Rows and columns of each level. */
  shapes: Coords<"L 2">;
  /** Where each level begins in `value`. */
  starts: Coords<"L">;
  /** (x, y) as shares of the picture. */
  location: Coords<"B Q M L P 2">;
  attention: Tensor<"B Q M L P">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Multi-scale deformable attention: each query samples a few points of each level.",
  source: "arXiv 2010.04159 (Zhu et al. 2021)",
  attrs: {},
  differentiable: ["value", "location", "attention"],
  variants: [[]],
  samples: [{ sizes: { B: 2, S: 26, M: 2, D: 3, L: 2, Q: 4, P: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;

/** The levels lie in one axis, so what is inside is said by comparison and not by a border. */
export function ms_deform_attn(
  { value, shapes, starts, location, attention }: Tensors,
  _attrs: Attrs,
) {
  const { B, S, M, D } = value;
  const { Q, L, P } = location;
  return tensor([B, Q, M, D], (b, q, m, d) =>
    sum([L, P], (l, p) => {
      const rows = floor(shapes(l, 0));
      const cols = floor(shapes(l, 1));
      const start = floor(starts(l));
      const y = location(b, q, m, l, p, 1) * rows - 0.5;
      const x = location(b, q, m, l, p, 0) * cols - 0.5;
      const near = y > -1 && y < rows && x > -1 && x < cols;
      const read = (yy: number, xx: number) => {
        const pixel = value(b, S.nearest(start + yy * cols + xx), m, d);
        return yy >= 0 && yy < rows && xx >= 0 && xx < cols ? pixel : 0;
      };
      const sample = bilinear(S.at(near ? y : 0), S.at(near ? x : 0), read);
      return near ? attention(b, q, m, l, p) * sample : 0;
    }),
  );
}
