// The order in which stages are walked that read what strips have stored: place by place, as it lies in memory.

import { rootsOf } from "../../ir/kernel.ts";
import { visit } from "../../ir/walk.ts";
import { axisNames } from "../domain.ts";
import { type Draft, type Limits, launchedStages, type Schedule } from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { order } from "../transforms/order.ts";

/** Steps that put all axes but those of the places innermost, for stages of other kinds that read a stored stage. */
export function followPlaces(
  draft: Draft,
  stored: ReadonlyMap<string, readonly string[]>,
  limits: Limits,
): Schedule {
  const kept = new Set(launchedStages(draft).map(({ name }) => name));
  const { stages } = inlineStages(draft.kernel, kept);
  let now = draft;
  return [...new Set(stages.map(({ name }) => name))].flatMap((name): Schedule => {
    if (now.loops.has(name)) return [];
    const own = stages.filter((stage) => stage.name === name);
    const read = new Set<string>();
    visit(own.flatMap(rootsOf), (e) => void (e.kind === "read" && read.add(e.from)));
    const places = [...stored].flatMap(([stage, axes]) => (read.has(stage) ? [axes] : []))[0];
    if (!places) return [];
    const axes = axisNames(own[0]!.domain).filter((axis) => !places.includes(axis));
    const { vector, inner = [] } = now.walkings.get(name) ?? {};
    const last = vector === undefined ? undefined : inner.at(-1);
    const sorted = [...axes.filter((axis) => axis !== last), ...(last ? [last] : [])];
    const next = order.apply(now, { stage: name, axes: sorted.join(" ") }, limits);
    if (sorted.length === 0 || "refused" in next) return [];
    now = next;
    return [[order.name, { stage: name, axes: sorted.join(" ") }]];
  });
}
