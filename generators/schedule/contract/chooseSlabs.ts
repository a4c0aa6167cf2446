// Which stages default schedules make a slab at a time: contractions that others read, which are larger than all
// that goes in and comes out, and what is only read with them.

import { type Draft, innerStages, type Limits, type Schedule } from "../draft.ts";
import { slab } from "../transforms/slab.ts";

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
