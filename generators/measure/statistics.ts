// What is said of many times of one thing.

/** A sample of times, in the unit of the times. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The width of the middle half, as a part of the median. */
  readonly spread: number;
  /** The least of the rounds' medians: what the quietest round said. */
  readonly quiet: number;
  readonly runs: number;
}

/** The value below which a share of the sorted values lies, between two of them in proportion. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

/** The middle one, or the mean of the two in the middle. */
export const medianOf = (values: readonly number[]): number => quantile(values, 0.5);

/** What rounds of times say together. */
export function summarize(rounds: readonly (readonly number[])[]): Summary {
  const all = rounds.flat();
  const median = medianOf(all);
  return {
    median,
    min: quantile(all, 0),
    max: quantile(all, 1),
    spread: (quantile(all, 0.75) - quantile(all, 0.25)) / median,
    quiet: Math.min(...rounds.filter((round) => round.length > 0).map(medianOf)),
    runs: all.length,
  };
}

const drawFrom = <T>(values: readonly T[], random: () => number): readonly T[] =>
  values.map(() => values[Math.floor(random() * values.length)]!);

/** Between which values the median lies with a likelihood of 95 %, by samples drawn with replacement. */
export function medianInterval(
  values: readonly number[],
  random: () => number,
  draws = 400,
): readonly [low: number, high: number] {
  const medians = Array.from({ length: draws }, () => medianOf(drawFrom(values, random)));
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}

/** The same of samples in groups that are alike within: groups are drawn first, then samples of each. */
export function clusteredInterval(
  groups: readonly (readonly number[])[],
  random: () => number,
  draws = 400,
): readonly [low: number, high: number] {
  const medians = Array.from({ length: draws }, () =>
    medianOf(drawFrom(groups, random).flatMap((group) => drawFrom(group, random))),
  );
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}
