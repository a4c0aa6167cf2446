// The weights of the kernel: classical filters of 3×3 and 5×5 taps.

/** The filters that can be chosen. */
export type FilterName = keyof typeof filters;

interface Filter {
  readonly title: string;
  /** Whether it gives differences, which are shown around middle grey. */
  readonly signed: boolean;
  /** The weight of a tap at row i and column j of a kernel with `size` rows. */
  readonly weight: (i: number, j: number, size: number) => number;
}

const middle = (i: number, j: number, size: number): number =>
  i === (size - 1) / 2 && j === (size - 1) / 2 ? 1 : 0;

const choose = (n: number, k: number): number =>
  k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k;

const binomial = (k: number, size: number): number => choose(size - 1, k) / 2 ** (size - 1);

/** A smoothed difference of rows or columns, its positive weights of sum 1. */
const slope = (across: number, along: number, size: number): number =>
  binomial(along, size) * Math.sign(across - (size - 1) / 2) * (2 / (size - 1));

/** Each filter with its title, as the page lists them. */
export const filters = {
  blur: {
    title: "Blur",
    signed: false,
    weight: (i, j, size) => binomial(i, size) * binomial(j, size),
  },
  mean: { title: "Mean", signed: false, weight: (_i, _j, size) => 1 / (size * size) },
  identity: { title: "Identity", signed: false, weight: middle },
  sharpen: {
    title: "Sharpen",
    signed: false,
    weight: (i, j, size) => 2 * middle(i, j, size) - binomial(i, size) * binomial(j, size),
  },
  edges: {
    title: "Edges",
    signed: true,
    weight: (i, j, size) => 2 * (middle(i, j, size) - 1 / (size * size)),
  },
  across: { title: "Left to right", signed: true, weight: (i, j, size) => slope(j, i, size) },
  down: { title: "Top to bottom", signed: true, weight: (i, j, size) => slope(i, j, size) },
} as const satisfies Readonly<Record<string, Filter>>;

/** Their names, in order. */
export const filterNames = Object.keys(filters) as readonly FilterName[];

/** The tensor `weight` [3, 1, size, size]: each colour channel by itself. */
export function weightsOf(name: FilterName, size: number): Float32Array<ArrayBuffer> {
  const plane = Array.from({ length: size * size }, (_, tap) =>
    filters[name].weight(Math.floor(tap / size), tap % size, size),
  );
  return Float32Array.from([...plane, ...plane, ...plane]);
}
