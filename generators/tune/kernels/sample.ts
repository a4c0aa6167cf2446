// A few points of a space: the default, and others spread over it.

import { createRandom } from "../search/random.ts";
import type { Configuration, Points } from "../space/space.ts";

/** The default and so many other points, the same for the same seed. */
export function samplePoints(
  points: Points,
  usual: Configuration,
  count: number,
  seed = 0,
): readonly Configuration[] {
  const random = createRandom(seed);
  const at = points.find(usual);
  const chosen = new Set<number>();
  const others = points.size - (at === undefined ? 0 : 1);
  while (chosen.size < Math.min(count, others)) {
    const index = Math.floor(random() * points.size);
    if (index !== at) chosen.add(index);
  }
  return [usual, ...[...chosen].map((index) => points.at(index))];
}
