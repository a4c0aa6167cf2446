// Loops that CPU threads share out: the outermost ones, or blocks of the innermost one where what is added to along it
// is what a thread owns.

import { type Block, i32, type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import type { Pack } from "./contract/pack.ts";
import { insideOf, loopsOf } from "./domain.ts";
import { innerScope, type Scope } from "./scope.ts";
import { elementCount, loopOf, type Site, splitIndex } from "./site.ts";
import { storeWalk } from "./store.ts";

/** The loops of a launch with those outside that CPU threads share out; whole blocks of a `pack` are made apart. */
export function buildParallel(site: Site, root: Scope, pack?: Pack): { readonly body: Block } {
  const { names, split, walk } = site;
  if (split.flat.length === 0) return buildBlocks(site, root);
  const place = names.fresh("index");
  names.keep(place);
  const total = elementCount(site, root);
  const inner = innerScope(root, split.flat);
  splitIndex(site, inner, variable(place));
  const each = insideOf(walk, split.flat.length);
  if (pack) {
    const [then, otherwise] = [innerScope(inner, "guarded"), innerScope(inner, "guarded")];
    const cond = site.placer.lower(pack.isWhole, inner);
    storeWalk(site, pack.walk, then, undefined);
    storeWalk(site, each, otherwise, undefined);
    inner.body.push({ kind: "if", cond, then: then.body, else: otherwise.body });
  } else storeWalk(site, each, inner, undefined);
  return { body: [...root.body, loopOf(place, i32(0), total, "parallel", inner.body)] };
}

// Each block computes all places and weights again, so there are few of them, and none is short.
const mostBlocks = 2;
const leastBlock = 64;

/** Blocks of the innermost loop, each of which runs all loops around it. */
function buildBlocks(site: Site, root: Scope): { readonly body: Block } {
  const { names, placer, walk, vectors, ranges } = site;
  const last = loopsOf(walk).at(-1);
  const by = last && vectors.get(last);
  if (!last || by === undefined) throw new Error("no loop is left for CPU threads to share out");
  const extent = placer.lower(last.hi, root);
  const share = op("quot", op("add", extent, i32(mostBlocks - 1)), i32(mostBlocks));
  const strips = op("quot", op("add", share, i32(by - 1)), i32(by));
  const length = placer.declare(
    root,
    "block_length",
    op("maximum", i32(leastBlock), op("mul", strips, i32(by))),
  );
  const more: NestExpr = op("add", extent, op("sub", length, i32(1)));
  const blocks = placer.declare(root, "blocks", op("quot", more, length));
  const block = names.fresh("block");
  const inner = innerScope(root, []);
  const lo = placer.declare(inner, "from", op("mul", variable(block), length));
  const hi = placer.declare(inner, "to", op("minimum", extent, op("add", lo, length)));
  ranges.set(last, { lo, hi });
  storeWalk(site, walk, inner, undefined);
  const loop: Stmt = loopOf(block, i32(0), blocks, "parallel", inner.body);
  return { body: [...root.body, loop] };
}

const op = (
  name: "add" | "sub" | "mul" | "quot" | "minimum" | "maximum",
  a: NestExpr,
  b: NestExpr,
): NestExpr => ({ kind: "op", op: name, args: [a, b], type: "i32" });
