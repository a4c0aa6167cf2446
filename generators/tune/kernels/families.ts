// The structures that schedules of a kernel can have: the default schedule, and what it becomes where ways that it takes
// are left out and others taken. Sizes are chosen within each.

import type { Kernel } from "../../ir/kernel.ts";
import { type Abilities, defaultSchedule, usualWays, type Ways } from "../../schedule/defaults.ts";
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

/** All structures of a kernel's schedules on a device that differ, the default first, then the most like it. */
export function findFamilies(
  kernel: Kernel,
  abilities: Abilities,
  limits: Limits,
): readonly Family[] {
  const ways = usualWays(kernel, abilities);
  const found = new Map<string, Family>();
  for (const changed of subsets(names)) {
    const other = Object.fromEntries(changed.map((name) => [name, !ways[name]]));
    const { name, steps } = defaultSchedule(kernel, abilities, limits, { ...ways, ...other });
    const key = JSON.stringify(steps);
    if (found.has(key)) continue;
    const applied = applySchedule(kernel, steps, limits);
    if ("refused" in applied) continue;
    const family = {
      name: nameFamily(ways, changed),
      schedule: name,
      steps,
      drafts: applied.steps,
    };
    found.set(key, family);
  }
  return dropAlike([...found.values()]);
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

function nameFamily(ways: Ways, changed: readonly (keyof Ways)[]): string {
  const say = (word: string, taken: boolean): readonly string[] => {
    const own = changed.filter((name) => ways[name] === taken);
    return own.length > 0 ? [`${word} ${own.join(", ")}`] : [];
  };
  return [...say("without", true), ...say("with", false)].join("; ") || usual;
}

/** All subsets, small ones first. */
function subsets<T>(of: readonly T[]): readonly (readonly T[])[] {
  const all = Array.from({ length: 2 ** of.length }, (_, bits) =>
    of.filter((_, i) => bits & (1 << i)),
  );
  return all.toSorted((a, b) => a.length - b.length);
}
