// A Gaussian process over the choices of a space: what is expected of a point, and how surely.

import {
  type Choices,
  type Columns,
  columnsOf,
  createCovariance,
  type Distances,
  type Hyper,
} from "./kernel.ts";
import { pick } from "./random.ts";
import type { Random } from "./strategy.ts";

/** Values that are known of points, of mean 0 and variance 1 or so. */
export interface Known {
  readonly points: readonly number[];
  readonly values: readonly number[];
}

/** What is expected of a pool of points; more can be learned. */
export interface Model {
  readonly pool: Int32Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  add(point: number, value: number): void;
}

/** Rows of a lower triangle whose product with its transpose is a matrix of covariances. */
type Factor = Float64Array[];

/** Adds the row of a point to a factor, from its covariances with those before. */
function extend(factor: Factor, covariances: Float64Array, noise: number): Float64Array {
  const n = factor.length;
  const row = new Float64Array(n + 1);
  let rest = 1 + noise;
  for (let i = 0; i < n; i++) {
    const other = factor[i]!;
    let sum = covariances[i]!;
    for (let j = 0; j < i; j++) sum -= row[j]! * other[j]!;
    const x = sum / other[i]!;
    row[i] = x;
    rest -= x * x;
  }
  // Points that are nearly the same leave nothing but rounding.
  row[n] = Math.sqrt(Math.max(rest, 1e-9));
  factor.push(row);
  return row;
}

/** One more number of the solution of factor x = values. */
function solveNext(row: Float64Array, solved: readonly number[], value: number): number {
  const n = solved.length;
  let rest = value;
  for (let j = 0; j < n; j++) rest -= row[j]! * solved[j]!;
  return rest / row[n]!;
}

const choicesOf = (columns: Columns, i: number): readonly number[] =>
  columns.digits.map((digits) => digits[i]!);

/** Takes multiples of vectors from one; four at a time, as reading and writing it costs most. */
function subtract(from: Float64Array, vectors: readonly Float64Array[], by: Float64Array): void {
  const size = from.length;
  let j = 0;
  for (; j + 3 < vectors.length; j += 4) {
    const [a, b, c, d] = [vectors[j]!, vectors[j + 1]!, vectors[j + 2]!, vectors[j + 3]!];
    const [p, q, r, s] = [by[j]!, by[j + 1]!, by[j + 2]!, by[j + 3]!];
    for (let i = 0; i < size; i++) from[i]! -= p * a[i]! + q * b[i]! + r * c[i]! + s * d[i]!;
  }
  for (; j < vectors.length; j++) {
    const [a, p] = [vectors[j]!, by[j]!];
    for (let i = 0; i < size; i++) from[i]! -= p * a[i]!;
  }
}

/** A model of a pool that knows some points; each more costs (points known) x (size of the pool). */
export function createModel(
  points: Choices,
  distances: Distances,
  hyper: Hyper,
  pool: Int32Array,
  known: Known,
): Model {
  const covariance = createCovariance(distances, hyper);
  const columns = columnsOf(points, pool);
  const factor: Factor = [];
  const solved: number[] = [];
  const choices: number[][] = [];
  const sides: Float64Array[] = [];
  const mean = new Float64Array(pool.length);
  const variance = new Float64Array(pool.length).fill(1);
  const add = (point: number, value: number): void => {
    const n = solved.length;
    const own = distances.map((_, parameter) => points.choice(point, parameter));
    const before: Columns = {
      length: n,
      digits: own.map((_, p) => Uint16Array.from(choices, (row) => row[p]!)),
    };
    const column = new Float64Array(n);
    covariance.fill(column, before, n, own);
    const row = extend(factor, column, hyper.noise);
    const news = solveNext(row, solved, value);
    const side = new Float64Array(pool.length);
    covariance.fill(side, columns, pool.length, own);
    subtract(side, sides, row);
    const scale = 1 / row[n]!;
    for (let i = 0; i < side.length; i++) {
      const x = side[i]! * scale;
      side[i] = x;
      mean[i]! += x * news;
      variance[i]! -= x * x;
    }
    sides.push(side);
    solved.push(news);
    choices.push(own);
  };
  for (const [i, point] of known.points.entries()) add(point, known.values[i]!);
  return { pool, mean, variance, add };
}

/** The logarithm of how likely values are under hyperparameters, for the variance that fits best. */
function likelihood(
  columns: Columns,
  distances: Distances,
  hyper: Hyper,
  values: readonly number[],
): number {
  const covariance = createCovariance(distances, hyper);
  const factor: Factor = [];
  const solved: number[] = [];
  const column = new Float64Array(columns.length);
  let [logs, squares] = [0, 0];
  for (let i = 0; i < columns.length; i++) {
    covariance.fill(column, columns, i, choicesOf(columns, i));
    const row = extend(factor, column, hyper.noise);
    const x = solveNext(row, solved, values[i]!);
    solved.push(x);
    logs += Math.log(row[i]!);
    squares += x * x;
  }
  return -logs - (columns.length / 2) * Math.log(squares / columns.length + 1e-12);
}

/** Where hyperparameters are sought, and what is believed of them before anything is known. */
const belief = {
  length: { least: 0.05, most: 20, usual: 1, spread: 1.2 },
  noise: { least: 1e-4, most: 0.5, usual: 0.02, spread: 2 },
  additive: { most: 0.95 },
} as const;

/** What is assumed as long as nothing is known. */
export const startHyper = (distances: Distances): Hyper => ({
  lengths: distances.map(() => belief.length.usual),
  additive: 0.5,
  noise: belief.noise.usual,
});

/** Hyperparameters that fit better, by trying changes of one after another. */
export function improveHyper(
  points: Choices,
  distances: Distances,
  start: Hyper,
  known: Known,
  { tries, random }: { readonly tries: number; readonly random: Random },
): Hyper {
  const columns = columnsOf(points, known.points);
  const surprise = (x: number, of: { usual: number; spread: number }): number =>
    (Math.log(x / of.usual) / of.spread) ** 2 / 2;
  const score = (hyper: Hyper): number =>
    likelihood(columns, distances, hyper, known.values) -
    surprise(hyper.noise, belief.noise) -
    hyper.lengths.reduce((sum, length) => sum + surprise(length, belief.length), 0);
  const clamp = (x: number, { least, most }: { least: number; most: number }): number =>
    Math.min(most, Math.max(least, x));
  const free = [...distances.keys()].filter((p) => distances[p]!.count > 1);
  let [best, top] = [start, score(start)];
  for (let i = 0; i < tries; i++) {
    const which = pick(random, free.length + 2);
    const factor = Math.exp((random() - 0.5) * 3);
    const next: Hyper = {
      lengths: best.lengths.map((length, p) =>
        p === free[which] ? clamp(length * factor, belief.length) : length,
      ),
      additive: which === free.length ? random() * belief.additive.most : best.additive,
      noise: which === free.length + 1 ? clamp(best.noise * factor ** 2, belief.noise) : best.noise,
    };
    const reached = score(next);
    if (reached > top) [best, top] = [next, reached];
  }
  return best;
}
