// The structures that schedules of a kernel can have: the default schedule, and what it becomes where ways that it takes
// are left out and others taken. Sizes are chosen within each.

import type { Kernel } from "../../ir/kernel.ts";
import {
  type Abilities,
  defaultSchedule,
  type NamedSchedule,
  usualWays,
  type Ways,
} from "../../schedule/defaults.ts";
import { applySchedule, type Draft, type Limits, type Schedule } from "../../schedule/index.ts";

/** A structure of schedules. */
export interface Family {
  /** What differs from the default schedule: `usual`, `without contract`. */
  readonly name: string;
  /** As default schedules call it: its transforms. */
  readonly schedule: string;
  readonly steps: Schedule;
  /** The drafts before and after each step. */
  readonly drafts: readonly Draft[];
}

/** The family of default schedules. */
export const usual = "usual";

const names = ["contract", "vector", "panel", "walk", "layout", "materialise", "lanes"] as const;

/** Ways that a structure takes or leaves otherwise than the default. */
const mostChanges = 2;

type Changed = readonly (keyof Ways)[];

/** All structures of a kernel's schedules on a device that differ, the default first, then the most like it. */
export function findFamilies(
  kernel: Kernel,
  abilities: Abilities,
  limits: Limits,
): readonly Family[] {
  const ways = usualWays(kernel, abilities);
  const found: Family[] = [];
  const known = new Set<string>();
  let open: readonly Changed[] = [[]];
  // What changes nothing by itself is not looked at together with more.
  for (let changes = 0; changes <= mostChanges; changes++) {
    const next: Changed[] = [];
    for (const changed of open) {
      const other = Object.fromEntries(changed.map((name) => [name, !ways[name]]));
      const made = defaultSchedule(kernel, abilities, limits, { ...ways, ...other });
      const key = JSON.stringify(made.steps);
      if (known.has(key)) continue;
      known.add(key);
      const family = openFamily(kernel, limits, nameFamily(ways, changed), made);
      if (family === undefined) continue;
      found.push(family);
      // Where a launch only returns an element of its own, there is one way to schedule it.
      if (!abilities.updates) continue;
      const last = Math.max(-1, ...changed.map((name) => names.indexOf(name)));
      next.push(...names.slice(last + 1).map((name) => [...changed, name]));
    }
    open = next;
  }
  return dropAlike(found);
}

/** A schedule as a family; undefined where it does not apply. */
function openFamily(
  kernel: Kernel,
  limits: Limits,
  name: string,
  { name: schedule, steps }: NamedSchedule,
): Family | undefined {
  const applied = applySchedule(kernel, steps, limits);
  return "refused" in applied ? undefined : { name, schedule, steps, drafts: applied.steps };
}

/** Families whose steps differ on stages that tiles take over anyway are alike: the first of them stays. */
function dropAlike(families: readonly Family[]): readonly Family[] {
  const known = new Set<string>();
  return families.filter((family) => {
    const key = JSON.stringify(family.steps.filter((_, i) => !isOverruled(family, i)));
    const isNew = !known.has(key);
    known.add(key);
    return isNew;
  });
}

/**
 * Does a step say how a stage is walked that tiles take over? Such a step serves sizes alone that tiles do not suit,
 * for which there are families without tiles.
 */
export function isOverruled({ steps, drafts }: Family, at: number): boolean {
  const [name, params] = steps[at]!;
  const stage = params?.stage;
  const loops = typeof stage === "string" ? drafts.at(-1)!.loops.get(stage) : undefined;
  return (
    loops?.by === "tiles" && name !== "contract" && drafts[at + 1]!.walkings.has(String(stage))
  );
}

function nameFamily(ways: Ways, changed: Changed): string {
  const say = (word: string, taken: boolean): readonly string[] => {
    const own = changed.filter((name) => ways[name] === taken);
    return own.length > 0 ? [`${word} ${own.join(", ")}`] : [];
  };
  return [...say("without", true), ...say("with", false)].join("; ") || usual;
}
