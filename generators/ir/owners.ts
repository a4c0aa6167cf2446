// Splits axes by their owners: `for c: … owner(c, C, G) …` becomes `for g, for c' < C / G: … g …`,
// so that the block of an index is an index itself. Nothing else changes: elements keep their place
// in memory, sums and maxima their order.
//
// Left alone are loops whose index is asked for owners under two different cuts (2 groups and 3
// offset groups over 6 channels do not nest), cuts that are not known to divide the axis, partial
// loops, and domain axes of stages that are read with a border rule.

import { make } from "./build.ts";
import { type Expr, index, int, type Loop, loop, read } from "./expr.ts";
import { type Facts, factsOf } from "./facts.ts";
import { type Kernel, rootsOf, type Stage } from "./kernel.ts";
import { makeMapper, mapNames, mapStage } from "./map.ts";
import { simplify } from "./simplify.ts";
import { visit } from "./walk.ts";

/** An axis of `whole` elements in `blocks` equal blocks. */
interface Cut {
  readonly whole: Expr;
  readonly blocks: Expr;
}

/**
 * `kernel` with every loop split that is used through one owner; the same object where there is
 * none.
 */
export function splitOwners(kernel: Kernel): Kernel {
  const facts = factsOf(kernel);
  const cuts = findCuts(kernel, facts);
  const names = new Map<Expr | Loop, string>();
  const rule = (e: Expr): Expr => simplify(cancelOwner(splitRead(e, kernel, cuts, facts), facts));
  const mapper = makeMapper({
    node: rule,
    // Room for a block's loop between any two levels.
    level: (l) => (cuts.size > 0 ? 2 * l.level : l.level),
    replace: (l, mapped) => {
      const cut = cuts.get(l);
      if (!cut) return undefined;
      const axis = cut.blocks.kind === "size" ? cut.blocks.axis : `${l.axis}_block`;
      const [lo, level] = [int(0), mapped.level];
      const block = loop({ axis, lo, hi: cut.blocks, level: level + 1, cover: false });
      const hi = make("idiv", cut.whole, cut.blocks);
      const within = loop({ axis: `${l.axis}_in`, lo, hi, level, cover: false });
      const owner = kernel.names.get(make("owner", index(l), cut.whole, cut.blocks));
      const own = kernel.names.get(l) ?? l.axis.toLowerCase();
      names.set(block, owner ?? `${own}_block`).set(within, `${own}_in`);
      const whole = make("member", index(block), index(within), cut.whole, cut.blocks);
      names.set(whole, own);
      return { loops: [block, within], index: whole };
    },
  });
  const stages = kernel.stages.map((stage) => mapStage(stage, mapper));
  if (stages.every((stage, i) => isSame(stage, kernel.stages[i]!))) return kernel;
  for (const [node, name] of mapNames(kernel, mapper)) if (!names.has(node)) names.set(node, name);
  return { ...kernel, stages, names };
}

const isSame = (a: Stage, b: Stage): boolean => {
  const [x, y] = [rootsOf(a), rootsOf(b)];
  return x.every((e, i) => e === y[i]) && a.domain.every((l, d) => l === b.domain[d]);
};

/** The loops to split, each with its only cut. */
function findCuts(kernel: Kernel, facts: Facts): ReadonlyMap<Loop, Cut> {
  const found = new Map<Loop, Cut | "several">();
  const fixed = new Set<Loop>();
  const keep = (loops: readonly Loop[]) => {
    for (const l of loops) fixed.add(l);
  };
  for (const stage of kernel.stages) if (stage.kind === "scatter") keep(stage.shape);
  visit(kernel.stages.flatMap(rootsOf), (e) => {
    if (e.kind === "read" && e.border !== "inside")
      for (const stage of kernel.stages) if (stage.name === e.from) keep(stage.domain);
    if (e.kind !== "op" || e.op !== "owner") return;
    const [at, whole, blocks] = e.args as readonly [Expr, Expr, Expr];
    if (at.kind !== "index") return;
    const known = found.get(at.loop);
    const again = known && known !== "several" && known.whole === whole && known.blocks === blocks;
    if (!again) found.set(at.loop, known ? "several" : { whole, blocks });
  });
  const cuts = new Map<Loop, Cut>();
  for (const [l, cut] of found) {
    if (cut === "several" || fixed.has(l) || l.cover || l.lo !== int(0)) continue;
    if (cut.whole !== l.hi || !isOutside(cut.whole) || !isOutside(cut.blocks)) continue;
    if (facts.divides(cut.blocks, cut.whole)) cuts.set(l, cut);
  }
  return cuts;
}

/** Does `e` depend on sizes, attributes and constants only? */
function isOutside(e: Expr): boolean {
  let outside = true;
  visit([e], (x) => {
    if (["index", "read", "part", "option"].includes(x.kind)) outside = false;
  });
  return outside;
}

/** A read of a stage whose domain is split has the block and the place within it as positions. */
function splitRead(e: Expr, kernel: Kernel, cuts: ReadonlyMap<Loop, Cut>, facts: Facts): Expr {
  if (e.kind !== "read") return e;
  const stage = kernel.stages.find(({ name }) => name === e.from);
  if (stage?.kind !== "gather" || !stage.domain.some((l) => cuts.has(l))) return e;
  const at = e.at.flatMap((p, d) => {
    const cut = cuts.get(stage.domain[d]!);
    return cut ? placeIn(p, cut, facts) : [p];
  });
  return read({ ...e, at });
}

/** Block and place within the block of position `p`. */
function placeIn(p: Expr, { whole, blocks }: Cut, facts: Facts): readonly [Expr, Expr] {
  if (isMemberOf(p, whole, blocks, facts)) return [p.args[0]!, p.args[1]!];
  const block = make("owner", p, whole, blocks);
  return [block, make("sub", p, make("mul", block, make("idiv", whole, blocks)))];
}

/** `e`, or `b` where it is `owner(member(b, k, …), …)` under one cut, k being known to lie within a block. */
export function cancelOwner(e: Expr, facts: Facts): Expr {
  if (e.kind !== "op" || e.op !== "owner") return e;
  const [at, whole, blocks] = e.args as readonly [Expr, Expr, Expr];
  return isMemberOf(at, whole, blocks, facts) ? at.args[0]! : e;
}

type Op = Extract<Expr, { kind: "op" }>;

function isMemberOf(e: Expr, whole: Expr, blocks: Expr, facts: Facts): e is Op {
  if (e.kind !== "op" || e.op !== "member") return false;
  const [, k, w, b] = e.args as readonly [Expr, Expr, Expr, Expr];
  if (!facts.same(w, whole) || !facts.same(b, blocks) || k.kind !== "index") return false;
  return k.loop.lo === int(0) && facts.same(k.loop.hi, make("idiv", whole, blocks));
}
