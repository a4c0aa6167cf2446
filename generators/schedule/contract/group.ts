// A contraction on a device with groups of threads: each group makes one tile of the output. Its threads make
// blocks of both factors in shared memory, each element once, and every thread adds up its own part of the tile
// in registers.

import type { Expr, Loop } from "../../ir/expr.ts";
import { hostExpr, product } from "../../ir/host.ts";
import { type BufferDecl, i32, type NestExpr, type Stmt, variable } from "../../ir/nest.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { innerScope, type Scope } from "../scope.ts";
import { loopOf, type Site } from "../site.ts";
import { bindPlace, fillTile } from "./fill.ts";
import { multiplyOwn, placeOwn, storeOwn } from "./own.ts";
import type { Contraction } from "./recognise.ts";
import { type Tiles, threadsOf, warpStride } from "./tiles.ts";
import { multiplyInWarps, placeInWarp } from "./warps.ts";
import { addLoop, calculate, load, pieces, store, times, zero } from "./write.ts";

/** What a launch becomes: its body, the memory of its groups and threads, and how many of each there are. */
export interface Tiled {
  readonly body: readonly Stmt[];
  readonly shared: readonly BufferDecl[];
  readonly group: number;
}

/** How many groups share out a contraction. */
export function groupsOfTiles({ b, m, p }: Contraction, { BM, BP }: Tiles): NestExpr {
  const extent = (loops: readonly Loop[]) => product(loops.map((l) => hostExpr(l.hi)));
  return product([extent(b), pieces(extent(m), BM), pieces(extent(p), BP)]);
}

/** Are there as many rows as tiles are worth? A test of sizes, where it is not known. */
export function hasRows({ m }: Contraction, { least }: Tiles): NestExpr | boolean {
  const rows = product(m.map((l) => hostExpr(l.hi)));
  if (least <= 1) return true;
  if (rows.kind === "const") return rows.value >= least;
  return { kind: "op", op: "le", args: [i32(least), rows], type: "bool" };
}

/** The body of a launch that computes `c` tile by tile. */
export function tileContraction(site: Site, root: Scope, c: Contraction, tiles: Tiles): Tiled {
  const { names, placer } = site;
  const { BM, BP, BK, TM, TP, pad, rolled, product: type } = tiles;
  const threads = threadsOf(tiles);
  const say = (scope: Scope, hint: string, value: NestExpr): NestExpr => {
    const named = placer.declare(scope, hint, value);
    if (named.kind === "var") names.keep(named.name);
    return named;
  };
  const array = (
    hint: string,
    place: BufferDecl["place"],
    elements: number,
    dtype: BufferDecl["dtype"] = "f32",
  ): BufferDecl => ({
    name: names.fresh(hint),
    place,
    dtype,
    access: "update",
    shape: [i32(elements)],
    strides: [i32(1)],
  });

  const extentOf = (hint: string, loops: readonly Loop[]): NestExpr => {
    const extent = product(loops.map((l) => placer.lower(l.hi, root)));
    return isName(extent) ? extent : say(root, hint, extent);
  };
  const [M, P] = [extentOf("rows", c.m), extentOf("columns", c.p)];
  const tilesM = say(root, "row_tiles", pieces(M, BM));
  const tilesP = say(root, "column_tiles", pieces(P, BP));
  const total = [...c.b.map((l) => placer.lower(l.hi, root)), tilesM, tilesP].reduce((a, b) =>
    calculate("mul", a, b),
  );

  const [group, thread] = [names.fresh("group"), names.fresh("thread")];
  const inner = innerScope(root, c.b);
  const rest = placer.declare(inner, "rest", calculate("quot", variable(group), tilesM));
  const m0 = times(calculate("rem", variable(group), tilesM), BM);
  const p0 = times(calculate("rem", rest, tilesP), BP);
  const first = { m: say(inner, "first_row", m0), p: say(inner, "first_column", p0) };
  if (c.b.length > 0)
    bindPlace(site, inner, c.b, placer.declare(inner, "batch", calculate("quot", rest, tilesP)));

  const sides = [
    { value: c.f.value, loops: c.m, width: BM, first: first.m, total: M, lane: "row" },
    { value: c.s.value, loops: c.p, width: BP, first: first.p, total: P, lane: "column" },
  ] as const;
  const [hintF, hintS] = [nameOfSide(c, c.f.value) ?? "f", nameOfSide(c, c.s.value) ?? "s"];
  const tileOf = (hint: string, width: number): BufferDecl =>
    type
      ? array(hint, "shared", width * warpStride(tiles), type)
      : array(hint, "shared", BK * (width + pad));
  const [f, s] = [tileOf(`${hintF}_tile`, BM), tileOf(`${hintS}_tile`, BP)] as const;
  const placed = { first, tiles, thread: variable(thread), M, P };
  const ofWarp = type ? placeInWarp(inner, placed, say) : undefined;
  const own = ofWarp ?? placeOwn(inner, placed, say);
  const acc = array("acc", "register", TM * TP);
  const ownF = array(`${hintF}_own`, "register", TM);
  const ownS = array(`${hintS}_own`, "register", TP);
  addLoop(names, inner, { hint: "q", hi: i32(TM * TP), by: "unroll" }, (scope, q) => {
    scope.body.push(store(acc.name, q, zero));
  });

  // Each thread makes elements of one row of F and of one column of S, whose places are the same throughout.
  const made = innerScope(inner, [...c.m, ...c.p]);
  const fills = sides.map((side, i) => {
    const at = say(made, `${side.lane}_lane`, calculate("rem", variable(thread), i32(side.width)));
    const last = calculate("sub", side.total, i32(1));
    const place = calculate("minimum", calculate("add", side.first, at), last);
    bindPlace(site, made, side.loops, placer.declare(made, "place", place));
    return { value: side.value, width: side.width, tile: [f, s][i]!, at };
  });
  const along = c.k.at(-1);
  if (!along) throw new Error("a contraction adds up along an axis");
  const { scope: tap, close } = placer.openLoops(c.k.slice(0, -1), made);
  const [lo, hi] = [placer.lower(along.lo, tap), placer.lower(along.hi, tap)];
  const blocks = pieces(calculate("sub", hi, lo), BK);
  addLoop(names, tap, { hint: "block", hi: blocks }, (block, at) => {
    const begin = placer.declare(block, "begin", calculate("add", lo, times(at, BK)));
    for (const fill of fills)
      fillTile(site, block, fill, { along, begin, hi, tiles, thread: variable(thread) });
    block.body.push({ kind: "barrier" });
    if (ofWarp) multiplyInWarps(names, block, ofWarp, { acc, f, s, tiles }, say);
    else multiplyOwn(names, block, own, { acc, f, s, ownF, ownS, tiles });
    block.body.push({ kind: "barrier" });
  });
  close();
  inner.body.push(...made.body);

  // Where loops have to be written out, the elements are stored in loops over a copy: that is less text.
  const result = rolled ? array("result", "register", TM * TP) : acc;
  if (rolled)
    addLoop(names, inner, { hint: "q", hi: i32(TM * TP), by: "unroll" }, (scope, q) => {
      scope.body.push(store(result.name, q, load(acc, q)));
    });
  storeOwn(site, inner, c, own, { result, tiles });
  return {
    body: [
      ...root.body,
      loopOf(group, i32(0), total, "grid", [
        loopOf(thread, i32(0), i32(threads), "group", inner.body),
      ]),
    ],
    shared: [f, s, acc, ...(rolled ? [result] : []), ...(type ? [] : [ownF, ownS])],
    group: threads,
  };
}

/** What a side reads anew in each step of the sum. */
function nameOfSide({ k }: Contraction, value: Expr): string | undefined {
  const along = k.at(-1);
  let name: string | undefined;
  visit([value], (e) => {
    if (e.kind === "read" && along && freeLoops(e).has(along)) name ??= e.from;
  });
  return name;
}

/** Is a value there already, so that it needs no name? */
const isName = (e: NestExpr): boolean => e.kind === "var" || e.kind === "const";
