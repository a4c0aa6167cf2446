// Which axis is best innermost, and contiguous in memory, with several elements at once: one that only says which
// element is read, so that all places, weights and tests are the same along it. Found from indices, for default
// schedules.

import { type Expr, index, type Loop, size } from "../ir/expr.ts";
import { type Gather, type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { children, freeLoops, visit } from "../ir/walk.ts";
import { axisNames, refuseAxes } from "./domain.ts";
import {
  type Draft,
  type Limits,
  launchedStages,
  type Params,
  type Schedule,
  type Transform,
} from "./draft.ts";
import { applySchedule } from "./index.ts";
import { inlineStages } from "./inline.ts";
import { findLaid } from "./relayout.ts";
import { costOf, findSharing, mostText, type Setting, sharesOf } from "./sharing.ts";
import { layout } from "./transforms/layout.ts";
import { vector } from "./transforms/vector.ts";

/** An axis of a stage to be innermost, and what has to lie along it in memory. */
interface Contiguous {
  readonly stage: string;
  readonly axis: string;
  /** Tensors and stages whose axes are put in another order. */
  readonly layouts: readonly { readonly of: string; readonly axes: string }[];
}

/** Stages whose innermost axis lies along memory, and the steps that make it so. */
export interface Chosen {
  readonly stages: ReadonlySet<string>;
  readonly steps: Schedule;
}

/** Nothing is chosen. */
export const noneContiguous: Chosen = { stages: new Set(), steps: [] };

/** Copies with an axis innermost, and stages whose innermost loop runs along it, several elements at once. */
export function chooseContiguous(
  kernel: Kernel,
  stored: Schedule,
  setting: Setting,
  vectors: number,
  limits: Limits,
): Chosen {
  const before = applySchedule(kernel, stored, limits);
  if ("refused" in before) return noneContiguous;
  let draft = before.steps.at(-1)!;
  const { stages } = inlineStages(kernel, draft.stored);
  const shared = new Set(
    stages.flatMap((stage) =>
      stage.kind === "gather" && findSharing(stage, setting).length > 0 ? [stage.name] : [],
    ),
  );
  const steps: [name: string, params: Params][] = [];
  const taken = new Set<string>();
  const by = Math.min(16, Math.max(4, vectors));
  for (const { stage, axis, layouts } of findContiguous(draft, setting)) {
    if (shared.has(stage) || draft.panels.has(stage)) continue;
    let [next, name] = [draft, stage];
    const own: [name: string, params: Params][] = [];
    const add = (transform: Transform, params: Params): boolean => {
      const result = transform.apply(next, params, limits);
      if ("refused" in result) return false;
      next = result;
      own.push([transform.name, params]);
      return true;
    };
    for (const { of, axes } of layouts) {
      const known = new Set(launchedStages(next).map((s) => s.name));
      if (add(layout, { of, axes }) && of === stage)
        name = launchedStages(next).find((s) => !known.has(s.name))?.name ?? stage;
    }
    if (!add(vector, { stage: name, axis, by })) continue;
    draft = next;
    steps.push(...own);
    taken.add(stage);
  }
  return { stages: taken, steps };
}

/** The axis of each launched stage that is worth it. */
function findContiguous(draft: Draft, setting: Setting): readonly Contiguous[] {
  const stored = new Set([...draft.stored]);
  const kernel = inlineStages(draft.kernel, stored);
  const names = [...new Set(kernel.stages.map(({ name }) => name))];
  return names.flatMap((name) => {
    const stages = kernel.stages.filter((stage) => stage.name === name);
    const found = bestAxis(stages, setting);
    return found === undefined
      ? []
      : [{ stage: name, axis: found, layouts: layoutsFor(kernel, stages, found) }];
  });
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
      const shares = sharesOf(stage, false);
      const own = shares.filter(({ differs }) => differs.has(l));
      const cost = costOf(own, new Map());
      return costOf(shares, new Map()) - cost < mostText / 8 ? undefined : cost;
    });
    if (costs.includes(undefined)) continue;
    const cost = costs.reduce<number>((sum, one) => sum + one!, 0);
    if (cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { axis, cost };
  }
  return best?.axis;
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
      return;
    }
    if (isMember(e)) return;
    if (children(e).includes(own) || children(e).some((x) => isMember(x) && holds(x))) other = true;
  });
  return chosen && !other;
}

/** Does a position depend on an index through what is read alone? */
function readsOnly(e: Expr, l: Loop): boolean {
  if (!freeLoops(e).has(l) || e.kind === "read") return true;
  return e.kind !== "index" && children(e).every((x) => readsOnly(x, l));
}

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
    visit(rootsOf(stage), (e) => {
      if (e.kind !== "read") return;
      const elsewhere = e.at.some((p) => p.kind !== "index" || !stage.domain.includes(p.loop));
      if (elsewhere || walks(e, stage)) note(e.from, e.at, own);
    });
  }
  return [...found].map(([of, axes]) => ({ of, axes }));
}
