// What a declaration may call. Each function runs as written, which is the float64 reference, and is
// also known by name to the front end, which gives it the same meaning in the IR.

import type { Axis, Bound, Pos, Range, Value } from "./types.ts";

const INT_MAX = 2147483647;
/** These digits do not lie beyond it, as 3.4028235e38 does; rounding gives it exactly. */
const largestF32 = Math.fround(3.4028234e38);

/** Real to int, the only way: whole part chosen by the caller, kept within 32 bits, NaN becomes 0. */
const saturate = (whole: number): number =>
  Number.isNaN(whole) ? 0 : Math.min(Math.max(whole, -INT_MAX - 1), INT_MAX);

/** The whole number at or below `p`, as an int: saturated to 32 bits, 0 for NaN. */
export const floor = <P extends number>(p: P): P => saturate(Math.floor(p)) as P;
/** The whole number at or above `p`, as an int: saturated to 32 bits, 0 for NaN. */
export const ceil = <P extends number>(p: P): P => saturate(Math.ceil(p)) as P;
/** The whole number nearest to `p`, halves away from zero, as an int: saturated, 0 for NaN. */
export const round = <P extends number>(p: P): P => saturate(roundf(p)) as P;
/** The whole number at or below `p`, still real: NaN and infinity stay what they are. */
export const floorf = (p: number): number => Math.floor(p);
/** The whole number at or above `p`, still real. */
export const ceilf = (p: number): number => Math.ceil(p);
/** The whole number nearest to `p`, halves away from zero (C's `roundf`), still real. */
export const roundf = (p: number): number => {
  const whole = Math.trunc(p);
  return Math.abs(p - whole) >= 0.5 ? whole + Math.sign(p) : whole;
};
/** The whole number nearest to `p`, halves to the even one (C's `rintf`), still real. */
export const rintf = (p: number): number => {
  const low = Math.floor(p);
  if (p - low === 0.5) return low % 2 === 0 ? low : low + 1;
  return p - low < 0.5 ? low : Math.ceil(p);
};
/** The smaller; where one is NaN, the first. (`Math.min` would give NaN.) */
// biome-ignore lint/complexity/useMathMinMax: see above
export const minimum = (a: number, b: number): number => (b < a ? b : a);
/** The larger; where one is NaN, the first. */
// biome-ignore lint/complexity/useMathMinMax: Math.max would give NaN
export const maximum = (a: number, b: number): number => (a < b ? b : a);
/** The size of `a` without its sign. */
export const abs = (a: number): number => Math.abs(a);
/** e to the power of `a`. */
export const exp = (a: number): number => Math.exp(a);
/** The natural logarithm. */
export const log = (a: number): number => Math.log(a);
/** The square root. */
export const sqrt = (a: number): number => Math.sqrt(a);
/** The sine of an angle in radians. */
export const sin = (a: number): number => Math.sin(a);
/** The cosine of an angle in radians. */
export const cos = (a: number): number => Math.cos(a);
/** The hyperbolic tangent. */
export const tanh = (a: number): number => Math.tanh(a);
/** Integer quotient rounded down; `b` must be positive. */
export const idiv = (a: number, b: number): number => Math.floor(a / b);
/** The remainder of `idiv`, never negative; `b` must be positive. */
export const mod = (a: number, b: number): number => a - b * Math.floor(a / b);
/**
 * The whole number at or below a / b for whole a and positive whole b. Division may be off by a few units in
 * the last place (WGSL allows 2.5), which could cross a whole number: so the quotient is put right.
 */
export function floorRatio(a: number, b: number): number {
  const q = floorf(a / b);
  return q * b > a ? q - 1 : (q + 1) * b <= a ? q + 1 : q;
}
/** The whole number at or above a / b for whole a and positive whole b; see `floorRatio`. */
export const ceilRatio = (a: number, b: number): number => -floorRatio(-a, b);
/** Is `p` an ordinary number, neither NaN nor infinite nor beyond f32? (Tested by comparison.) */
export const finite = (p: number): boolean => abs(p) <= largestF32;
/** The whole position after `p`. */
export const next = <D extends string>(p: Pos<D>): Pos<D> => (p + 1) as Pos<D>;

/** An axis that no tensor has, such as the groups of a convolution. */
export function axis<const D extends string>(name: D, size: number): Axis<D> {
  const self: Axis<D> = {
    axis: name,
    lo: 0,
    hi: size,
    size,
    at: (p) => p as Pos<D>,
    index: (i) => {
      if (!Number.isInteger(i) || i < 0 || i >= size)
        throw new RangeError(`${i} is not an index of ${name} (size ${size})`);
      return i as never;
    },
    nearest: (p) => maximum(0, minimum(round(p), size - 1)) as never,
    clamp: (p) => maximum(0, minimum(p, size - 1)) as Pos<D>,
    of: (i, whole) => self.index(idiv(i, idiv(whole.size, size))),
    in: (blocks, block, k) => self.index(block * idiv(size, blocks.size) + k),
    span: (lo, hi) => {
      if (!(finite(lo) && finite(hi))) return { axis: name, lo: 0, hi: 0 };
      return { axis: name, lo: maximum(ceil(lo), 0), hi: minimum(ceil(hi), size) };
    },
    around: (lo, hi) => {
      if (!(finite(lo) && finite(hi))) return { axis: name, lo: 0, hi: 0 };
      return { axis: name, lo: maximum(floor(lo), 0), hi: minimum(ceil(hi), size - 1) + 1 };
    },
    samples: (n, first, step, reach) => stepsWithin(n, first, step, -reach, size - 1 + reach),
  };
  return self;
}

/**
 * The steps `a` of `0 … n-1` whose position `first + a * step` may lie in `[lo, hi]`. Steps left out are
 * certainly outside; some outside ones may be walked, so the body still tests, or is 0 there by itself. Where
 * an argument is NaN or infinite the run is empty.
 */
export function stepsWithin(
  n: number,
  first: number,
  step: number,
  lo: number,
  hi: number,
): Range<"step"> {
  if (![n, first, step, lo, hi].every(finite)) return { axis: "step", lo: 0, hi: 0 };
  if (step === 0) return { axis: "step", lo: 0, hi: ceil(n) };
  const a = (lo - first) / step;
  const b = (hi - first) / step;
  const low = minimum(a, b);
  const high = maximum(a, b);
  return {
    axis: "step",
    lo: maximum(0, floor(low - slack(low))),
    hi: minimum(ceil(n), ceil(high + slack(high))),
  };
}

/** How far f32 arithmetic may misplace a step, generously; `stepsWithin` widens its run by it. */
const slack = (a: number): number => 1 + Math.abs(a) * 2 ** -20;

/** What two runs have in common. */
export const both = <D extends string>(a: Range<D>, b: NoInfer<Range<D>>): Range<D> => ({
  axis: a.axis,
  lo: maximum(a.lo, b.lo),
  hi: minimum(a.hi, b.hi),
});

/**
 * `n` evenly counted steps, for loops that walk no tensor axis. None where `n` is not positive. Where `n` comes
 * from data, bound it, for example with `minimum`: a kernel walks them all.
 */
export const steps = (n: number): Range<"step"> => ({ axis: "step", lo: 0, hi: ceil(n) });

/** Visits every index of the ranges in row-major order. */
export function forEach(over: readonly Range<string>[], visit: (...at: number[]) => void): void {
  const at = over.map((range) => range.lo);
  if (over.some((range) => range.lo >= range.hi)) return;
  for (;;) {
    visit(...at);
    let d = over.length - 1;
    while (d >= 0 && ++at[d]! >= over[d]!.hi) {
      at[d] = over[d]!.lo;
      d--;
    }
    if (d < 0) return;
  }
}

/** The sum of `f` over the ranges, 0 where they are empty. */
export function sum<const Rs extends readonly Range<string>[]>(
  over: Rs,
  f: (...at: Bound<Rs>) => number,
): number {
  let total = 0;
  forEach(over, (...at) => {
    total += f(...(at as Bound<Rs>));
  });
  return total;
}

/** Several sums in one walk: `from` plus what `f` gives, part by part. */
export function sums<
  const Rs extends readonly Range<string>[],
  const V extends readonly [number, ...number[]],
>(over: Rs, f: (...at: Bound<Rs>) => Widen<V>, from: V): Widen<V> {
  let totals: readonly number[] = from;
  forEach(over, (...at) => {
    const parts: readonly number[] = f(...(at as Bound<Rs>));
    totals = totals.map((total, i) => total + parts[i]!);
  });
  return totals as Widen<V>;
}

/** A tuple of literals widened to a tuple of numbers. */
export type Widen<V extends Value> = V extends readonly number[]
  ? { readonly [K in keyof V]: number }
  : number;

/**
 * The largest `f`, or `empty`, the third argument, where the ranges hold no index. Of tuples, the one whose first
 * part is largest, so that an argmax can be carried along. The first in row-major order wins ties (its gradient
 * too); a NaN wins where it is the first of all, and nowhere else.
 */
export function max<
  const Rs extends readonly Range<string>[],
  const V extends number | readonly [number, ...number[]],
>(over: Rs, f: (...at: Bound<Rs>) => Widen<V>, empty: V): Widen<V> {
  let best: Value | undefined;
  const key = (v: Value): number => (typeof v === "number" ? v : v[0]!);
  forEach(over, (...at) => {
    const v: Value = f(...(at as Bound<Rs>));
    if (best === undefined || key(v) > key(best)) best = v;
  });
  return (best ?? empty) as Widen<V>;
}

/** The mean of `f` over the ranges, `empty` where they hold no index. */
export function mean<const Rs extends readonly Range<string>[]>(
  over: Rs,
  f: (...at: Bound<Rs>) => number,
  empty: number,
): number {
  const [total, count] = sums(over, (...at: Bound<Rs>) => [f(...at), 1], [0, 0]);
  return count > 0 ? total / count : empty;
}
