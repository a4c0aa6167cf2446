// In which order the loops of a contraction's sum run.

import type { Expr, Loop } from "../../ir/expr.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { weigh } from "../sharing.ts";

/**
 * Loops with those outermost along which much of `values` changes, so that it is computed once for all that runs
 * inside; equal ones, and those whose bounds need it, stay in order. Batches, which may be of one, are outside.
 */
export function orderByCost(
  over: readonly Loop[],
  values: readonly Expr[],
  batches: ReadonlySet<string>,
): readonly Loop[] {
  const costOf = (l: Loop) => (batches.has(l.axis) ? Number.MAX_VALUE : costAlong(values, l));
  const costs = new Map(over.map((l) => [l, costOf(l)]));
  const rest = over.toSorted((a, b) => costs.get(b)! - costs.get(a)!);
  const sorted: Loop[] = [];
  while (rest.length > 0) {
    const next = rest.findIndex((l) =>
      [l.lo, l.hi].every((e) => !rest.some((other) => freeLoops(e).has(other))),
    );
    if (next < 0) return over;
    sorted.push(...rest.splice(next, 1));
  }
  return sorted;
}

/** The weight of all that changes with each step of a loop. */
export function costAlong(values: readonly Expr[], l: Loop): number {
  let cost = 0;
  visit(values, (e) => {
    if (freeLoops(e).has(l)) cost += weigh(e);
  });
  return cost;
}
