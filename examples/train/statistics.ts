// What runs over several seeds say: means, spreads, and whether a difference exceeds its own spread.

/** Several numbers in short: how many, their mean, their standard deviation (n − 1). */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly deviation: number;
}

/** A paired comparison by Student's t test, two-sided. */
export interface Comparison extends Summary {
  /** The mean over its standard error. */
  readonly t: number;
  /** How likely so large a |t| is if there is no difference. */
  readonly p: number;
  /** The 95 % confidence interval of the mean difference. */
  readonly interval: readonly [number, number];
}

/** Summarises numbers; the deviation of a single one is 0. */
export function summarize(values: readonly number[]): Summary {
  const n = values.length;
  if (n === 0) throw new RangeError("There is nothing to summarise.");
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, deviation: n === 1 ? 0 : Math.sqrt(squares / (n - 1)) };
}

/** Compares pairs (one of each for a seed): `values` less `baseline`. At least two pairs are needed. */
export function comparePairs(values: readonly number[], baseline: readonly number[]): Comparison {
  if (values.length !== baseline.length || values.length < 2)
    throw new RangeError("A paired comparison takes at least two pairs.");
  const summary = summarize(values.map((value, i) => value - baseline[i]!));
  const { n, mean, deviation } = summary;
  const error = deviation / Math.sqrt(n);
  // Equal differences leave no doubt, and no difference at all leaves nothing to doubt.
  const t = mean === 0 ? 0 : mean / error;
  const half = error === 0 ? 0 : error * studentQuantile(0.975, n - 1);
  const p = 2 * (1 - studentCdf(Math.abs(t), n - 1));
  return { ...summary, t, p, interval: [mean - half, mean + half] };
}

/**
 * Student's t distribution for whole degrees of freedom, by its finite trigonometric sum
 * (Abramowitz and Stegun 26.7.3 and 26.7.4).
 */
export function studentCdf(t: number, freedom: number): number {
  if (!Number.isInteger(freedom) || freedom < 1)
    throw new RangeError(
      `There are ${freedom} degrees of freedom; a whole number from 1 is needed.`,
    );
  if (t === Number.POSITIVE_INFINITY) return 1;
  if (t === Number.NEGATIVE_INFINITY) return 0;
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cos : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 2 : 1; k <= freedom - 3; k += 2) {
    term *= (cos * cos * k) / (k + 1);
    sum += term;
  }
  const central = odd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
  return (1 + central) / 2;
}

/** The t below which a part `p` of Student's distribution lies, by bisection. */
export function studentQuantile(p: number, freedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`${p} is not between 0 and 1.`);
  let [low, high] = [-1, 1];
  while (studentCdf(low, freedom) > p) low *= 2;
  while (studentCdf(high, freedom) < p) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, freedom) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Holm's adjustment: p values that allow for as many comparisons as there are. */
export function adjustHolm(values: readonly number[]): readonly number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const adjusted: number[] = new Array(values.length).fill(0);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
