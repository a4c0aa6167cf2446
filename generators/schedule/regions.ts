// Several additions of one launch often share tests: they are nested so that each test stands once, with what
// only it needs inside.

import { conjuncts } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import type { Scatter } from "../ir/kernel.ts";
import type { Context } from "./contexts.ts";

/** Additions that happen where all of `tests` hold, and others that need more tests. */
export interface Region {
  readonly tests: readonly Expr[];
  readonly context: Context;
  readonly adds: readonly Scatter[];
  readonly inner: readonly Region[];
}

interface Growing {
  readonly tests: Expr[];
  readonly context: Context;
  readonly adds: Scatter[];
  readonly inner: Growing[];
}

const certain = (e: Expr): boolean => e.kind === "const" && e.value === 1;

/** The additions as a tree of tests, the most shared ones outside. */
export function nestRegions(scatters: readonly Scatter[], root: Context): Region {
  const tests = scatters.map(({ when }) => conjuncts(when).filter((e) => !certain(e)));
  const uses = new Map<Expr, number>();
  for (const test of tests.flat()) uses.set(test, (uses.get(test) ?? 0) + 1);
  const tree: Growing = { tests: [], context: root, adds: [], inner: [] };
  for (const [i, scatter] of scatters.entries()) {
    const sorted = [...new Set(tests[i])].sort((a, b) => uses.get(b)! - uses.get(a)!);
    let at = tree;
    for (const test of sorted) {
      let next = at.inner.find((region) => region.tests[0] === test);
      if (!next) {
        const context = { parent: at.context, depth: at.context.depth + 1 };
        next = { tests: [test], context, adds: [], inner: [] };
        at.inner.push(next);
      }
      at = next;
    }
    at.adds.push(scatter);
  }
  return { ...tree, inner: tree.inner.map(joinTests) };
}

/** A test whose only content is another test is one test with it. */
function joinTests(region: Growing): Region {
  const [only, ...more] = region.inner;
  if (region.adds.length === 0 && only && more.length === 0) {
    const joined = joinTests(only);
    return { ...joined, tests: [...region.tests, ...joined.tests] };
  }
  return { ...region, inner: region.inner.map(joinTests) };
}

/** Everything in a region, with the context that it is needed in. */
export function rootsIn(region: Region, outside = region.context): { e: Expr; context: Context }[] {
  const own = region.adds.flatMap(({ at, values }) => [...at, ...values]);
  return [
    ...region.tests.map((e) => ({ e, context: outside })),
    ...own.map((e) => ({ e, context: region.context })),
    ...region.inner.flatMap((inner) => rootsIn(inner, region.context)),
  ];
}
