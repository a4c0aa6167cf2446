// Axes that are cut at their owners, so that what depends on the owner alone is the same within a block.

import { freshLoop, make } from "../ir/build.ts";
import { constant, type Expr, index, int, kindOf, type Loop } from "../ir/expr.ts";
import type { Facts } from "../ir/facts.ts";
import { isNonNegative, isWithin } from "../ir/ranges.ts";
import { visit } from "../ir/walk.ts";

/** What `inside` of a split stands for when a copy is made: the block's index and its own. */
export const splitNodes = (
  splits: ReadonlyMap<Loop, Split>,
  count: number,
  insideOf: (l: Loop) => readonly Expr[],
): ReadonlyMap<Expr, readonly Expr[]> =>
  new Map(
    [...splits].flatMap(([l, { owner, rest, block }]) => [
      [owner, Array.from({ length: count }, () => index(block))],
      [rest, insideOf(l)],
    ]),
  );

/** An axis that is cut into equal blocks, all of whose owners in an expression are `owner`. */
export interface Split {
  readonly owner: Expr;
  /** The place within the block. */
  readonly rest: Expr;
  readonly block: Loop;
  readonly within: Loop;
  readonly whole: (inside: Expr) => Expr;
}

/** The test itself, or that it certainly holds. */
export function settleTest(e: Expr, facts: Facts): Expr {
  if (e.kind !== "op" || (e.op !== "lt" && e.op !== "le")) return e;
  const [a, b] = e.args as readonly [Expr, Expr];
  if (kindOf(a) !== "int") return e;
  const holds = e.op === "lt" ? isWithin(a, b, facts) : a === int(0) && isNonNegative(b);
  return holds ? constant(1, "bool") : e;
}

/** How the axes are cut whose indices are asked for their owner, always in the same way. */
export function findSplits(
  roots: readonly Expr[],
  axes: readonly Loop[],
  facts: Facts,
  names: Map<Expr | Loop, string>,
): ReadonlyMap<Loop, Split> {
  const owners = new Map<Loop, Set<Expr>>();
  visit(roots, (e) => {
    if (e.kind !== "op" || e.op !== "owner" || e.args[0]!.kind !== "index") return;
    const { loop } = e.args[0];
    owners.set(loop, (owners.get(loop) ?? new Set()).add(e));
  });
  const splits = new Map<Loop, Split>();
  for (const l of axes) {
    const [owner, ...more] = owners.get(l) ?? [];
    if (owner?.kind !== "op" || more.length > 0) continue;
    const [, all, blocks] = owner.args as readonly [Expr, Expr, Expr];
    if (all !== l.hi || l.lo !== int(0) || !facts.divides(blocks, all)) continue;
    const axis = blocks.kind === "size" ? blocks.axis : `${l.axis}_block`;
    const block = freshLoop(axis, int(0), blocks);
    const within = freshLoop(l.axis, int(0), make("idiv", all, blocks));
    const author = names.get(l) ?? l.axis.toLowerCase();
    names.set(block, names.get(owner) ?? `${author}_block`).set(within, `${author}_in`);
    splits.set(l, {
      owner,
      rest: make("mod", index(l), within.hi),
      block,
      within,
      whole: (inside) => make("member", index(block), inside, all, blocks),
    });
  }
  return splits;
}
