// How alike the costs of two points are expected to be, by what they choose.

import type { Points } from "../space/space.ts";

/** What a covariance is fitted by. */
export interface Hyper {
  /** For each parameter: over which part of its range costs are alike. */
  readonly lengths: readonly number[];
  /** Part of the variance that is a sum of effects of single parameters. */
  readonly additive: number;
  /** Variance of noise, where that of costs is 1. */
  readonly noise: number;
}

/** Distances between the values of each parameter, row by row, from 0 to 1. */
export type Distances = readonly { readonly count: number; readonly of: Float64Array }[];

/** What a model sees of points: which value each parameter has, from lists of bounded length. */
export type Choices = Pick<Points, "space" | "choice">;

/** Distances are kept of each pair of values, so that no model tells more values apart. */
const mostValues = 128;

/** Points as a model sees them: what a long list holds side by side is one value. */
export function coarsen({ space, choice }: Choices): Choices {
  const sizes = space.parameters.map(({ values }) => values.length);
  if (sizes.every((size) => size <= mostValues)) return { space, choice };
  const parameters = space.parameters.map(({ name, values }) => {
    const count = Math.min(mostValues, values.length);
    const kept = Array.from({ length: count }, (_, i) => Math.ceil((i * values.length) / count));
    return { name, values: kept.map((digit) => values[digit]!) };
  });
  return {
    space: { ...space, parameters },
    choice: (index, parameter) => {
      const [digit, size] = [choice(index, parameter), sizes[parameter]!];
      return size <= mostValues ? digit : Math.floor((digit * mostValues) / size);
    },
  };
}

/** Half by rank and half by magnitude; values without an order are all as far from each other. */
export function measureDistances({ space }: Choices): Distances {
  return space.parameters.map(({ values }) => {
    const count = values.length;
    const numbers = values.map((value) => (typeof value === "number" ? value : Number.NaN));
    const rises = numbers.every((value, i) => i === 0 || value > numbers[i - 1]!);
    const falls = numbers.every((value, i) => i === 0 || value < numbers[i - 1]!);
    const low = Math.min(0, ...numbers);
    const scale = numbers.map((value) => Math.log2(1 + value - low));
    const span = Math.abs(scale.at(-1)! - scale[0]!);
    const of = new Float64Array(count * count);
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++) {
        const rank = Math.abs(a - b) / Math.max(1, count - 1);
        // Numbers that are too near each other to be told apart by magnitude have a rank still.
        const size = span > 0 ? Math.abs(scale[a]! - scale[b]!) / span : rank;
        const distance = rises || falls ? (rank + size) / 2 : 1;
        of[a * count + b] = a === b ? 0 : distance;
      }
    return { count, of };
  });
}

/** A list of points: for each parameter, which value they have. */
export interface Columns {
  readonly length: number;
  readonly digits: readonly Uint16Array[];
}

/** The choices of some points, one parameter after another. */
export function columnsOf(points: Choices, list: ArrayLike<number>): Columns {
  const digits = points.space.parameters.map((_, parameter) =>
    Uint16Array.from({ length: list.length }, (_, i) => points.choice(list[i]!, parameter)),
  );
  return { length: list.length, digits };
}

/** Covariances under some hyperparameters; that of a point with itself is 1, without noise. */
export interface Covariance {
  /** Of the first `length` points of a list with a point, given by its choices. */
  fill(to: Float64Array, list: Columns, length: number, point: ArrayLike<number>): void;
}

/** A sum of effects of single parameters, and what all of them together do. */
export function createCovariance(distances: Distances, hyper: Hyper): Covariance {
  const { additive } = hyper;
  // A parameter of one value tells nothing.
  const used = [...distances.keys()].filter((p) => distances[p]!.count > 1);
  // Costs change from each value to the next; what is taken for smooth is left too early.
  const tables = distances.map(({ of }, p) => of.map((distance) => -distance / hyper.lengths[p]!));
  const part = additive / Math.max(1, used.length);
  const effects = tables.map((table) => table.map((x) => part * Math.exp(x)));
  const rest = used.length === 0 ? 1 : 1 - additive;
  let logs = new Float64Array(0);
  return {
    fill(to, list, length, point) {
      if (logs.length < length) logs = new Float64Array(Math.max(256, length));
      logs.fill(0, 0, length);
      to.fill(0, 0, length);
      for (const p of used) {
        const start = point[p]! * distances[p]!.count;
        const [table, effect, digits] = [tables[p]!, effects[p]!, list.digits[p]!];
        for (let i = 0; i < length; i++) {
          const at = start + digits[i]!;
          logs[i]! += table[at]!;
          to[i]! += effect[at]!;
        }
      }
      for (let i = 0; i < length; i++) to[i]! += rest * Math.exp(logs[i]!);
    },
  };
}
