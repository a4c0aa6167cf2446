// Points to begin with: far from each other, so that each value of each parameter is seen early.

import type { Choices, Distances } from "./kernel.ts";
import type { Untried } from "./simple.ts";
import type { Random } from "./strategy.ts";

/** Points by chance, the one least like those tried of which is taken. */
const candidates = 20;

/** An untried point that has little in common with those tried; there must be one. */
export function drawSpread(
  points: Choices,
  distances: Distances,
  tried: readonly number[],
  untried: Untried,
  random: Random,
): number {
  const likeness = (a: number, b: number): number => {
    let same = 0;
    for (const [parameter, { count, of }] of distances.entries())
      if (count > 1)
        same += 1 - of[points.choice(a, parameter) * count + points.choice(b, parameter)]!;
    // One that is very like counts more than several that are a little.
    return same ** 3;
  };
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (let i = 0; i < candidates; i++) {
    const index = untried.any(random);
    const shared = tried.reduce((sum, other) => sum + likeness(index, other), 0);
    if (shared < least) [best, least] = [index, shared];
  }
  return best;
}
