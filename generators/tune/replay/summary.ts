// Many replays as numbers: means with intervals, and what pure chance would reach.

import type { Recording } from "./recording.ts";

/** Means over runs after some number of evaluations. */
export interface Reached {
  readonly evaluations: number;
  /** Of the optimum: best possible cost / best cost found. */
  readonly fraction: number;
  /** Where the mean over endless runs lies, with 95 % confidence. */
  readonly ci95: readonly [low: number, high: number];
}

/** The numbers of evaluations that tables show, as far as a budget goes, and the budget itself. */
export const checkpoints = (budget: number): readonly number[] => [
  ...new Set([...[10, 20, 50, 100, 200].filter((count) => count < budget), budget]),
];

/** Quantiles of Student's distribution at 97.5 %, by degrees of freedom; 1.96 for many. */
const quantiles = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

function quantile(freedom: number): number {
  // The first terms of Cornish and Fisher's expansion, close where the table ends.
  const z = 1.959964;
  const approximate = z + (z ** 3 + z) / (4 * freedom);
  return quantiles[freedom - 1] ?? approximate;
}

/** Means of runs at some numbers of evaluations. */
export function summarise(
  runs: readonly Float64Array[],
  counts: readonly number[],
): readonly Reached[] {
  return counts.map((evaluations) => {
    const values = runs.map((run) => run[evaluations - 1]!);
    const fraction = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - fraction) ** 2, 0);
    // One run says nothing of others.
    const freedom = values.length - 1;
    const half =
      freedom === 0 ? 1 : quantile(freedom) * Math.sqrt(squares / freedom / values.length);
    const ci95 = [Math.max(0, fraction - half), Math.min(1, fraction + half)] as const;
    return { evaluations, fraction, ci95 };
  });
}

/** What points by chance, none twice, reach in the mean over all ways to draw them; no run is needed. */
export function expectRandom({ outcomes, best }: Recording, evaluations: number): number {
  const size = outcomes.length;
  const costs = outcomes.flatMap((outcome) => ("cost" in outcome ? [outcome.cost] : []));
  costs.sort((a, b) => a - b);
  const count = Math.min(evaluations, size);
  // The probability that none of the first `rank` points is drawn, and the next one is.
  let missed = 1;
  let mean = 0;
  for (const [rank, cost] of costs.entries()) {
    const left = size - rank;
    const drawn = count >= left ? 1 : count / left;
    mean += missed * drawn * (best / cost);
    missed *= 1 - drawn;
    if (missed <= 0) break;
  }
  return mean;
}
