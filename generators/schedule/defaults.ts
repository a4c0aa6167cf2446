// The schedule that a kernel gets on a target where none is asked for.

import type { Kernel, Stage } from "../ir/kernel.ts";
import { chooseContiguous, noneContiguous } from "./chooseContiguous.ts";
import { chooseSums } from "./chooseSums.ts";
import { chooseSlabs, placesOfTiles, storedInner } from "./contract/chooseSlabs.ts";
import { type ChosenStrips, chooseStrips } from "./contract/chooseStrips.ts";
import { chooseTiles } from "./contract/chooseTiles.ts";
import { followPlaces } from "./contract/followPlaces.ts";
import { axisNames } from "./domain.ts";
import { type Limits, newDraft, type Params, type Schedule } from "./draft.ts";
import { findInnermost, findInnermostOfSums } from "./hoisting.ts";
import { applySchedule } from "./index.ts";
import { inlineStages } from "./inline.ts";
import { findReader } from "./panels.ts";
import { findBatches, findSharing, type Setting } from "./sharing.ts";
import { materialise } from "./transforms/materialise.ts";
import { panel } from "./transforms/panel.ts";
import { split } from "./transforms/split.ts";
import { sums } from "./transforms/sums.ts";

/** A schedule with the name under which it is spoken of. */
export interface NamedSchedule {
  readonly name: string;
  readonly steps: Schedule;
}

/** What a target's launches can do. */
export interface Abilities {
  /** Threads run in groups. */
  readonly groups: boolean;
  /** A thread may write what it likes, and not only return an element of its own. */
  readonly updates: boolean;
  /** Lanes of its vectors; 1 where elements are computed one by one. */
  readonly vectors: number;
  /** CPU threads share out loops. */
  readonly parallel: boolean;
}

/** What a schedule makes use of, where a kernel and its device allow it. */
export interface Ways {
  /** Sums of products in tiles or strips. */
  readonly contract: boolean;
  /** Axes along memory innermost, several elements at once. */
  readonly vector: boolean;
  /** Panels of what neighbours share. */
  readonly panel: boolean;
  /** Loops and sums in other orders, several elements a step. */
  readonly walk: boolean;
  /** Copies whose axes are in the order in which they are read. */
  readonly layout: boolean;
  /** Inner stages stored as a whole. */
  readonly materialise: boolean;
  /** Sums that groups of threads share. */
  readonly lanes: boolean;
}

/** What default schedules make use of. */
export const usualWays = (kernel: Kernel, { groups }: Pick<Abilities, "groups">): Ways => ({
  contract: true,
  vector: true,
  panel: true,
  walk: true,
  layout: !groups,
  materialise: kernel.role !== "forward",
  lanes: false,
});

/**
 * One thread for each element where there are threads, or tiles of sums of products, else loops in the order of
 * the axes. Neighbours that
 * share most of their work are computed together. What several elements read again and again is made before
 * them: in a gradient whole, where it is a sum that several others read; in a forward kernel without threads row
 * by row, so that it needs little memory. An axis that only says which element is read runs innermost, along memory.
 */
export function defaultSchedule(
  kernel: Kernel,
  abilities: Abilities,
  limits: Limits,
  ways: Ways = usualWays(kernel, abilities),
): NamedSchedule {
  const { groups, updates, vectors, parallel } = abilities;
  const shared: Schedule = ways.lanes ? [["lanes", { lanes: Math.min(32, limits.threads) }]] : [];
  const run: Schedule = groups
    ? [...shared, ["pointwise", { group: Math.min(128, limits.threads) }]]
    : [];
  const inner = kernel.stages.flatMap((stage) =>
    stage.kind === "gather" && !kernel.outputs.includes(stage.name) ? [stage.name] : [],
  );
  const setting = { except: findBatches(kernel), most: groups ? 4 : 8, beside: groups };
  const forward = kernel.role === "forward";
  const isSerial = updates && !groups;
  const strips =
    isSerial && ways.contract
      ? chooseStrips(kernel, ways.materialise, limits, ways.layout)
      : noStrips;
  const stored: Schedule =
    strips.steps.length > 0
      ? strips.steps
      : ways.materialise
        ? storedInner(kernel, inner, groups && ways.contract).map((stage) => [
            "materialise",
            { stage },
          ])
        : isSerial && forward && ways.panel
          ? choosePanels(kernel, inner, setting, limits)
          : [];
  const along =
    updates && (groups ? ways.layout : ways.vector)
      ? chooseContiguous(kernel, stored, setting, vectors, limits, ways.layout)
      : noneContiguous;
  const done = new Set([...along.stages, ...strips.stages]);
  const walked =
    updates && ways.walk ? chooseWalks(kernel, stored.filter(storesStage), setting, done) : [];
  const tiled = groups && updates && ways.contract ? chooseTiles(kernel, stored, limits) : [];
  const isSplit = (stage: unknown) =>
    tiled.some(([name, params]) => name === split.name && params?.stage === stage);
  const kept = walked.filter(([, params]) => !isSplit(params?.stage));
  const before = [...stored, ...along.steps, ...kept];
  // What remains of gradients beside strips are sums over channels, which lie along memory then.
  const isSummed = isSerial && ways.vector && !forward && vectors >= 4;
  const added: Schedule = !isSummed
    ? []
    : strips.steps.length > 0
      ? [[sums.name, { by: vectors }]]
      : chooseSums(kernel, before, vectors, limits);
  const followed = chooseOrders(kernel, before, strips, limits);
  const places = groups ? placesOfTiles(kernel, stored, tiled) : strips.stored;
  const most = groups ? mostOfSlab.groups : mostOfSlab.loops;
  const slabs = findSlabs(kernel, [...before, ...followed], places, most, limits);
  const chosen = [...before, ...followed, ...added, ...slabs, ...tiled, ...run];
  const steps = parallel ? withThreads(kernel, chosen, limits) : chosen;
  return steps.length > run.length || groups ? nameSteps(steps) : { name: "serial", steps };
}

/** A schedule that is called by its transforms. */
const nameSteps = (steps: Schedule): NamedSchedule => ({
  name: [...new Set(steps.map(([name]) => name))].join(", "),
  steps,
});

const noStrips: ChosenStrips = { steps: [], stages: new Set(), stored: new Map() };

/** Stages that read what strips have stored follow its places. */
function chooseOrders(
  kernel: Kernel,
  steps: Schedule,
  strips: ChosenStrips,
  limits: Limits,
): Schedule {
  if (strips.stored.size === 0) return [];
  const drafted = applySchedule(kernel, steps, limits);
  return "refused" in drafted ? [] : followPlaces(drafted.steps.at(-1)!, strips.stored, limits);
}

/**
 * Numbers of a slab: so many that launches have enough to share out; so few that they stay in the caches of a
 * CPU, or that a device binds them as one buffer.
 */
const mostOfSlab = { loops: 2 ** 21, groups: 2 ** 24 };

/** Contractions that others read are made a slab at a time. */
function findSlabs(
  kernel: Kernel,
  steps: Schedule,
  stored: ReadonlyMap<string, readonly string[]>,
  most: number,
  limits: Limits,
): Schedule {
  if (stored.size === 0) return [];
  const drafted = applySchedule(kernel, steps, limits);
  return "refused" in drafted ? [] : chooseSlabs(drafted.steps.at(-1)!, stored, most, limits);
}

/** Does a step say that a stage is stored, whole or a panel at a time? */
const storesStage = ([name]: Schedule[number]): boolean =>
  name === materialise.name || name === panel.name;

/** A schedule in which CPU threads share out what they can. */
function withThreads(kernel: Kernel, steps: Schedule, limits: Limits): Schedule {
  const more: Schedule = [...steps, ["parallel", { loops: 2 }]];
  return "refused" in applySchedule(kernel, more, limits) ? steps : more;
}

/** Panels of the stages that elements share, those nearest to the result first: they hold what others give. */
function choosePanels(
  kernel: Kernel,
  stages: readonly string[],
  setting: Setting,
  limits: Limits,
): Schedule {
  let draft = newDraft(kernel);
  const chosen: [name: string, params: Params][] = [];
  for (const stage of stages.toReversed()) {
    const axes = panelAxes(kernel, stage, setting);
    if (axes.length === 0) continue;
    const params = { stage, axes: axes.join(" ") };
    const next = panel.apply(draft, params, limits);
    if ("refused" in next) continue;
    draft = next;
    chosen.push([panel.name, params]);
  }
  return chosen;
}

/**
 * The axes along which panels of a stage are made: all but the innermost, where neighbours that share it stand side
 * by side. None where it is not shared.
 */
function panelAxes(kernel: Kernel, name: string, setting: Setting): readonly string[] {
  const others = new Set(kernel.outputs);
  const reader = inlineStages(kernel, others).stages.find(({ kind }) => kind === "gather");
  if (reader?.kind !== "gather" || findSharing(reader, setting).length === 0) return [];
  const stored = inlineStages(kernel, new Set([...others, name]));
  const axes = axisNames(reader.domain).slice(0, -1);
  const around = axes.filter((axis) => !("refused" in findReader(stored, name, [axis])));
  return around.length < axes.length ? around : [];
}

/** In which order stages are walked, and how many elements at once. */
function chooseWalks(
  kernel: Kernel,
  stored: Schedule,
  setting: Setting,
  done: ReadonlySet<string>,
): Schedule {
  const names = stored.map(([, params]) => String(params?.stage));
  const { stages } = inlineStages(kernel, new Set(names));
  return stages.flatMap((stage): Schedule => {
    if (done.has(stage.name)) return [];
    if (stage.kind === "scatter") return orderScatter(stages, stage, setting);
    const around = stored.flatMap(([, params]) => String(params?.axes ?? "").split(" "));
    const own = { ...setting, except: new Set([...setting.except, ...around]) };
    const jams = findSharing(stage, own);
    const innermost = setting.beside || jams.length > 0 ? undefined : findInnermost(stage, own);
    const ofSums = findInnermostOfSums(stage, setting);
    return [
      ...(innermost === undefined
        ? []
        : [["order", { stage: stage.name, axes: innermost }] as const]),
      ...(ofSums === undefined ? [] : [["walk", { stage: stage.name, axes: ofSums }] as const]),
      ...jams.map(({ axis, by }) => ["jam", { stage: stage.name, axis, by }] as const),
    ];
  });
}

/** Additions of one name in one order, where threads do not share them out. */
function orderScatter(stages: readonly Stage[], stage: Stage, setting: Setting): Schedule {
  const named = stages.filter(({ name }) => name === stage.name);
  if (setting.beside || named[0] !== stage) return [];
  const innermost = findInnermost(stage, setting);
  return innermost !== undefined &&
    named.every(({ domain }) => axisNames(domain).includes(innermost))
    ? [["order", { stage: stage.name, axes: innermost }]]
    : [];
}
