// A search on recorded results: each evaluation is looked up, and costs one of the budget.

import { createRandom } from "../search/random.ts";
import type { Strategy } from "../search/strategy.ts";
import type { Recording } from "./recording.ts";

/** How a search is replayed. */
export interface ReplayOptions {
  readonly budget: number;
  readonly seed: number;
  /** Is told the number of each point that is evaluated. */
  readonly tell?: (index: number) => void;
}

/**
 * What fraction of the optimum the best configuration found has reached after each evaluation:
 * best possible cost / best cost found, and 0 as long as all have failed.
 */
export function replayOnce(
  recording: Recording,
  strategy: Strategy,
  { budget, seed, tell }: ReplayOptions,
): Float64Array {
  const { points, outcomes, best } = recording;
  const searcher = strategy.start(points, createRandom(seed), { seeds: [], budget });
  const fractions = new Float64Array(budget);
  const asked = new Set<number>();
  let found = Number.POSITIVE_INFINITY;
  for (let i = 0; i < budget; i++) {
    // Whoever has tried all keeps the best.
    const index = asked.size < points.size ? searcher.next() : undefined;
    if (index !== undefined) {
      if (asked.has(index)) throw new Error(`${strategy.name} asked for a point twice`);
      asked.add(index);
      const outcome = outcomes[index]!;
      searcher.tell(index, outcome);
      tell?.(index);
      if ("cost" in outcome) found = Math.min(found, outcome.cost);
    }
    fractions[i] = best / found;
  }
  return fractions;
}

/** The seed of one of several runs. */
export const seedOfRun = (seed: number, run: number): number => seed * 1_000_003 + run;
