// Which axis is best innermost, and contiguous in memory, with several elements at once: one that only says which
// element is read, so that all places, weights and tests are the same along it. Found from indices, for default
// schedules.

import { type Expr, index, type Loop, size } from "../ir/expr.ts";
import { type Gather, type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { children, freeLoops, visit } from "../ir/walk.ts";
import { axisNames, refuseAxes } from "./domain.ts";
import type { Draft } from "./draft.ts";
import { inlineStages } from "./inline.ts";
import { findLaid } from "./relayout.ts";
import { mostText, type Setting, weigh } from "./sharing.ts";

/** An axis of a stage to be innermost, and what has to lie along it in memory. */
export interface Contiguous {
  readonly stage: string;
  readonly axis: string;
  /** Tensors and stages whose axes are put in another order. */
  readonly layouts: readonly { readonly of: string; readonly axes: string }[];
  /** Of a result in whose memory the axis is not innermost: an order in which it is, for panels around some axes. */
  readonly panel?: { readonly axes: string; readonly around: string };
}

/** The axis of each launched stage that is worth it. */
export function findContiguous(draft: Draft, setting: Setting): readonly Contiguous[] {
  const stored = new Set([...draft.stored]);
  const kernel = inlineStages(draft.kernel, stored);
  const names = [...new Set(kernel.stages.map(({ name }) => name))];
  return names.flatMap((name) => {
    const stages = kernel.stages.filter((stage) => stage.name === name);
    const axis = bestAxis(stages, setting);
    if (axis === undefined) return [];
    const panel = kernel.outputs.includes(name) ? panelFor(kernel, stages[0]!, axis) : undefined;
    return [
      {
        stage: name,
        axis,
        layouts: layoutsFor(kernel, stages, axis),
        ...(panel && { panel }),
      },
    ];
  });
}

/**
 * Panels of a result with an axis innermost. They hold what is copied to neighbours in memory: the last axis, and
 * those that are as short as an attribute says.
 */
function panelFor(kernel: Kernel, stage: Stage, axis: string): Contiguous["panel"] {
  const names = axisNames(stage.domain);
  if (stage.kind !== "gather" || names.at(-1) === axis) return undefined;
  const others = names.filter((name) => name !== axis);
  const isShort = (name: string): boolean => {
    const derived = kernel.axes.find((one) => one.axis === name);
    let sizes = derived === undefined;
    if (derived)
      visit([derived.size], (e) => {
        sizes ||= e.kind === "size";
      });
    return !sizes;
  };
  const around = others.filter((name, d) => d < others.length - 1 && !isShort(name));
  if (around.length === 0) return undefined;
  return { axes: [...others, axis].join(" "), around: around.join(" ") };
}

/** The axis of stages of one name along which most is the same. */
function bestAxis(stages: readonly Stage[], { except }: Setting): string | undefined {
  const [first] = stages;
  let best: { readonly axis: string; readonly cost: number } | undefined;
  for (const axis of axisNames(first!.domain)) {
    const costs = stages.map((stage) => {
      const l = stage.domain[axisNames(stage.domain).indexOf(axis)];
      if (!l || l.hi !== size(l.axis) || except.has(l.axis)) return undefined;
      if (refuseAxes(stage, [axis]) !== undefined || !isChoice(stage, l)) return undefined;
      const { own, same } = weighAlong(stage, l);
      return same < mostText / 8 ? undefined : own;
    });
    if (costs.includes(undefined)) continue;
    const cost = costs.reduce<number>((sum, one) => sum + one!, 0);
    if (cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { axis, cost };
  }
  return best?.axis;
}

/** What of a stage differs along a loop, and what is the same along it but not everywhere, as weights. */
function weighAlong(stage: Stage, l: Loop): { readonly own: number; readonly same: number } {
  let [own, same] = [0, 0];
  const differing = new Set<Expr>([index(l)]);
  visit(rootsOf(stage), (e) => {
    // An axis is cut at its owners, which are then the same.
    if (ownerOf(e) === undefined && children(e).some((x) => differing.has(x))) differing.add(e);
    if (differing.has(e)) own += weigh(e);
    else if (freeLoops(e).size > 0) same += weigh(e);
  });
  return { own, same };
}

/** Does an index only choose which elements are read in sums, or which one is added to? */
function isChoice(stage: Stage, l: Loop): boolean {
  const own = index(l);
  const holds = (e: Expr): boolean => e === own || (isMember(e) && e.args[1] === own);
  const places = new Set(stage.kind === "scatter" ? stage.at : []);
  let chosen = stage.kind === "scatter" && stage.at.some(holds);
  let other = [...places].some((e) => freeLoops(e).has(l) && !holds(e) && !readsOnly(e, l));
  visit(rootsOf(stage), (e) => {
    if (e.kind === "read") {
      if (stage.kind === "gather" && e.at.some(holds) && walks(e, stage)) chosen = true;
      // Neighbours that read where data of their own say lie anywhere in memory.
      if (stage.kind === "gather" && e.at.some((p) => isPlacedBy(p, l))) other = true;
      return;
    }
    // An axis is cut at its owners before it runs innermost.
    if (ownerOf(e) === own || isMember(e)) return;
    if (children(e).includes(own) || children(e).some((x) => isMember(x) && holds(x))) other = true;
  });
  return chosen && !other;
}

/** Does a position depend on an index through what is read alone? */
function readsOnly(e: Expr, l: Loop): boolean {
  if (!freeLoops(e).has(l) || e.kind === "read") return true;
  return e.kind !== "index" && children(e).every((x) => readsOnly(x, l));
}

/** Does a position depend on an index through what is read? */
function isPlacedBy(e: Expr, l: Loop): boolean {
  if (!freeLoops(e).has(l)) return false;
  return e.kind === "read"
    ? e.at.some((p) => differs(p, l))
    : children(e).some((x) => isPlacedBy(x, l));
}

/** Does a value depend on an index, and not on its owner alone, at which an axis is cut? */
const differs = (e: Expr, l: Loop): boolean =>
  freeLoops(e).has(l) &&
  ownerOf(e)?.kind !== "index" &&
  (e.kind === "index" || children(e).some((x) => differs(x, l)));

/** The index whose owner is asked for. */
const ownerOf = (e: Expr): Expr | undefined =>
  e.kind === "op" && e.op === "owner" ? e.args[0] : undefined;

const isMember = (e: Expr): e is Extract<Expr, { kind: "op" }> =>
  e.kind === "op" && e.op === "member";

/** Is something read in the steps of a sum or maximum? */
const walks = (e: Expr, { domain }: Gather | Stage): boolean =>
  [...freeLoops(e)].some((l) => !domain.includes(l));

/** What has to have the axis innermost in memory: what is added to, and what is read again and again. */
function layoutsFor(
  kernel: Kernel,
  stages: readonly Stage[],
  axis: string,
): readonly { readonly of: string; readonly axes: string }[] {
  const all = findLaid(kernel);
  const found = new Map<string, string>();
  const note = (of: string, at: readonly Expr[], own: Expr): void => {
    const d = at.findIndex((e) => e === own || (isMember(e) && e.args[1] === own));
    const laid = all.find(({ name }) => name === of);
    if (d < 0 || d === at.length - 1 || !laid || found.has(of)) return;
    found.set(of, [...laid.axes.toSpliced(d, 1), laid.axes[d]!].join(" "));
  };
  for (const stage of stages) {
    const own = index(stage.domain[axisNames(stage.domain).indexOf(axis)]!);
    if (stage.kind === "scatter") note(stage.name, stage.at, own);
    else if (!kernel.outputs.includes(stage.name)) note(stage.name, stage.domain.map(index), own);
    visit(rootsOf(stage), (e) => {
      if (e.kind !== "read") return;
      const elsewhere = e.at.some((p) => p.kind !== "index" || !stage.domain.includes(p.loop));
      if (elsewhere || walks(e, stage)) note(e.from, e.at, own);
    });
  }
  return [...found].map(([of, axes]) => ({ of, axes }));
}
