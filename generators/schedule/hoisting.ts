// Which loops are best innermost: how default schedules find the order in which most is computed outside.

import { type Expr, type Loop, type Reduce, size } from "../ir/expr.ts";
import { type Gather, rootsOf, type Stage } from "../ir/kernel.ts";
import { freeLoops, visit } from "../ir/walk.ts";
import { axisNames, orderSum, refuseAxes } from "./domain.ts";
import { costOf, mostText, type Setting, sharesOf, weigh } from "./sharing.ts";

/**
 * The axis of a stage without sums that is best walked innermost: much that does not differ along it is then
 * computed outside.
 */
export function findInnermost(stage: Stage, { except }: Setting): string | undefined {
  let sums = false;
  visit(rootsOf(stage), (e) => {
    sums ||= e.kind === "part";
  });
  if (sums) return undefined;
  const shares = sharesOf(stage, false);
  const all = costOf(shares, new Map());
  let best: { readonly axis: string; readonly cost: number } | undefined;
  const names = axisNames(stage.domain);
  for (const [d, l] of stage.domain.entries()) {
    const own = shares.filter(({ differs }) => differs.has(l)).reduce((n, s) => n + s.weight, 0);
    if (l.hi !== size(l.axis) || except.has(l.axis) || own === 0 || all - own < mostText / 8)
      continue;
    if (own < (best?.cost ?? all) && refuseAxes(stage, [names[d]!]) === undefined)
      best = { axis: names[d]!, cost: own };
  }
  return best?.axis;
}

/** Another order of a sum is worth it where an innermost step costs at most so much of what it did. */
const worthwhile = 0.8;

/** The axis that the sums of a stage are best walked along innermost, where it is not already. */
export function findInnermostOfSums(stage: Gather, { except }: Setting): string | undefined {
  const sums = new Set<Reduce>();
  visit(stage.parts, (e) => {
    if (e.kind === "part" && e.of.op === "sum") sums.add(e.of);
  });
  const [first, ...rest] = [...sums].map(({ over }) => over.map(({ axis }) => axis).join(" "));
  if (first === undefined || rest.some((axes) => axes !== first)) return undefined;
  const costs = [...sums].map(({ over, bodies }) =>
    over.map((l) => (except.has(l.axis) ? Number.POSITIVE_INFINITY : costInside(bodies, l))),
  );
  const total = costs.reduce((a, b) => a.map((cost, d) => cost + b[d]!));
  const least = total.indexOf(Math.min(...total));
  if (total[least]! > worthwhile * total.at(-1)!) return undefined;
  const axis = first.split(" ")[least]!;
  // Where bounds keep the order as it is, nothing is gained.
  return [...sums].every(({ over }) => orderSum(over, [axis]).at(-1)?.axis === axis)
    ? axis
    : undefined;
}

/** What changes with each step of a loop. */
function costInside(bodies: readonly Expr[], l: Loop): number {
  let cost = 0;
  visit(bodies, (e) => {
    if (!freeLoops(e).has(l)) return;
    // The border's tests of each position are computed where that position is.
    const tested = e.kind === "read" && e.border !== "inside" ? e.at : [];
    const tests = tested.filter((p) => !isPlain(p) && freeLoops(p).has(l)).length;
    cost += e.kind === "read" ? 4 + 4 * tests : weigh(e);
  });
  return cost;
}

/** Is a position an index, or one within its block, and so certainly in range? */
const isPlain = (e: Expr): boolean =>
  e.kind === "index" || (e.kind === "op" && (e.op === "member" || e.op === "owner"));
