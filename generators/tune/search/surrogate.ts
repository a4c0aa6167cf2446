// Search by a model: costs are expected from those seen, and where most can be gained is tried next.

import type { Points } from "../space/space.ts";
import { createModel, improveHyper, type Known, type Model, startHyper } from "./gaussian.ts";
import { expectImprovement } from "./improvement.ts";
import { coarsen, type Distances, type Hyper, measureDistances } from "./kernel.ts";
import { sampleIndices } from "./random.ts";
import { createUntried, type Untried } from "./simple.ts";
import { drawSpread } from "./spread.ts";
import type { Random, Strategy } from "./strategy.ts";
import { costOf } from "./walk.ts";

/** Points that are tried before there is a model. */
const first = 8;

/** At most so many points does a model know, and so many are its hyperparameters fitted by. */
const most = { known: 250, fitted: 80 } as const;

/** Changes of hyperparameters that are tried each time: of costs, and of failures. */
const tries = { costs: 20, failures: 8 } as const;

/** Best points, and points that look best, and how many neighbours of each are looked at. */
const near = { best: 6, promising: 6, neighbours: 256 } as const;

/** Other points that are looked at: fewer as each of them costs more. */
const poolSize = (tried: number): number =>
  Math.min(3000, Math.max(700, Math.floor(150_000 / tried)));

/** What was tried, and what it cost: infinitely much where it failed. */
interface History {
  readonly points: number[];
  readonly costs: number[];
}

/** What is expected of a pool at one time. */
interface Expectation {
  readonly costs: Model;
  /** Of 1 for a point that works and -1 for one that fails, less their mean; where some failed. */
  readonly works: Model | undefined;
  readonly worksMean: number;
  /** A cost as a value of the model. */
  transform(cost: number): number;
  /** What is to be improved on: the lowest value known, or what lies below where many share it. */
  best: number;
}

/** What is assumed of failures: they begin at once, and where several parameters meet. */
const failureHyper = (distances: Distances): Hyper => ({
  lengths: distances.map(() => 0.5),
  additive: 0.3,
  noise: 0.05,
});

/** How often a model is fitted anew: costs are less surprising the more of them are known. */
const untilFit = (known: number): number => (known < 30 ? 3 : known < 100 ? 5 : 10);

/** Positions of the lowest values, lowest first. */
const lowest = (values: ArrayLike<number>, count: number): readonly number[] =>
  Array.from(values, (_, i) => i)
    .sort((a, b) => values[a]! - values[b]!)
    .slice(0, count);

/** At most so many positions: mostly those of the lowest values, the others by chance. */
function choose(values: readonly number[], count: number, random: Random): readonly number[] {
  if (values.length <= count) return [...values.keys()];
  const order = lowest(values, values.length);
  const good = Math.floor(count / 2);
  const others = sampleIndices(values.length - good, count - good, random);
  return [...order.slice(0, good), ...others.map((i) => order[good + i]!)];
}

const takeKnown = ({ points, values }: Known, positions: readonly number[]): Known => ({
  points: positions.map((i) => points[i]!),
  values: positions.map((i) => values[i]!),
});

/**
 * Logarithms of costs, moved and scaled to mean 0 and variance 1; how much slower the slower half
 * is counts half, since it is the fast ones that have to be told apart.
 */
function scaleCosts(costs: readonly number[]): (cost: number) => number {
  // A cost of nothing is one that a clock did not see.
  const log = (cost: number): number => Math.log(Math.max(cost, Number.MIN_VALUE));
  const sorted = costs.map(log).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  const bend = (cost: number): number => {
    const above = log(cost) - median;
    return above > 0 ? above / 2 : above;
  };
  const bent = costs.map(bend);
  const mean = bent.reduce((sum, x) => sum + x, 0) / bent.length;
  const squares = bent.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / bent.length) || 1;
  return (cost) => (bend(cost) - mean) / deviation;
}

/** All of a few numbers, or so many of them by chance. */
const someOf = (all: readonly number[], most: number, random: Random): readonly number[] =>
  all.length <= most ? all : sampleIndices(all.length, most, random).map((i) => all[i]!);

/** So many points with the very same lowest value make a plain, which is left by so much. */
const plain = { points: 3, below: 0.3 } as const;

/** What is to be improved on; on a plain, to look much like its points must not be worth a try. */
function aimAt(values: readonly number[]): number {
  const least = values.reduce((a, b) => Math.min(a, b));
  const shared = values.filter((value) => value === least).length;
  return shared < plain.points ? least : least - plain.below;
}

/** Untried points among which the next are sought: near the best, near what looked good, and any. */
function drawPool(
  points: Points,
  untried: Untried,
  around: readonly number[],
  size: number,
  random: Random,
): Int32Array {
  const pool = new Set<number>();
  for (const index of around) {
    if (untried.has(index)) pool.add(index);
    for (const other of someOf(points.neighbours(index, "hamming"), near.neighbours, random))
      if (untried.has(other)) pool.add(other);
  }
  if (untried.left <= size) {
    for (let index = 0; index < points.size; index++) if (untried.has(index)) pool.add(index);
  } else for (let i = 0; i < size; i++) pool.add(untried.any(random));
  return Int32Array.from(pool);
}

/** Search by Gaussian processes of costs and of failures. */
export const defaultStrategy: Strategy = {
  name: "default",
  doc: "where a model of what was seen (Gaussian processes) expects to gain most",
  start(points, random, { seeds }) {
    const untried = createUntried(points);
    const choices = coarsen(points);
    const distances: Distances = measureDistances(choices);
    const history: History = { points: [], costs: [] };
    const queue = [...new Set(seeds)];
    let hyper: Hyper = startHyper(distances);
    let hyperWorks = failureHyper(distances);
    let expectation: Expectation | undefined;
    let promising: readonly number[] = [];
    let fitAt = 0;

    const gain = ({ costs, works, worksMean, best }: Expectation, i: number): number => {
      // Noise is luck that lasts: half of the time it is hoped for, which keeps near what is good.
      const luck = history.points.length % 2 === 1 ? hyper.noise : 0;
      const improvement = expectImprovement(best, costs.mean[i]!, costs.variance[i]! + luck);
      if (works === undefined) return improvement;
      return improvement * Math.min(1, Math.max(0.02, (1 + worksMean + works.mean[i]!) / 2));
    };

    const expect = (): Expectation => {
      const worked = history.points.flatMap((point, i) =>
        history.costs[i] === Number.POSITIVE_INFINITY ? [] : [{ point, cost: history.costs[i]! }],
      );
      const transform = scaleCosts(worked.map(({ cost }) => cost));
      const all: Known = {
        points: worked.map(({ point }) => point),
        values: worked.map(({ cost }) => transform(cost)),
      };
      const fitted = takeKnown(all, choose(all.values, most.fitted, random));
      hyper = improveHyper(choices, distances, hyper, fitted, { tries: tries.costs, random });
      const size = poolSize(history.points.length);
      const around = [...lowest(all.values, near.best).map((i) => all.points[i]!), ...promising];
      const pool = drawPool(points, untried, around, size, random);
      const known = takeKnown(all, choose(all.values, most.known, random));
      const costs = createModel(choices, distances, hyper, pool, known);
      const best = aimAt(all.values);
      const failures = history.points.length - worked.length;
      if (failures === 0) return { costs, works: undefined, worksMean: 0, transform, best };
      const labels = history.costs.map((cost) => (Number.isFinite(cost) ? 1 : -1));
      const worksMean = (worked.length - failures) / (history.points.length + 2);
      const tried: Known = {
        points: history.points,
        values: labels.map((label) => label - worksMean),
      };
      const kept = takeKnown(tried, sampleIndices(labels.length, most.known, random));
      const few = takeKnown(kept, sampleIndices(kept.points.length, most.fitted, random));
      hyperWorks = improveHyper(choices, distances, hyperWorks, few, {
        tries: tries.failures,
        random,
      });
      const works = createModel(choices, distances, hyperWorks, pool, kept);
      return { costs, works, worksMean, transform, best };
    };

    const propose = (): number | undefined => {
      const worked = history.costs.filter(Number.isFinite).length;
      if (history.points.length < first || worked < 3)
        return drawSpread(choices, distances, history.points, untried, random);
      if (expectation === undefined || history.points.length >= fitAt) {
        expectation = expect();
        fitAt = history.points.length + untilFit(history.points.length);
      }
      const { pool } = expectation.costs;
      let [next, most] = [undefined as number | undefined, Number.NEGATIVE_INFINITY];
      const losses = new Float64Array(pool.length);
      for (let i = 0; i < pool.length; i++) {
        const own = untried.has(pool[i]!) ? gain(expectation, i) : Number.NEGATIVE_INFINITY;
        losses[i] = -own;
        if (own > most) [next, most] = [pool[i]!, own];
      }
      if (history.points.length + 1 >= fitAt)
        promising = lowest(losses, near.promising).map((i) => pool[i]!);
      return next;
    };

    return {
      next() {
        if (untried.left === 0) return undefined;
        const index = queue.shift() ?? propose() ?? untried.any(random);
        untried.remove(index);
        return index;
      },
      tell(index, outcome) {
        const cost = costOf(outcome);
        history.points.push(index);
        history.costs.push(cost);
        if (expectation === undefined || history.points.length >= fitAt) return;
        const works = Number.isFinite(cost);
        if (works) {
          const value = expectation.transform(cost);
          expectation.costs.add(index, value);
          expectation.best = Math.min(expectation.best, value);
        }
        // The first failure makes a model of failures.
        if (expectation.works === undefined && !works) fitAt = 0;
        expectation.works?.add(index, (works ? 1 : -1) - expectation.worksMean);
      },
    };
  },
};
