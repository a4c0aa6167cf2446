// The scratch memory of a blocked product, in terms of sizes.

import { make } from "../../ir/build.ts";
import { type Expr, int } from "../../ir/expr.ts";
import { hostExpr } from "../../ir/host.ts";
import { i32, type NestExpr } from "../../ir/nest.ts";
import type { PlanBuffer } from "../../ir/plan.ts";
import type { Blocked } from "./blocks.ts";
import { calculate, padded, pieces, times } from "./write.ts";

/** The product of ints; 1 of none. */
export const productOf = (factors: readonly Expr[]): Expr =>
  factors.reduce<Expr>((a, b) => make("mul", a, b), int(1));

/** A row is never cut; where it is longer than all places of a panel that many times as large, a strip is shorter. */
const beyond = 64;

/** What a panel is made of, with sizes as `lower` writes them. */
export function sizesOf(
  { by, contraction, panel, roles, taps, blocks }: Blocked,
  lower: (e: Expr) => NestExpr,
) {
  const rows = panel.domain.filter((_, d) => roles[d]!.is === "row").map((l) => l.hi);
  const most = blocks.kibibytes * 256;
  const longest = Math.min(most * beyond, 2 ** 30);
  return {
    places: lower(productOf((by === "strips" ? contraction.p : contraction.k).map((l) => l.hi))),
    taps: lower(productOf(taps.map((l) => l.hi))),
    row: lower(productOf(rows)),
    /** Places of a strip: fewer where rows are so long that a panel of all would take far more than it may. */
    placesOf: (row: NestExpr): NestExpr => {
      const held = calculate("quot", i32(longest), calculate("maximum", row, i32(1)));
      const whole = times(calculate("quot", held, i32(blocks.rows)), blocks.rows);
      const some = calculate("maximum", whole, i32(blocks.rows));
      return calculate("minimum", some, i32(blocks.pixels));
    },
    /** So many that a panel takes about what it may; at least one, so that results are stored. */
    chunksOf: (count: NestExpr, row: NestExpr): NestExpr => {
      // Not by the product of row and places, which may lie beyond the ints.
      const rows = i32(Math.floor(most / blocks.pixels));
      const held = calculate("quot", rows, calculate("maximum", row, i32(1)));
      const fit = calculate("maximum", held, i32(1));
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
  const { contraction, panel } = blocked;
  const [shape, sums] = blocked.by === "strips" ? shapeOfStrip(blocked) : shapeOfSweep(blocked);
  const describe = (name: string, shape: readonly NestExpr[]): PlanBuffer => ({
    name,
    place: "global",
    dtype: "f32",
    access: "update",
    shape,
    strides: shape.map((_, d) => product(shape.slice(d + 1))),
    role: "workspace",
    axes: shape.map(() => []),
    perWorker: true,
  });
  return [
    describe(nameOf(`${panel.name}_panel`), shape),
    describe(nameOf(`${contraction.stage.name}_sums`), sums),
  ];
}

type Shapes = readonly [panel: readonly NestExpr[], sums: readonly NestExpr[]];

const product = (factors: readonly NestExpr[]): NestExpr =>
  factors.reduce((a, b) => calculate("mul", a, b), i32(1));

/** How many blocks of rows or columns there are beside each other, other than along `side`. */
function countSlots({ contraction, roles, side }: Blocked): NestExpr {
  const { b, m } = contraction;
  const inner = b.filter((l) => !roles.some((role) => role.is === "batch" && role.loop === l));
  return product([...inner, ...m.filter((l) => l !== side)].map((l) => hostExpr(l.hi)));
}

function shapeOfStrip(blocked: Blocked): Shapes {
  const { blocks, side } = blocked;
  const sizes = sizesOf(blocked, hostExpr);
  const chunk = sizes.chunkOf(sizes.taps, sizes.chunksOf(sizes.taps, sizes.row));
  const most = sizes.placesOf(sizes.row);
  const places = calculate("minimum", most, padded(sizes.places, blocks.rows));
  const width = pieces(hostExpr(side.hi), blocks.columns);
  return [
    [places, chunk, sizes.row],
    [product([countSlots(blocked), width]), i32(blocks.pixels), i32(blocks.columns)],
  ];
}

function shapeOfSweep(blocked: Blocked): Shapes {
  const { blocks, side, steps } = blocked;
  const sizes = sizesOf(blocked, hostExpr);
  const places = calculate("minimum", i32(blocks.pixels), sizes.places);
  const blocksOf = [
    pieces(hostExpr(side.hi), blocks.rows),
    pieces(hostExpr(steps[0]!.hi), blocks.columns),
  ];
  return [
    [places, calculate("add", sizes.row, i32(blocks.columns))],
    [product([countSlots(blocked), ...blocksOf]), i32(blocks.rows), i32(blocks.columns)],
  ];
}
