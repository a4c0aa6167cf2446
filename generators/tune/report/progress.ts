// How near to the best known time searches came, after how many evaluations and seconds.

import { isTimed, type Study } from "./study.ts";

/** A search: the fraction of the optimum after each evaluation, and when that was. */
export interface Run {
  readonly fractions: readonly number[];
  /** Since its start; absent where nobody wrote it down. */
  readonly seconds?: readonly number[];
}

/** Where the middle one of several runs is, and four of five of them. */
export interface Band {
  readonly at: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Runs of one kind. */
export interface Curve {
  readonly name: string;
  readonly runs: number;
  readonly byEvaluations: readonly Band[];
  readonly bySeconds: readonly Band[];
}

/** The parts of all runs below `low`, `middle` and `high`. */
const parts = { low: 0.1, middle: 0.5, high: 0.9 } as const;

/** The most points that a curve has. */
const most = 120;

/** The run that a study's trials were, in their order: best known time / best time so far. */
export function runOf({ trials }: Study): Run {
  const best = trials.reduce((least, { cost }) => Math.min(least, cost ?? least), Infinity);
  let found = Number.POSITIVE_INFINITY;
  let total = 0;
  const fractions: number[] = [];
  const seconds: number[] = [];
  for (const { cost, spent } of trials) {
    found = Math.min(found, cost ?? found);
    fractions.push(best / found);
    if (spent) total += (spent.compile + spent.verify + spent.measure) / 1000;
    seconds.push(total);
  }
  return { fractions, seconds };
}

/** Runs of one search as a curve; each ends where the shortest run does. */
export function joinRuns(name: string, runs: readonly Run[]): Curve {
  const length = Math.min(...runs.map(({ fractions }) => fractions.length));
  const byEvaluations = spread(length).map((at) =>
    bandOf(
      at,
      runs.map(({ fractions }) => fractions[at - 1]!),
    ),
  );
  const times = runs.flatMap(({ seconds }) => (seconds ? [seconds] : []));
  // A clock that stood still says nothing.
  const last = times.length < runs.length ? 0 : Math.min(...times.map((of) => of[length - 1]!));
  const ticks = runs.length === 1 ? times[0]! : spread(most).map((i) => (i * last) / most);
  const bySeconds =
    last <= 0
      ? []
      : thin(ticks).map((at) =>
          bandOf(
            at,
            runs.map(({ fractions, seconds }) => fractions[countUntil(seconds!, at) - 1] ?? 0),
          ),
        );
  return { name, runs: runs.length, byEvaluations, bySeconds };
}

/** How many of ascending times are not after a time. */
function countUntil(times: readonly number[], at: number): number {
  const index = times.findIndex((time) => time > at);
  return index < 0 ? times.length : index;
}

function bandOf(at: number, values: readonly number[]): Band {
  const sorted = values.toSorted((a, b) => a - b);
  const part = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return { at, low: part(parts.low), middle: part(parts.middle), high: part(parts.high) };
}

/** Whole numbers from 1 to a last one, all or so many that curves look the same. */
export function spread(last: number): readonly number[] {
  const steps = Math.min(last, most);
  return [
    ...new Set(Array.from({ length: steps }, (_, i) => Math.round(((i + 1) * last) / steps))),
  ];
}

const thin = (ticks: readonly number[]): readonly number[] =>
  spread(ticks.length).map((i) => ticks[i - 1]!);

/**
 * What drawing by chance reaches on a space that is wholly known, exactly: of the best of so many
 * draws, none twice, the distribution follows from how many configurations are faster.
 */
export function chanceOf({ trials }: Study, budget: number): Curve {
  const costs = trials
    .filter(isTimed)
    .map(({ cost }) => cost)
    .sort((a, b) => a - b);
  const size = trials.length;
  const spents = trials.flatMap(({ spent }) => (spent ? [spent] : []));
  const total = spents.reduce((sum, of) => sum + of.compile + of.verify + of.measure, 0) / 1000;
  const byEvaluations = spread(Math.min(budget, size)).map((at) => ({
    at,
    low: quantile(costs, size, at, parts.low),
    middle: quantile(costs, size, at, parts.middle),
    high: quantile(costs, size, at, parts.high),
  }));
  // Each draw takes what an evaluation takes in the mean.
  const bySeconds =
    spents.length < size || total <= 0
      ? []
      : byEvaluations.map((band) => ({ ...band, at: (band.at * total) / size }));
  return { name: "chance", runs: Number.POSITIVE_INFINITY, byEvaluations, bySeconds };
}

/** The fraction of the optimum that a share of all ways to draw do not exceed. */
function quantile(costs: readonly number[], size: number, draws: number, share: number): number {
  // The probability that nothing among the fastest `rank` is drawn: then the best is slower.
  let missed = 1;
  for (const [rank, cost] of costs.entries()) {
    const left = size - rank;
    missed *= draws >= left ? 0 : 1 - draws / left;
    // Slower than this one are fewer than the share that is asked for.
    if (missed < share - 1e-12) return costs[0]! / cost;
  }
  return 0;
}
