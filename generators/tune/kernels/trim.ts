// Spaces of a size that can be searched: what matters least is left as it is, and structures least like the default are
// left out.

import type { Limits } from "../../schedule/index.ts";
import { enumerate } from "../space/enumerate.ts";
import { parametersOf } from "../space/evaluate.ts";
import type { Extra } from "./extras.ts";
import type { Family } from "./families.ts";
import { findSizes, type Sizes } from "./parameters.ts";

/** About how many points a space may have. */
const mostPoints = 20_000;

/** A structure with its sizes. */
export interface Sized extends Family, Sizes {}

/** What was left out: parameters stay as they are, structures are not taken. */
export interface Left {
  readonly parameters: readonly string[];
  readonly families: readonly string[];
}

/** What remains of a kernel's choices. */
export interface Trimmed {
  readonly families: readonly Sized[];
  readonly extras: readonly Extra[];
  readonly left: Left;
}

/** As much of some choices as makes a space that can be searched. */
export function trim(
  families: readonly Family[],
  extras: readonly Extra[],
  limits: Limits,
): Trimmed {
  const size = (withMinor: boolean) =>
    families.map((family): Sized => ({ ...family, ...findSizes(family, limits, withMinor) }));
  const all = size(true);
  if (countAll(all, extras) <= mostPoints)
    return { families: all, extras, left: { parameters: [], families: [] } };
  const kept: Sized[] = [];
  let points = 0;
  for (const family of size(false)) {
    const count = countSizes(family);
    if (kept.length > 0 && points + count > mostPoints) continue;
    points += count;
    kept.push(family);
  }
  const dropped = all.flatMap(({ knobs }) => knobs.flatMap((k) => (k.minor ? [k.name] : [])));
  const names = kept.map(({ name }) => name);
  const left = {
    parameters: [...new Set([...dropped, ...extras.map(({ name }) => name)])],
    families: all.flatMap(({ name }) => (names.includes(name) ? [] : [name])),
  };
  return { families: kept, extras: [], left };
}

const countAll = (families: readonly Sized[], extras: readonly Extra[]): number =>
  families.reduce((sum, family) => {
    const own = extras.filter((extra) => extra.families.includes(family.name));
    return sum + own.reduce((n, { values }) => n * values.length, countSizes(family));
  }, 0);

/** How many choices of a family's sizes are valid: of those that conditions join, times those of the others. */
function countSizes({ knobs, conditions }: Sizes): number {
  const values = new Map(knobs.map(({ name, values }) => [name, values]));
  let groups: readonly ReadonlySet<string>[] = [...values.keys()].map((name) => new Set([name]));
  const known = conditions.filter(({ holds }) =>
    [...parametersOf(holds)].every((name) => values.has(name)),
  );
  for (const { holds } of known) {
    const names = parametersOf(holds);
    const joined = groups.filter((group) => [...group].some((name) => names.has(name)));
    const rest = groups.filter((group) => !joined.includes(group));
    groups = [...rest, new Set(joined.flatMap((group) => [...group]))];
  }
  return groups
    .filter((group) => group.size > 0)
    .map((group) => {
      const parameters = [...group].map((name) => ({ name, values: values.get(name)! }));
      const own = known.filter(({ holds }) => [...parametersOf(holds)].some((n) => group.has(n)));
      return enumerate({ name: "sizes", parameters, constraints: own }).size;
    })
    .reduce((a, b) => a * b, 1);
}
