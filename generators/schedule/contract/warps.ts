// A contraction whose factors are rounded to 16 bits, so that warps multiply them: which elements of the tile a
// thread has, where the factors lie, and the product of a block of steps.

import { type BufferDecl, i32, type NestExpr, variable, type WarpProduct } from "../../ir/nest.ts";
import { columnOf, placeOf, rowOf, stepOf, warp } from "../../ir/warpProduct.ts";
import type { Names } from "../names.ts";
import type { Scope } from "../scope.ts";
import type { Own, Placed } from "./own.ts";
import { type Tiles, warpStride } from "./tiles.ts";
import { addLoop, calculate, times } from "./write.ts";

type Say = (scope: Scope, hint: string, value: NestExpr) => NestExpr;

/** A thread's elements as its warp's instruction shares them out, and where the warp's own begin. */
export interface OwnOfWarp extends Own {
  readonly lane: NestExpr;
  readonly begin: { readonly m: NestExpr; readonly p: NestExpr };
}

/** Rows and columns of a warp's part of a tile. */
const partOf = ({ TM, TP }: Tiles) => ({ rows: 8 * TM, columns: 4 * TP });

/** Warps stand beside each other in the tile, row by row. */
export function placeInWarp(
  scope: Scope,
  { first, tiles, thread, M, P }: Placed,
  say: Say,
): OwnOfWarp {
  const { rows, columns } = partOf(tiles);
  const across = i32(tiles.BP / columns);
  const number = calculate("quot", thread, i32(warp.threads));
  const lane = say(scope, "warp_lane", calculate("rem", thread, i32(warp.threads)));
  const begin = {
    m: say(scope, "warp_row", times(calculate("quot", number, across), rows)),
    p: say(scope, "warp_column", times(calculate("rem", number, across), columns)),
  };
  return {
    ...{ first, M, P, lane, begin },
    rowInTile: (own) => calculate("add", begin.m, rowOf(lane, own)),
    columnInTile: (own) => calculate("add", begin.p, columnOf(lane, own)),
    placeOf: (row, column) => placeOf(row, column, columns),
  };
}

/** Adds the products of a block of steps to the accumulators of all threads. */
export function multiplyInWarps(
  names: Names,
  block: Scope,
  { lane, begin }: OwnOfWarp,
  { acc, f, s, tiles }: Readonly<Record<"acc" | "f" | "s", BufferDecl>> & { readonly tiles: Tiles },
  say: Say,
): void {
  const { product: type, BK } = tiles;
  if (!type) throw new Error("warps multiply factors of 16 bits");
  const stride = warpStride(tiles);
  addLoop(names, block, { hint: "part", hi: i32(BK / warp.steps) }, (scope, part) => {
    const factor = ({ name }: BufferDecl, row: NestExpr) => ({
      buffer: name,
      address: say(scope, "from", calculate("add", times(row, stride), times(part, warp.steps))),
      stride,
    });
    const product: WarpProduct = {
      ...{ ...partOf(tiles), acc: acc.name, lane },
      f: factor(f, begin.m),
      s: factor(s, begin.p),
    };
    const step = names.fresh("step");
    scope.body.push({
      ...{ kind: "for", variable: step, lo: i32(0), hi: i32(warp.steps), by: "unroll" },
      body: stepOf(product, type, variable(step), [names.fresh("row"), names.fresh("column")]),
      product,
    });
  });
}
