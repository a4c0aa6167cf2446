// The scratch memory of a blocked product, in terms of sizes.

import { make } from "../../ir/build.ts";
import { type Expr, int } from "../../ir/expr.ts";
import { hostExpr } from "../../ir/host.ts";
import { i32, type NestExpr } from "../../ir/nest.ts";
import type { PlanBuffer } from "../../ir/plan.ts";
import type { Blocked } from "./blocks.ts";
import { calculate, padded, pieces } from "./write.ts";

/** The product of ints; 1 of none. */
export const productOf = (factors: readonly Expr[]): Expr =>
  factors.reduce<Expr>((a, b) => make("mul", a, b), int(1));

/** What a panel is made of, with sizes as `lower` writes them. */
export function sizesOf(
  { contraction, panel, roles, taps, blocks }: Blocked,
  lower: (e: Expr) => NestExpr,
) {
  const rows = panel.domain.filter((_, d) => roles[d]!.is === "row").map((l) => l.hi);
  const most = blocks.kibibytes * 256;
  return {
    places: lower(productOf(contraction.p.map((l) => l.hi))),
    taps: lower(productOf(taps.map((l) => l.hi))),
    row: lower(productOf(rows)),
    /** So many that a panel takes about what it may; at least one, so that results are stored. */
    chunksOf: (count: NestExpr, row: NestExpr): NestExpr => {
      const tap = calculate("mul", calculate("maximum", row, i32(1)), i32(blocks.pixels));
      const fit = calculate("maximum", calculate("quot", i32(most), tap), i32(1));
      const chunks = calculate("quot", calculate("add", count, calculate("sub", fit, i32(1))), fit);
      return calculate("maximum", chunks, i32(1));
    },
    /** Taps of a chunk, where all have about the same number. */
    chunkOf: (count: NestExpr, chunks: NestExpr): NestExpr =>
      calculate("quot", calculate("add", count, calculate("sub", chunks, i32(1))), chunks),
  };
}

/** The panel and the sums of one CPU thread. */
export function describeScratch(
  blocked: Blocked,
  nameOf: (hint: string) => string,
): readonly [PlanBuffer, PlanBuffer] {
  const { contraction, panel, blocks, roles } = blocked;
  const sizes = sizesOf(blocked, hostExpr);
  const chunk = sizes.chunkOf(sizes.taps, sizes.chunksOf(sizes.taps, sizes.row));
  const places = calculate("minimum", i32(blocks.pixels), padded(sizes.places, blocks.rows));
  const inner = contraction.b.filter(
    (l) => !roles.some((role) => role.is === "batch" && role.loop === l),
  );
  const slots = [...inner, ...contraction.m.slice(0, -1)].map((l) => hostExpr(l.hi));
  const width = pieces(hostExpr(contraction.m.at(-1)!.hi), blocks.columns);
  const describe = (name: string, shape: readonly NestExpr[]): PlanBuffer => ({
    name,
    place: "global",
    dtype: "f32",
    access: "update",
    shape,
    strides: shape.map((_, d) =>
      shape.slice(d + 1).reduce((a, b) => calculate("mul", a, b), i32(1)),
    ),
    role: "workspace",
    axes: shape.map(() => []),
    perWorker: true,
  });
  return [
    describe(nameOf(`${panel.name}_panel`), [places, chunk, sizes.row]),
    describe(nameOf(`${contraction.stage.name}_sums`), [
      [...slots, width].reduce((a, b) => calculate("mul", a, b)),
      i32(blocks.pixels),
      i32(blocks.columns),
    ]),
  ];
}
