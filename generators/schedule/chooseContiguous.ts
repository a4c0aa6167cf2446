// The steps of a default schedule that put an axis innermost, along memory.

import type { Kernel } from "../ir/kernel.ts";
import { type Contiguous, findContiguous } from "./contiguous.ts";
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
import { findSharing, type Setting } from "./sharing.ts";
import { layout } from "./transforms/layout.ts";
import { panel } from "./transforms/panel.ts";
import { vector } from "./transforms/vector.ts";

/** Stages whose innermost axis lies along memory, and the steps that make it so. */
export interface Chosen {
  readonly stages: ReadonlySet<string>;
  readonly steps: Schedule;
}

/** Nothing is chosen. */
export const noneContiguous: Chosen = { stages: new Set(), steps: [] };

/**
 * Copies with an axis innermost, where `lay` says so, and stages whose innermost loop runs along it, several elements
 * at once; where there are groups, threads beside each other make these.
 */
export function chooseContiguous(
  kernel: Kernel,
  stored: Schedule,
  setting: Setting,
  vectors: number,
  limits: Limits,
  lay = true,
): Chosen {
  const before = applySchedule(kernel, stored, limits);
  if ("refused" in before) return noneContiguous;
  let draft = before.steps.at(-1)!;
  const { stages } = inlineStages(kernel, draft.stored);
  /** The axes along which neighbours share work in other ways, by stage. */
  const shared = new Map(
    stages.flatMap((stage) => {
      const axes = stage.kind === "gather" ? findSharing(stage, setting).map((s) => s.axis) : [];
      return axes.length > 0 ? [[stage.name, axes] as const] : [];
    }),
  );
  const steps: Schedule[number][] = [];
  const taken = new Set<string>();
  const by = Math.min(16, Math.max(4, vectors));
  for (const found of findContiguous(draft, setting)) {
    if (draft.panels.has(found.stage)) continue;
    // Work that neighbours along other axes share too is better shared among all of them.
    if (shared.get(found.stage)?.some((axis) => axis !== found.axis)) continue;
    if (draft.loops.has(found.stage)) continue;
    const { panel: _, ...plain } = found;
    const made =
      makeContiguous(draft, found, by, limits, lay) ??
      makeContiguous(draft, plain, by, limits, lay);
    if (!made) continue;
    draft = made.draft;
    steps.push(...made.steps);
    taken.add(found.stage);
  }
  return { stages: taken, steps };
}

/** The steps for one stage, and what they make of a draft; nothing where one is refused. */
function makeContiguous(
  draft: Draft,
  { stage, axis, layouts, panel: asked }: Contiguous,
  by: number,
  limits: Limits,
  mayLay: boolean,
): { readonly draft: Draft; readonly steps: Schedule } | undefined {
  let next = draft;
  let name = stage;
  const steps: [name: string, params: Params][] = [];
  const add = (transform: Transform, params: Params): boolean => {
    const result = transform.apply(next, params, limits);
    if ("refused" in result) return false;
    next = result;
    steps.push([transform.name, params]);
    return true;
  };
  /** A result in another order is made by a stage of another name. */
  const lay = (of: string, axes: string): boolean => {
    if (!mayLay) return false;
    const known = new Set(launchedStages(next).map((s) => s.name));
    if (!add(layout, { of, axes })) return false;
    if (of === stage) name = launchedStages(next).find((s) => !known.has(s.name))?.name ?? stage;
    return true;
  };
  for (const { of, axes } of layouts) lay(of, axes);
  if (limits.threads > 1) {
    if (asked) lay(stage, asked.axes);
    return steps.length > 0 ? { draft: next, steps } : undefined;
  }
  if (asked && !(lay(stage, asked.axes) && add(panel, { stage: name, axes: asked.around })))
    return undefined;
  return add(vector, { stage: name, axis, by }) ? { draft: next, steps } : undefined;
}
