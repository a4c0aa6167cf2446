// A contraction on a device with groups of threads: each group makes one tile of the output. Its threads make
// blocks of both factors in shared memory, each element once, and every thread adds up its own part of the tile
// in registers.

import { type Expr, index, type Loop } from "../../ir/expr.ts";
import { hostExpr, product } from "../../ir/host.ts";
import { type BufferDecl, i32, type NestExpr, type Stmt, variable } from "../../ir/nest.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { loopName } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";
import { loopOf, type Site } from "../site.ts";
import { storeStep } from "../store.ts";
import type { Contraction } from "./recognise.ts";
import { type Tiles, threadsOf } from "./tiles.ts";
import { addLoop, calculate, less, load, pieces, store } from "./write.ts";

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

/** One side of the product on its way through shared memory. */
interface Panel {
  readonly value: Expr;
  readonly loops: readonly Loop[];
  /** Elements of a row. */
  readonly width: number;
  readonly tile: BufferDecl;
  readonly start: NestExpr;
  readonly total: NestExpr;
}

/** The body of a launch that computes `c` tile by tile. */
export function tileContraction(site: Site, root: Scope, c: Contraction, tiles: Tiles): Tiled {
  const { names, placer } = site;
  const { BM, BP, BK, TM, TP, pad } = tiles;
  const threads = threadsOf(tiles);
  const keep = (e: NestExpr): NestExpr => {
    if (e.kind === "var") names.keep(e.name);
    return e;
  };
  const say = (scope: Scope, hint: string, value: NestExpr) =>
    keep(placer.declare(scope, hint, value));
  const extentOf = (loops: readonly Loop[]) => product(loops.map((l) => placer.lower(l.hi, root)));
  const array = (hint: string, place: BufferDecl["place"], elements: number): BufferDecl => ({
    name: names.fresh(hint),
    place,
    dtype: "f32",
    access: "update",
    shape: [i32(elements)],
    strides: [i32(1)],
  });

  const extent = (hint: string, e: NestExpr) => (isName(e) ? e : say(root, hint, e));
  const [M, P] = [extent("rows", extentOf(c.m)), extent("columns", extentOf(c.p))];
  const [tilesM, tilesP] = [pieces(M, BM), pieces(P, BP)].map((e) => say(root, "tiles", e)) as [
    NestExpr,
    NestExpr,
  ];
  const total = [...c.b.map((l) => placer.lower(l.hi, root)), tilesM, tilesP].reduce((a, b) =>
    calculate("mul", a, b),
  );

  const [group, thread] = [names.fresh("group"), names.fresh("thread")];
  const inner = innerScope(root, c.b);
  const rest = say(inner, "tile", calculate("quot", variable(group), tilesM));
  const m0 = say(
    inner,
    "row",
    calculate("mul", calculate("rem", variable(group), tilesM), i32(BM)),
  );
  const p0 = say(inner, "column", calculate("mul", calculate("rem", rest, tilesP), i32(BP)));
  if (c.b.length > 0)
    bindPlace(site, inner, c.b, placer.declare(inner, "batch", calculate("quot", rest, tilesP)));

  const across = BP / TP;
  const own = {
    m: say(
      inner,
      "own_row",
      calculate("mul", calculate("quot", variable(thread), i32(across)), i32(TM)),
    ),
    p: say(inner, "own_column", calculate("rem", variable(thread), i32(across))),
  };
  const acc = array("acc", "register", TM * TP);
  const fOwn = array("f", "register", TM);
  const sOwn = array("s", "register", TP);
  addLoop(names, inner, { hint: "q", hi: i32(TM * TP), by: "unroll" }, (scope, q) => {
    scope.body.push(store(acc.name, q, zero));
  });

  const [fTile, sTile] = [
    array(`${nameOfSide(c, c.f.value) ?? "f"}_tile`, "shared", BK * (BM + pad)),
    array(`${nameOfSide(c, c.s.value) ?? "s"}_tile`, "shared", BK * (BP + pad)),
  ];
  const panels: readonly Panel[] = [
    { value: c.f.value, loops: c.m, width: BM, tile: fTile, start: m0, total: M },
    { value: c.s.value, loops: c.p, width: BP, tile: sTile, start: p0, total: P },
  ];
  // Each thread makes elements of one row of F and of one column of S, whose places are the same throughout.
  const made = innerScope(inner, [...c.m, ...c.p]);
  const placed = panels.map((panel) => {
    const at = say(made, "lane", calculate("rem", variable(thread), i32(panel.width)));
    const last = calculate("sub", panel.total, i32(1));
    const place = calculate("minimum", calculate("add", panel.start, at), last);
    bindPlace(site, made, panel.loops, placer.declare(made, "place", place));
    return { ...panel, at };
  });
  const outer = c.k.slice(0, -1);
  const along = c.k.at(-1);
  if (!along) throw new Error("a contraction adds up along an axis");
  const { scope: tap, close } = placer.openLoops(outer, made);
  const [lo, hi] = [placer.lower(along.lo, tap), placer.lower(along.hi, tap)];
  const steps = pieces(calculate("sub", hi, lo), BK);
  addLoop(names, tap, { hint: "block", hi: steps }, (block, k0) => {
    const first = say(block, "first", calculate("add", lo, calculate("mul", k0, i32(BK))));
    for (const { value, width, tile, at } of placed) {
      const turns = (BK * width) / threads;
      const start = threads === width ? i32(0) : calculate("quot", variable(thread), i32(width));
      addLoop(names, block, { hint: "turn", hi: i32(turns) }, (turn, r) => {
        const step = say(
          turn,
          "step",
          calculate("add", start, calculate("mul", r, i32(threads / width))),
        );
        const bound = innerScope(turn, [along]);
        const k = say(bound, loopName(names, along), calculate("add", first, step));
        const exists = less(k, hi);
        // Beyond the end the last element is made again, so that what it shares is made outside of this loop.
        const safe = calculate("minimum", k, calculate("sub", hi, i32(1)));
        bound.values.set(index(along), placer.declare(bound, "safe", safe));
        const element = placer.lower(value, bound);
        const address = calculate("add", calculate("mul", step, i32(width + pad)), at);
        const made: NestExpr = { kind: "select", cond: exists, then: element, else: zero };
        turn.body.push(...bound.body, store(tile.name, address, made));
      });
    }
    block.body.push({ kind: "barrier" });
    addLoop(names, block, { hint: "step", hi: i32(BK) }, (scope, step) => {
      const rowOf = (width: number, at: NestExpr) =>
        calculate("add", calculate("mul", step, i32(width + pad)), at);
      addLoop(names, scope, { hint: "i", hi: i32(TM), by: "unroll" }, (s, i) => {
        const from = load(fTile, rowOf(BM, calculate("add", own.m, i)));
        s.body.push(store(fOwn.name, i, from));
      });
      addLoop(names, scope, { hint: "j", hi: i32(TP), by: "unroll" }, (s, j) => {
        const at = calculate("add", own.p, calculate("mul", j, i32(across)));
        s.body.push(store(sOwn.name, j, load(sTile, rowOf(BP, at))));
      });
      addLoop(names, scope, { hint: "i", hi: i32(TM), by: "unroll" }, (outerScope, i) => {
        addLoop(names, outerScope, { hint: "j", hi: i32(TP), by: "unroll" }, (s, j) => {
          const at = calculate("add", calculate("mul", i, i32(TP)), j);
          const term = calculate("mul", load(fOwn, i), load(sOwn, j));
          s.body.push({
            kind: "accumulate",
            buffer: acc.name,
            address: at,
            value: term,
            mode: "plain",
          });
        });
      });
    });
    block.body.push({ kind: "barrier" });
  });
  close();
  inner.body.push(...made.body);

  addLoop(names, inner, { hint: "j", hi: i32(TP), by: "unroll" }, (scope, j) => {
    const offset = calculate("add", own.p, calculate("mul", j, i32(across)));
    const p = say(scope, "place", calculate("add", p0, offset));
    const exists = innerScope(scope, c.p);
    bindPlace(site, exists, c.p, p);
    addLoop(names, exists, { hint: "i", hi: i32(TM), by: "unroll" }, (s, i) => {
      const m = say(s, "place", calculate("add", calculate("add", m0, own.m), i));
      const element = innerScope(s, c.m);
      bindPlace(site, element, c.m, m);
      const sum = load(acc, calculate("add", calculate("mul", i, i32(TP)), j));
      const from = placer.lower(c.from, element);
      const isZero = from.kind === "const" && from.value === 0;
      element.values.set(c.sum, isZero ? sum : calculate("add", from, sum));
      const parts = [c.element];
      storeStep(site, [{ stage: c.stage, at: c.at, parts, when: undefined }], element, undefined);
      s.body.push({ kind: "if", cond: less(m, M), then: element.body, else: [] });
    });
    scope.body.push({ kind: "if", cond: less(p, P), then: exists.body, else: [] });
  });

  return {
    body: [
      ...root.body,
      loopOf(group, i32(0), total, "grid", [
        loopOf(thread, i32(0), i32(threads), "group", inner.body),
      ]),
    ],
    shared: [fTile, sTile, acc, fOwn, sOwn],
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

const zero: NestExpr = { kind: "const", type: "f32", value: 0 };

/** Gives the indices of loops their names in `scope`, of the element at row-major `place` of them. */
function bindPlace(
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
