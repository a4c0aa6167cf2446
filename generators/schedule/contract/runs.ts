// A sum along an axis whose indices are asked for their block owner becomes a sum over the blocks, and over what
// of the axis lies in each: what depends on the owner alone is then computed once for a block.

import { freshLoop, make } from "../../ir/build.ts";
import { type Expr, index, int, type Loop } from "../../ir/expr.ts";
import type { Facts } from "../../ir/facts.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { copyTo } from "../copies.ts";

/** Loops in each other, and values in terms of their indices. */
export interface Walked {
  readonly over: readonly Loop[];
  readonly values: readonly Expr[];
}

/** An owner of the indices of one loop: owner(start + index, whole, blocks). */
interface Owner {
  readonly owner: Expr;
  readonly start: Expr;
  readonly whole: Expr;
  readonly blocks: Expr;
}

/**
 * Each loop whose indices have one owner, as a loop over owners and one over the run of indices that it has.
 * Runs may be cut short at both ends: blocks of the loop's own axis and those of its owner need not nest.
 */
export function walkRuns(walked: Walked, facts: Facts, names: Map<Expr | Loop, string>): Walked {
  return walked.over.reduce<Walked>((now, l) => {
    const found = ownerAlong(now.values, l, facts);
    return found ? splitRun(now, l, found, names) : now;
  }, walked);
}

/** The only owner that indices of `l` are asked for, where its blocks are of one size. */
function ownerAlong(values: readonly Expr[], l: Loop, facts: Facts): Owner | undefined {
  if (l.lo !== int(0)) return undefined;
  const owners: Owner[] = [];
  visit(values, (e) => {
    if (e.kind !== "op" || e.op !== "owner" || !freeLoops(e).has(l)) return;
    const [at, whole, blocks] = e.args as readonly [Expr, Expr, Expr];
    const start = startOf(at, l);
    owners.push({ owner: e, start: start ?? at, whole, blocks });
  });
  const [first, ...more] = owners;
  if (!first || more.length > 0 || freeLoops(first.start).has(l)) return undefined;
  const { whole, blocks } = first;
  return facts.divides(blocks, whole) ? first : undefined;
}

/** What the index of `l` is added to in `at`. */
function startOf(at: Expr, l: Loop): Expr | undefined {
  if (at === index(l)) return int(0);
  if (at.kind !== "op" || at.args[1] !== index(l) || freeLoops(at.args[0]!).has(l))
    return undefined;
  if (at.op === "add") return at.args[0];
  if (at.op !== "member") return undefined;
  const [block, , whole, blocks] = at.args as readonly [Expr, Expr, Expr, Expr];
  return make("mul", block, make("idiv", whole, blocks));
}

function splitRun(
  { over, values }: Walked,
  l: Loop,
  { owner, start, whole, blocks }: Owner,
  names: Map<Expr | Loop, string>,
): Walked {
  const each = make("idiv", whole, blocks);
  const ownerOf = (i: Expr): Expr => make("owner", make("add", start, i), whole, blocks);
  const axis = blocks.kind === "size" ? blocks.axis : `${l.axis}_block`;
  const isWhole = start === int(0) && l.hi === whole;
  const run = freshLoop(
    axis,
    isWhole ? int(0) : ownerOf(int(0)),
    isWhole
      ? blocks
      : make("minimum", blocks, make("add", ownerOf(make("sub", l.hi, int(1))), int(1))),
  );
  const begin = make("sub", make("mul", index(run), each), start);
  const inside = isWhole
    ? freshLoop(l.axis, int(0), each)
    : freshLoop(
        l.axis,
        make("maximum", int(0), begin),
        make("minimum", l.hi, make("add", begin, each)),
      );
  const author = names.get(l) ?? l.axis.toLowerCase();
  names.set(run, names.get(owner) ?? `${author}_block`);
  names.set(inside, isWhole ? `${author}_in` : author);
  const at = isWhole ? make("member", index(run), index(inside), whole, blocks) : index(inside);
  const copy = copyTo(
    {
      count: 1,
      indices: new Map([[l, [at]]]),
      nodes: new Map([[owner, [index(run)]]]),
      settle: (e) => e,
      order: (loops) => loops,
    },
    (from, to) => {
      const name = names.get(from);
      if (name !== undefined && !names.has(to)) names.set(to, name);
    },
  );
  return {
    over: over.flatMap((other) => (other === l ? [run, inside] : [other])),
    values: values.map((e) => copy(e)[0]!),
  };
}
