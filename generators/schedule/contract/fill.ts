// A factor on its way through shared memory: the threads of a group make a block of it, each element once.

import { type Expr, index, type Loop } from "../../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr } from "../../ir/nest.ts";
import { loopName } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { type Tiles, threadsOf, warpStride } from "./tiles.ts";
import { addLoop, calculate, less, store, times, zero } from "./write.ts";

/** A factor, and where a thread puts its elements: always the same place of each row. */
export interface Fill {
  readonly value: Expr;
  /** Elements of a row. */
  readonly width: number;
  readonly tile: BufferDecl;
  readonly at: NestExpr;
}

/** The block of steps of the sum that is made. */
export interface Block {
  readonly along: Loop;
  readonly begin: NestExpr;
  readonly hi: NestExpr;
  readonly tiles: Tiles;
  readonly thread: NestExpr;
}

/** Makes the block of `value` in its tile; steps beyond the end are 0. */
export function fillTile(
  { placer, names }: Site,
  scope: Scope,
  { value, width, tile, at }: Fill,
  { along, begin, hi, tiles, thread }: Block,
): void {
  const { BK, pad } = tiles;
  const apart = threadsOf(tiles) / width;
  addLoop(names, scope, { hint: "step", hi: i32(BK / apart) }, (turn, count) => {
    const named = (hint: string, e: NestExpr): NestExpr => {
      const result = placer.declare(turn, hint, e);
      if (result.kind === "var") names.keep(result.name);
      return result;
    };
    const step =
      apart === 1
        ? count
        : named(
            "row",
            calculate("add", times(count, apart), calculate("quot", thread, i32(width))),
          );
    const bound = innerScope(turn, [along]);
    const k = named(loopName(names, along), calculate("add", begin, step));
    // Beyond the end the last element is made again, so that what steps share is made outside of this loop.
    const last = calculate("sub", hi, i32(1));
    bound.values.set(index(along), placer.declare(bound, "safe", calculate("minimum", k, last)));
    const element = placer.lower(value, bound);
    // Warps read steps side by side, threads rows.
    const address = tiles.product
      ? calculate("add", times(at, warpStride(tiles)), step)
      : calculate("add", times(step, width + pad), at);
    const made: NestExpr = { kind: "select", cond: less(k, hi), then: element, else: zero };
    const kept: NestExpr =
      tile.dtype === "f32" ? made : { kind: "cast", to: tile.dtype, arg: made };
    turn.body.push(...bound.body, store(tile.name, address, kept));
  });
}

/** Gives the indices of loops their names in `scope`, of the element at row-major `place` of them. */
export function bindPlace(
  { placer, names }: Site,
  scope: Scope,
  loops: readonly Loop[],
  place: NestExpr,
): void {
  let rest = place;
  for (const [d, l] of [...loops.entries()].toReversed()) {
    const hint = loopName(names, l);
    const extent = d === 0 ? undefined : placer.lower(l.hi, scope);
    const at = placer.declare(scope, hint, extent ? calculate("rem", rest, extent) : rest);
    if (at.kind === "var") names.keep(at.name);
    scope.values.set(index(l), at);
    if (!extent) break;
    rest = placer.declare(scope, "rest", calculate("quot", rest, extent));
  }
}
