// Additions whose loops run in another order: unlike elements that are stored they have no place in memory of
// their own, so their loops are simply others.

import { type Expr, index, type Loop } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import { type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { copyTo } from "./copies.ts";
import { axisNames } from "./domain.ts";
import { findSplits, settleTest, splitNodes } from "./splits.ts";

/**
 * Additions of one launch with the axes `inner` innermost, which are cut at their owners; `names` gets the
 * author's names of what is made. Stages that store elements stay as they are.
 */
export function orderAdditions(
  kernel: Kernel,
  stages: readonly Stage[],
  inner: readonly string[],
  names: Map<Expr | Loop, string>,
): readonly Stage[] {
  const [first] = stages;
  if (first?.kind !== "scatter" || inner.length === 0) return stages;
  const { domain } = first;
  const called = axisNames(domain);
  const moved = inner.map((axis) => domain[called.indexOf(axis)]!);
  const facts = factsOf(kernel);
  const splits = findSplits(stages.flatMap(rootsOf), moved, facts, names);
  const placeOf = (l: Loop): Expr => {
    const split = splits.get(l);
    return split ? split.whole(index(split.within)) : index(l);
  };
  for (const l of domain) names.set(placeOf(l), names.get(l) ?? l.axis.toLowerCase());
  const outside = domain.flatMap((l) => splits.get(l)?.block ?? (moved.includes(l) ? [] : [l]));
  const loops = [...outside, ...moved.map((l) => splits.get(l)?.within ?? l)];
  const copies = copyTo(
    {
      count: 1,
      indices: new Map(domain.map((l) => [l, [placeOf(l)]])),
      nodes: splitNodes(splits, 1, (l) => [index(splits.get(l)!.within)]),
      settle: (e) => settleTest(e, facts),
      order: (over) => over,
    },
    (from, to) => {
      const name = names.get(from);
      if (name !== undefined && !names.has(to)) names.set(to, name);
    },
  );
  const copy = (e: Expr): Expr => copies(e)[0]!;
  return stages.map((stage) =>
    stage.kind === "gather"
      ? stage
      : {
          ...stage,
          domain: loops,
          at: stage.at.map(copy),
          when: copy(stage.when),
          values: stage.values.map(copy),
        },
  );
}
