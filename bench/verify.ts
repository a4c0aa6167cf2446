// Whether all who are timed compute the same numbers.

/** Results by name. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * How far results may be apart, as a part of the largest number of the result. Sums of 10^5
 * products in f32 differ by some 10^-5 of their largest, as their order does; a wrong tap, weight
 * or border by far more.
 */
export const allowed = 2 ** -12;

/** Those who agree, and how far each is from the one that they are held against. */
export interface Verdict {
  /** Whom the others are held against: one whom the most agree with. */
  readonly anchor: string;
  readonly agreeing: readonly string[];
  /** As a part of the largest number; infinite where shapes differ or a number is NaN. */
  readonly errors: ReadonlyMap<string, number>;
}

/** The greatest difference of two sets of results, as a part of each result's largest number. */
export function differenceOf(a: Outputs, b: Outputs): number {
  const names = Object.keys(a);
  if (names.length === 0 || names.length !== Object.keys(b).length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (const name of names) {
    const [left, right] = [a[name]!, b[name]];
    if (right?.length !== left.length) return Number.POSITIVE_INFINITY;
    let [largest, difference] = [0, 0];
    for (let i = 0; i < left.length; i++) {
      const apart = Math.abs(left[i]! - right[i]!);
      // NaN is not within any bound.
      if (!(apart >= 0)) return Number.POSITIVE_INFINITY;
      if (apart > difference) difference = apart;
      largest = Math.max(largest, Math.abs(left[i]!), Math.abs(right[i]!));
    }
    // Nothing was computed where all is 0.
    if (largest === 0 && left.length > 0) return Number.POSITIVE_INFINITY;
    if (difference > 0) worst = Math.max(worst, difference / largest);
  }
  return worst;
}

/**
 * Holds all against the one that the most agree with; the first of several, so peers are named
 * first. The ways of one process (`voterOf`) share mistakes, and have one vote.
 */
export function verifyAll(
  results: ReadonlyMap<string, Outputs>,
  voterOf: (name: string) => string = (name) => name,
): Verdict {
  const names = [...results.keys()];
  if (names.length === 0) throw new RangeError("there are no results");
  const votes = (agreeing: readonly string[]): number => new Set(agreeing.map(voterOf)).size;
  let best: Verdict | undefined;
  for (const anchor of names) {
    const expected = results.get(anchor)!;
    const errors = new Map(names.map((n) => [n, differenceOf(results.get(n)!, expected)]));
    const agreeing = names.filter((name) => errors.get(name)! <= allowed);
    if (best === undefined || votes(agreeing) > votes(best.agreeing))
      best = { anchor, agreeing, errors };
    // Nobody can have more on their side.
    if (votes(best.agreeing) > votes(names) / 2) break;
  }
  return best!;
}
