// Searches that are written from top to bottom: they wait for the cost of each point they look at.

import type { Points } from "../space/space.ts";
import { createUntried, type Untried } from "./simple.ts";
import type { Outcome, Random, Searcher, Strategy } from "./strategy.ts";

/** The cost of a point, infinite where it failed; each point is evaluated once. */
export type Evaluate = (index: number) => Generator<number, number, number>;

/** What a walk goes by. */
export interface Ground {
  readonly points: Points;
  readonly random: Random;
  readonly evaluate: Evaluate;
  /** What is not evaluated yet; there is something as long as the walk is asked to go on. */
  readonly untried: Untried;
  /** Points to start from, which are evaluated already; best first as far as their giver knew. */
  readonly seeds: readonly number[];
  readonly budget: number | undefined;
}

/** What an outcome costs: infinitely much where it failed, or where its cost is no number. */
export const costOf = (outcome: Outcome): number =>
  "cost" in outcome && !Number.isNaN(outcome.cost) ? outcome.cost : Number.POSITIVE_INFINITY;

/** A way to search by a walk; what the walk has no more points for is searched by chance. */
export function createWalk(
  name: string,
  doc: string,
  walk: (ground: Ground) => Generator<number, void, number>,
): Strategy {
  return {
    name,
    doc,
    start(points, random, { seeds, budget }): Searcher {
      const untried = createUntried(points);
      const costs = new Map<number, number>();
      const queue = [...new Set(seeds)];
      const evaluate: Evaluate = function* (index) {
        return costs.get(index) ?? (yield index);
      };
      const steps = walk({ points, random, evaluate, untried, seeds: [...queue], budget });
      // The point whose cost the walk waits for.
      let awaited: number | undefined;
      const advance = (): number | undefined => {
        const { done, value } = steps.next(awaited === undefined ? 0 : costs.get(awaited)!);
        return done === true ? undefined : value;
      };
      return {
        next() {
          if (untried.left === 0) return undefined;
          const seed = queue.shift();
          if (seed === undefined) awaited = advance();
          const index = seed ?? awaited ?? untried.any(random);
          untried.remove(index);
          return index;
        },
        tell(index, outcome) {
          costs.set(index, costOf(outcome));
        },
      };
    },
  };
}

/** Points by chance that nobody evaluated, fewer where there are no more. */
export function drawUntried({ untried, random }: Ground, count: number): readonly number[] {
  const wanted = Math.min(count, untried.left);
  return [...new Set(Array.from({ length: wanted }, () => untried.any(random)))];
}
