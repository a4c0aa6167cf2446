// Which parameters matter: times by the values of one and of two of them.

import type { Value } from "../space/expr.ts";
import type { Parameter } from "../space/space.ts";
import { findVaried, isTimed, type Study, type Timed } from "./study.ts";

/** The times of the configurations that have one value, or one pair of values. */
interface Group {
  readonly best: number;
  readonly median: number;
  /** How many have a time. */
  readonly count: number;
}

/** Times by the values of a parameter. */
export interface Marginal {
  readonly parameter: string;
  /** Of the variance of the times' logarithms, how much the groups explain; see `explain`. */
  readonly explained: number;
  readonly values: readonly (Group & { readonly value: Value })[];
}

/** Times by the values of two parameters. */
export interface Pair {
  readonly parameters: readonly [string, string];
  readonly explained: number;
  /** What each explains alone. */
  readonly apart: readonly [number, number];
  readonly cells: readonly (Group & { readonly values: readonly [Value, Value] })[];
}

/** Times by each parameter that varies, the most influential one first. */
export function findMarginals(study: Study): readonly Marginal[] {
  const timed = study.trials.filter(isTimed);
  return findVaried(study)
    .map(({ name, values }) => {
      const groups = groupBy(timed, [name]);
      return {
        parameter: name,
        explained: explain(timed, [name]),
        values: values.flatMap((value) => {
          const found = groups.get(keyOf([value]));
          return found === undefined ? [] : [{ value, ...summarise(found) }];
        }),
      };
    })
    .sort((a, b) => b.explained - a.explained);
}

/** What a pair must explain more than the better one of its parameters does alone. */
const leastMore = 0.01;

/** Times by the pairs of parameters that explain most, most first; pairs that only one matters of are left out. */
export function findPairs(study: Study, most: number): readonly Pair[] {
  const timed = study.trials.filter(isTimed);
  const varied = findVaried(study);
  const alone = new Map(varied.map(({ name }) => [name, explain(timed, [name])]));
  const pairs = varied.flatMap((a, i) =>
    varied.slice(i + 1).map((b) => ({
      a,
      b,
      explained: explain(timed, [a.name, b.name]),
      apart: [alone.get(a.name)!, alone.get(b.name)!] as const,
    })),
  );
  return pairs
    .filter(({ explained, apart }) => explained > Math.max(...apart) + leastMore)
    .sort((x, y) => y.explained - x.explained)
    .slice(0, most)
    .map(({ a, b, explained, apart }) => ({
      parameters: [a.name, b.name],
      explained,
      apart,
      cells: cellsOf(timed, a, b),
    }));
}

function cellsOf(timed: readonly Timed[], a: Parameter, b: Parameter): Pair["cells"] {
  const groups = groupBy(timed, [a.name, b.name]);
  return a.values.flatMap((x) =>
    b.values.flatMap((y) => {
      const found = groups.get(keyOf([x, y]));
      return found === undefined ? [] : [{ values: [x, y] as const, ...summarise(found) }];
    }),
  );
}

const keyOf = (values: readonly (Value | undefined)[]): string => JSON.stringify(values);

function groupBy(timed: readonly Timed[], names: readonly string[]) {
  const groups = new Map<string, number[]>();
  for (const { configuration, cost } of timed) {
    const key = keyOf(names.map((name) => configuration[name]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cost]);
    else group.push(cost);
  }
  return groups;
}

function summarise(costs: readonly number[]): Group {
  const sorted = costs.toSorted((a, b) => a - b);
  const [low, high] = [(sorted.length - 1) >> 1, sorted.length >> 1];
  return { best: sorted[0]!, median: (sorted[low]! + sorted[high]!) / 2, count: sorted.length };
}

/**
 * The share of the variance of the times' logarithms that is between groups, adjusted for their
 * number: what groups by chance would explain is 0. Of fewer times than would tell, 0 too.
 */
export function explain(timed: readonly Timed[], names: readonly string[]): number {
  const groups = [...groupBy(timed, names).values()].map((costs) => costs.map(Math.log));
  const freedom = timed.length - groups.length;
  if (freedom <= 0 || groups.length < 2) return 0;
  const all = groups.flat();
  const total = squares(all) / (all.length - 1);
  if (total === 0) return 0;
  const within = groups.reduce((sum, group) => sum + squares(group), 0) / freedom;
  return Math.max(0, 1 - within / total);
}

/** The sum of squared distances from the mean. */
function squares(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
}
