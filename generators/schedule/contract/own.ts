// The elements of a tile that one thread adds up: which they are, and how they are stored.

import { type BufferDecl, i32, type NestExpr } from "../../ir/nest.ts";
import type { Names } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { storeStep } from "../store.ts";
import { bindPlace } from "./fill.ts";
import type { Contraction } from "./recognise.ts";
import type { Tiles } from "./tiles.ts";
import { addLoop, calculate, less, load, store, times } from "./write.ts";

/** Where a thread's elements lie in the tile, and in the output. */
export interface Own {
  readonly rowInTile: (row: NestExpr) => NestExpr;
  readonly columnInTile: (column: NestExpr) => NestExpr;
  /** Which of its accumulators is for its own row and column. */
  readonly placeOf: (row: NestExpr, column: NestExpr) => NestExpr;
  readonly first: { readonly m: NestExpr; readonly p: NestExpr };
  readonly M: NestExpr;
  readonly P: NestExpr;
}

/** What decides where a thread's elements lie. */
export interface Placed extends Pick<Own, "first" | "M" | "P"> {
  readonly tiles: Tiles;
  readonly thread: NestExpr;
}

/** Columns that a thread has side by side: as many as shared memory gives at once. */
const together = 4;

/**
 * Rows of a thread follow each other. Its columns stand in fours: threads beside each other then read and write
 * what lies side by side.
 */
export function placeOwn(
  scope: Scope,
  { first, tiles, thread, M, P }: Placed,
  say: (scope: Scope, hint: string, value: NestExpr) => NestExpr,
): Own {
  const { BP, TM, TP } = tiles;
  const across = BP / TP;
  const by = TP % together === 0 ? together : 1;
  const row = say(scope, "own_row", times(calculate("quot", thread, i32(across)), TM));
  const column = say(scope, "own_column", times(calculate("rem", thread, i32(across)), by));
  return {
    first,
    M,
    P,
    rowInTile: (own) => calculate("add", row, own),
    placeOf: (own, next) => calculate("add", times(own, TP), next),
    columnInTile: (own) => {
      if (TP === by) return calculate("add", column, own);
      const run = times(calculate("quot", own, i32(by)), across * by);
      return calculate("add", calculate("add", column, run), calculate("rem", own, i32(by)));
    },
  };
}

/** Adds the products of a block of steps to a thread's accumulators, from its own copies of rows and columns. */
export function multiplyOwn(
  names: Names,
  block: Scope,
  own: Own,
  memory: Readonly<Record<"acc" | "f" | "s" | "ownF" | "ownS", BufferDecl>> & {
    readonly tiles: Tiles;
  },
): void {
  const { acc, f, s, ownF, ownS, tiles } = memory;
  const { BM, BP, BK, TM, TP, pad } = tiles;
  addLoop(names, block, { hint: "step", hi: i32(BK) }, (scope, step) => {
    addLoop(names, scope, { hint: "row", hi: i32(TM), by: "unroll" }, (inside, row) => {
      const from = calculate("add", times(step, BM + pad), own.rowInTile(row));
      inside.body.push(store(ownF.name, row, load(f, from)));
    });
    addLoop(names, scope, { hint: "column", hi: i32(TP), by: "unroll" }, (inside, column) => {
      const from = calculate("add", times(step, BP + pad), own.columnInTile(column));
      inside.body.push(store(ownS.name, column, load(s, from)));
    });
    addLoop(names, scope, { hint: "row", hi: i32(TM), by: "unroll" }, (outer, row) => {
      addLoop(names, outer, { hint: "column", hi: i32(TP), by: "unroll" }, (inside, column) => {
        inside.body.push({
          kind: "accumulate",
          buffer: acc.name,
          address: own.placeOf(row, column),
          value: calculate("mul", load(ownF, row), load(ownS, column)),
          mode: "plain",
        });
      });
    });
  });
}

/** Stores a thread's elements, of those that exist. */
export function storeOwn(
  site: Site,
  scope: Scope,
  c: Contraction,
  { rowInTile, columnInTile, placeOf, first, M, P }: Own,
  { result, tiles }: { readonly result: BufferDecl; readonly tiles: Tiles },
): void {
  const { names, placer } = site;
  const { TM, TP, rolled } = tiles;
  const by = rolled ? "serial" : "unroll";
  const named = (at: Scope, hint: string, value: NestExpr): NestExpr => {
    const result = placer.declare(at, hint, value);
    if (result.kind === "var") names.keep(result.name);
    return result;
  };
  addLoop(names, scope, { hint: "column", hi: i32(TP), by }, (outer, column) => {
    const p = named(outer, "place", calculate("add", first.p, columnInTile(column)));
    const exists = innerScope(outer, c.p);
    bindPlace(site, exists, c.p, p);
    addLoop(names, exists, { hint: "row", hi: i32(TM), by }, (inner, row) => {
      const m = named(inner, "place", calculate("add", first.m, rowInTile(row)));
      const element = innerScope(inner, c.m);
      bindPlace(site, element, c.m, m);
      const sum = load(result, placeOf(row, column));
      const from = placer.lower(c.from, element);
      const isZero = from.kind === "const" && from.value === 0;
      element.values.set(c.sum, isZero ? sum : calculate("add", from, sum));
      const parts = [c.element];
      storeStep(site, [{ stage: c.stage, at: c.at, parts, when: undefined }], element, undefined);
      inner.body.push({ kind: "if", cond: less(m, M), then: element.body, else: [] });
    });
    outer.body.push({ kind: "if", cond: less(p, P), then: exists.body, else: [] });
  });
}
