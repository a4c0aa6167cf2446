// How configurations are searched: a strategy is asked for the next one and told what became of it.

import type { Points } from "../space/space.ts";

/** What became of a configuration: seconds (or another cost, less is better), or why there is none. */
export type Outcome = { readonly cost: number } | { readonly failed: string };

/** Numbers from 0 to below 1, the same for the same seed. */
export type Random = () => number;

/** A search that runs. */
export interface Searcher {
  /** The number of the next point to evaluate; undefined where none is left. Points are never asked for twice. */
  next(): number | undefined;
  /** What became of it. */
  tell(index: number, outcome: Outcome): void;
}

/** A way to search. */
export interface Strategy {
  readonly name: string;
  readonly doc: string;
  /**
   * Starts a search; `seeds` are points to try first, best first; `budget` is how many evaluations
   * there will be, where that is known.
   */
  start(
    points: Points,
    random: Random,
    options: { readonly seeds: readonly number[]; readonly budget?: number },
  ): Searcher;
}
