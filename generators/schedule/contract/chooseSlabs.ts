// Which stages default schedules make a slab at a time: contractions that others read, which are larger than all
// that goes in and comes out, and what is only read with them.

import { type Kernel, rootsOf } from "../../ir/kernel.ts";
import { visit } from "../../ir/walk.ts";
import { axisNames } from "../domain.ts";
import { type Draft, innerStages, type Limits, type Schedule } from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { findBatches } from "../sharing.ts";
import { contract } from "../transforms/contract.ts";
import { slab } from "../transforms/slab.ts";
import { recognise } from "./recognise.ts";

/** Steps that make stages in slabs of so many numbers: `stored` ones, by the axes of their places, then others beside. */
export function chooseSlabs(
  draft: Draft,
  stored: ReadonlyMap<string, readonly string[]>,
  most: number,
  limits: Limits,
): Schedule {
  let now = draft;
  const steps: Schedule[number][] = [];
  const add = (stage: string, axes: string): void => {
    const params = { stage, axes, most };
    const next = slab.apply(now, params, limits);
    if ("refused" in next) return;
    now = next;
    steps.push([slab.name, params]);
  };
  for (const [stage, places] of stored) add(stage, places.slice(0, -1).join(" "));
  const { slabs } = now;
  if (slabs) for (const stage of innerStages(draft)) add(stage, slabs.axes.join(" "));
  return steps;
}

/** The inner stages that a gradient stores: with groups of threads all but those that tiles make as they need them. */
export function storedInner(
  kernel: Kernel,
  inner: readonly string[],
  groups: boolean,
): readonly string[] {
  if (!groups) return inner;
  return inner.filter((name) => {
    const kept = new Set([...inner, ...kernel.outputs].filter((other) => other !== name));
    const readers = kernel.stages.filter((stage) => {
      let reads = false;
      visit(rootsOf(stage), (e) => {
        reads ||= e.kind === "read" && e.from === name;
      });
      return reads;
    });
    const [reader] = readers;
    if (!reader || readers.length > 1) return true;
    const inlined = inlineStages(kernel, kept);
    const own = inlined.stages.find((stage) => stage.name === reader.name);
    if (own?.kind !== "gather") return true;
    return "refused" in recognise(inlined, own, new Map(inlined.names));
  });
}

/** The stages that are stored and made in tiles, with the axes of their places: those of the factor with the batch. */
export function placesOfTiles(
  kernel: Kernel,
  stored: Schedule,
  tiled: Schedule,
): ReadonlyMap<string, readonly string[]> {
  const names = stored.map(([, params]) => String(params?.stage));
  const inlined = inlineStages(kernel, new Set([...names, ...kernel.outputs]));
  const batches = findBatches(kernel);
  const found = new Map<string, readonly string[]>();
  for (const [step, params] of tiled) {
    const stage = inlined.stages.find(({ name }) => name === params?.stage);
    if (step !== contract.name || stage?.kind !== "gather" || !names.includes(stage.name)) continue;
    const made = recognise(inlined, stage, new Map(inlined.names));
    if ("refused" in made) continue;
    const places = [made.m, made.p].find((loops) => loops.some(({ axis }) => batches.has(axis)));
    const own = axisNames(stage.domain);
    const axes = (places ?? []).map(({ axis }) => axis).filter((axis) => own.includes(axis));
    if (axes.length > 1) found.set(stage.name, axes);
  }
  return found;
}
