// Iterated local search: from the best of a few points by chance to the first better neighbour,
// and again from elsewhere where there is none.

import { shuffle } from "./random.ts";
import type { Strategy } from "./strategy.ts";
import { createWalk, drawUntried } from "./walk.ts";

/** Points by chance, the best of which is climbed from. */
const starts = 5;

function createClimb(name: string, kind: "hamming" | "adjacent", step: string): Strategy {
  const doc = `iterated local search: to the first better point that differs ${step}`;
  return createWalk(name, doc, function* (ground) {
    const { points, random, evaluate, untried, seeds } = ground;
    for (let from = seeds; untried.left > 0; from = []) {
      if (from.length === 0) from = drawUntried(ground, starts);
      let [at, cost] = [from[0]!, Number.POSITIVE_INFINITY];
      for (const index of from) {
        const other = yield* evaluate(index);
        if (other < cost) [at, cost] = [index, other];
      }
      for (let better = true; better; ) {
        better = false;
        for (const index of shuffle([...points.neighbours(at, kind)], random)) {
          const other = yield* evaluate(index);
          if (other >= cost) continue;
          [at, cost, better] = [index, other, true];
          break;
        }
      }
    }
  });
}

/** Local search among points that differ in one parameter. */
export const ils = createClimb("ils", "hamming", "in one parameter");

/** Local search among points that differ by one step of one parameter. */
export const adjacentIls = createClimb("ils-adjacent", "adjacent", "by one step of one parameter");
