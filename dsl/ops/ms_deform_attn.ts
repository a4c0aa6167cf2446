import type { Coords, Meta, Tensor } from "../index.ts";
import { bilinear, floor, floorf, sum, tensor } from "../index.ts";

interface Tensors {
  /** The pixels of all levels, one level after another, row by row; for each of `M` heads `D` channels. */
  value: Tensor<"B S M D">;
  /** Rows and columns of each level. */
  shapes: Coords<"L 2">;
  /** Where each level begins in `value`. */
  starts: Coords<"L">;
  /** (x, y) of each point of each query, 0 to 1 across the picture, whatever the level. */
  location: Coords<"B Q M L P 2">;
  /** The weight of each point. */
  attention: Tensor<"B Q M L P">;
}

type Attrs = Record<never, never>;

export const meta = {
  doc: "Multi-scale deformable attention: each query adds up a few weighted points of each level.",
  source: "arXiv 2010.04159 (Zhu et al. 2021)",
  like: { "mmcv.ops.MultiScaleDeformableAttnFunction": {} },
  attrs: {},
  differentiable: ["value", "location", "attention"],
  units: [
    { tensor: "location", from: 0, to: 1 },
    { tensor: "shapes", starts: "starts", along: "S" },
  ],
  variants: [[]],
  samples: [
    { sizes: { B: 2, S: 26, M: 2, D: 3, L: 2, Q: 4, P: 3 } },
    { sizes: { B: 1, S: 40, M: 1, D: 5, L: 1, Q: 7, P: 2 } },
  ],
} as const satisfies Meta<Tensors, Attrs>;

/**
 * A level whose rows, columns or start are no whole numbers, or that does not lie within `value`, adds 0, as a
 * point at NaN, infinity or beyond the picture does. At exactly -1 the slope is 0 (the authors').
 */
export function ms_deform_attn(
  { value, shapes, starts, location, attention }: Tensors,
  _attrs: Attrs,
) {
  const { B, S, M, D } = value;
  const { Q, L, P } = location;
  return tensor([B, Q, [M, D]], (b, q, m, d) =>
    sum([L, P], (l, p) => {
      const [h, w, first] = [shapes(l, 0), shapes(l, 1), starts(l)];
      const whole = floorf(h) === h && floorf(w) === w && floorf(first) === first;
      const level = whole && h >= 1 && w >= 1 && first >= 0 && first + h * w <= S.size;
      const y = location(b, q, m, l, p, 1) * h - 0.5;
      const x = location(b, q, m, l, p, 0) * w - 0.5;
      const near = level && y > -1 && y < h && x > -1 && x < w;
      const [start, cols] = [floor(near ? first : 0), floor(near ? w : 1)];
      // The levels lie in one axis, so that what is outside is said by comparison, not by a border.
      const read = (yy: number, xx: number) => {
        const pixel = value.orZero(b, S.at(start + yy * cols + xx), m, d);
        return yy >= 0 && yy < h && xx >= 0 && xx < w ? pixel : 0;
      };
      const sample = bilinear(S.at(near ? y : 0), S.at(near ? x : 0), read);
      return near ? attention(b, q, m, l, p) * sample : 0;
    }),
  );
}
