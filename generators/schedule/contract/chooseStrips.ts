// The schedule of a kernel whose results are contractions, where there are no groups of threads: strips, with what
// they read at neighbouring places beside each other in memory.

import type { Expr, Loop } from "../../ir/expr.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import {
  type Draft,
  type Limits,
  newDraft,
  type Params,
  type Schedule,
  type Transform,
} from "../draft.ts";
import { contract } from "../transforms/contract.ts";
import { layout } from "../transforms/layout.ts";
import { parallel } from "../transforms/parallel.ts";
import { findStrips } from "./request.ts";
import { strideAlong } from "./stride.ts";

/** Steps that make `stage` in strips; none where it cannot be. */
export function chooseStrips(kernel: Kernel, stage: string, limits: Limits): Schedule {
  const draft = newDraft(kernel);
  const strips = findStrips(draft, stage);
  if ("refused" in strips) return [];
  const innermost = strips.row.loops.at(-1);
  const laid = innermost ? findLayouts(kernel, strips.row.value, innermost) : [];
  const steps = [
    ...laid.map((params) => [layout, params] as const),
    [contract, { stage }] as const,
    [parallel, { loops: 2 }] as const,
  ];
  return applicable(draft, steps, limits);
}

/** The copies of tensors that a row's elements read apart, with the axis that they are along last. */
function findLayouts(kernel: Kernel, value: Expr, along: Loop): readonly Params[] {
  const found = new Map<string, string>();
  visit([value], (e) => {
    if (e.kind !== "read" || e.axes.length === 0 || !freeLoops(e).has(along)) return;
    const [d, ...more] = e.at.flatMap((p, i) => (freeLoops(p).has(along) ? [i] : []));
    if (d === undefined || more.length > 0 || d === e.at.length - 1) return;
    if (strideAlong(e.at[d]!, along) !== 1) return;
    const axes = [...e.axes.slice(0, d), ...e.axes.slice(d + 1), e.axes[d]!];
    const tensor = kernel.tensors.find(({ name }) => name === e.from);
    if (tensor && new Set(axes).size === axes.length) found.set(e.from, axes.join(" "));
  });
  return [...found].map(([of, axes]) => ({ of, axes }));
}

/** Those of some steps, one after another, that apply. */
function applicable(
  draft: Draft,
  steps: readonly (readonly [Transform, Params])[],
  limits: Limits,
): Schedule {
  let now = draft;
  return steps.flatMap(([transform, params]): Schedule => {
    const usual = transform.choices(now, limits).map((c) => [c.name, c.default] as const);
    const next = transform.apply(now, { ...Object.fromEntries(usual), ...params }, limits);
    if ("refused" in next) return [];
    now = next;
    return [[transform.name, params]];
  });
}
