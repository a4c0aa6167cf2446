// The schedule of a kernel whose results are contractions, where there are no groups of threads: strips, with what
// they read at neighbouring places beside each other in memory.

import type { Expr, Loop } from "../../ir/expr.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { axisNames } from "../domain.ts";
import {
  completeParams,
  type Limits,
  newDraft,
  type Params,
  type Schedule,
  type Transform,
} from "../draft.ts";
import { contract } from "../transforms/contract.ts";
import { layout } from "../transforms/layout.ts";
import { materialise } from "../transforms/materialise.ts";
import type { Blocked } from "./blocks.ts";
import { findHeld, findStrips } from "./request.ts";
import { strideAlong } from "./stride.ts";

/** What default schedules make in pieces, and how. */
export interface ChosenStrips {
  readonly steps: Schedule;
  /** The stages that are contractions. */
  readonly stages: ReadonlySet<string>;
  /** Those of them that others read, with the axes of their places, which are outermost in memory. */
  readonly stored: ReadonlyMap<string, readonly string[]>;
}

/**
 * Each stage of a kernel that is a contraction, in pieces; others that several stages read, or that no piece holds
 * elements of, are stored where `store` says so. What is read apart is copied where `lay` says so.
 */
export function chooseStrips(
  kernel: Kernel,
  store: boolean,
  device: Limits,
  lay = true,
): ChosenStrips {
  const limits = { ...device, threads: 1 };
  const stages = new Set<string>();
  const stored = new Map<string, readonly string[]>();
  let draft = newDraft(kernel);
  const steps: Schedule[number][] = [];
  const add = (transform: Transform, params: Params): boolean => {
    const next = transform.apply(
      draft,
      completeParams(transform.choices(draft, limits), params),
      limits,
    );
    if ("refused" in next) return false;
    draft = next;
    steps.push([transform.name, params]);
    return true;
  };
  const isOutput = (name: string): boolean => kernel.outputs.includes(name);
  const wanted = kernel.stages.filter(
    ({ kind, name }) => kind === "gather" && (store || isOutput(name)),
  );
  const held = new Set(
    wanted.flatMap(({ name }) => (isOutput(name) ? (findHeld(draft, name) ?? []) : [])),
  );
  for (const { name } of wanted) {
    if (held.has(name)) continue;
    if (!isOutput(name)) add(materialise, { stage: name });
    const found = findStrips(draft, name);
    if ("refused" in found) continue;
    const order = orderAlong(found);
    const axes = order.map(({ axis }) => axis).join(" ");
    if (lay && !isOutput(name) && add(layout, { of: name, axes }))
      stored.set(
        name,
        order.flatMap(({ axis, rank }) => (rank < 2 ? [axis] : [])),
      );
    const strips = findStrips(draft, name);
    if ("refused" in strips) continue;
    const innermost = strips.row.loops.at(-1);
    const laid = lay && innermost ? findLayouts(kernel, strips.row.value, innermost) : [];
    for (const params of laid) add(layout, params);
    if (add(contract, { stage: name })) stages.add(name);
  }
  return { steps: stages.size > 0 ? steps : [], stages, stored };
}

/** The axes of a contraction's stage with those of its places first, and that of its packed neighbours last. */
function orderAlong({ contraction, side }: Blocked) {
  const { stage, at, p, m } = contraction;
  const names = axisNames(stage.domain);
  const rank = (e: Expr): number => {
    const free = freeLoops(e);
    if (free.has(side)) return 3;
    if (m.some((l) => free.has(l))) return 2;
    return p.some((l) => free.has(l)) ? 1 : 0;
  };
  const order = names.map((axis, d) => ({ axis, rank: rank(at[d]!) }));
  return order.toSorted((a, b) => a.rank - b.rank);
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
