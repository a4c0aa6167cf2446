// Sums of an element that walk the same indices become one walk that ends in a tuple, so that what their steps share
// is computed once.

import { domain, freshLoop, freshLoops, partOf, reduce } from "../ir/build.ts";
import { type Expr, idOf, type Loop, type Reduce } from "../ir/expr.ts";
import type { Gather } from "../ir/kernel.ts";
import { children, freeLoops, type Moved, rewrite, substitute, visit } from "../ir/walk.ts";
import { sameWalk } from "./sums.ts";

/** `stage` with each walk once that several of its sums take under the same tests; no term or order changes. */
export function fuseSums(
  stage: Gather,
  moved: Moved,
  keep: (from: Loop, to: Loop) => void,
): Gather {
  const fused = fuseIn(stage.parts, moved);
  if (fused.every((part, i) => part === stage.parts[i])) return stage;
  // Walks may nest deeper now, and levels tell loops apart.
  const to = new Map(stage.domain.map((l) => [l, freshLoop(l.axis, l.lo, l.hi, l.cover)]));
  const made = domain([...to.values()], substitute(fused, to, moved), moved);
  stage.domain.forEach((l, d) => void keep(l, made.domain[d]!));
  return { ...stage, ...made };
}

/** `roots`, which are needed together, with the sums that they are made of fused. */
function fuseIn(roots: readonly Expr[], moved: Moved): readonly Expr[] {
  const tests = testsOfSums(roots);
  const apart = [...tests.keys()].filter((sum) => !holdsOther(sum, tests));
  const groups: Reduce[][] = [];
  for (const sum of apart) {
    const under = tests.get(sum)!;
    const group = groups.find(
      ([first]) => walkAlike(first!.over, sum.over) && sameTests(tests.get(first!)!, under),
    );
    if (group) group.push(sum);
    else groups.push([sum]);
  }
  const places = new Map<Reduce, readonly Expr[]>();
  for (const group of groups) {
    const fresh = [...freshLoops(group[0]!.over, moved).values()];
    const bodies = group.flatMap(({ over, bodies }) => {
      const to = new Map(over.map((l, d) => [l, fresh[d]!]));
      return substitute(bodies, to, moved);
    });
    const inside = fuseIn(bodies, moved);
    if (group.length === 1 && inside.every((body, i) => body === bodies[i])) continue;
    const from = group.flatMap((sum) => sum.from);
    const all = reduce("sum", fresh, inside, from, moved);
    let first = 0;
    for (const sum of group) {
      const start = first;
      places.set(
        sum,
        sum.bodies.map((_, i) => partOf(all, start + i)),
      );
      first += sum.bodies.length;
    }
  }
  if (places.size === 0) return roots;
  return rewrite(roots, (e) => (e.kind === "part" ? (places.get(e.of)?.[e.part] ?? e) : e));
}

/** The sums that stand in no other walk, each with the branches that all who need it stand in. */
function testsOfSums(roots: readonly Expr[]): ReadonlyMap<Reduce, ReadonlySet<string>> {
  const known = new Map<Expr | Reduce, ReadonlySet<string>>();
  const sums = new Map<Reduce, ReadonlySet<string>>();
  const narrow = (
    at: Expr | Reduce,
    tests: ReadonlySet<string>,
  ): ReadonlySet<string> | undefined => {
    const before = known.get(at);
    const now = before ? new Set([...before].filter((test) => tests.has(test))) : tests;
    if (before?.size === now.size) return undefined;
    known.set(at, now);
    return now;
  };
  const look = (e: Expr, under: ReadonlySet<string>): void => {
    const tests = narrow(e, under);
    if (!tests) return;
    if (e.kind === "select") {
      look(e.cond, tests);
      look(e.then, new Set([...tests, `${idOf(e.cond)} holds`]));
      look(e.else, new Set([...tests, `${idOf(e.cond)} fails`]));
      return;
    }
    if (e.kind !== "part") {
      for (const child of children(e)) look(child, tests);
      return;
    }
    for (const bound of e.of.over.flatMap((l) => [l.lo, l.hi])) {
      const own = e.of.over.some((l) => freeLoops(bound).has(l));
      if (!own) look(bound, tests);
    }
    for (const start of e.of.from) look(start, tests);
    const all = narrow(e.of, tests);
    if (e.of.op === "sum" && all) sums.set(e.of, all);
  };
  for (const root of roots) look(root, new Set());
  return sums;
}

/** Is another of these sums needed to compute a sum? */
function holdsOther(sum: Reduce, sums: ReadonlyMap<Reduce, unknown>): boolean {
  let holds = false;
  const bounds = sum.over.flatMap((l) => [l.lo, l.hi]);
  visit([...bounds, ...sum.from, ...sum.bodies], (e) => {
    holds ||= e.kind === "part" && sums.has(e.of);
  });
  return holds;
}

/** Do two sums walk the same, also by the names of axes? */
const walkAlike = (a: readonly Loop[], b: readonly Loop[]): boolean =>
  sameWalk(a, b) && a.every((l, d) => l.axis === b[d]!.axis);

const sameTests = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((test) => b.has(test));
