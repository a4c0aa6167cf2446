// The ways to search, by name.

import { adjacentIls, ils } from "./climb.ts";
import { annealing, genetic } from "./evolve.ts";
import { exhaustive, random } from "./simple.ts";
import type { Strategy } from "./strategy.ts";
import { defaultStrategy } from "./surrogate.ts";

const all: readonly Strategy[] = [
  defaultStrategy,
  exhaustive,
  random,
  ils,
  adjacentIls,
  genetic,
  annealing,
];

/** The ways to search, by name. */
export const strategies: Readonly<Record<string, Strategy>> = Object.fromEntries(
  all.map((strategy) => [strategy.name, strategy]),
);

export { defaultStrategy };
