// The vocabulary of a declaration: axes, positions on them, and tensors named by their axes.

declare const along: unique symbol;
declare const inside: unique symbol;

/** A position along axis `D`: any number, fractional or out of range. */
export type Pos<D extends string> = number & { readonly [along]: D };

/** A whole position known to lie inside axis `D`. */
export type Ix<D extends string> = Pos<D> & { readonly [inside]: true };

/** A half-open run `[lo, hi)` of whole positions on axis `D`, to reduce over. */
export interface Range<D extends string> {
  readonly axis: D;
  readonly lo: number;
  readonly hi: number;
}

/** A named axis. As a range it is the whole axis. */
export interface Axis<D extends string> extends Range<D> {
  /** How many elements it has. */
  readonly size: number;
  /** A position on this axis, possibly between or beyond its elements. */
  at(p: number): Pos<D>;
  /** An index the caller vouches for; the reference and the IR interpreter throw where it is outside. */
  index(i: number): Ix<D>;
  /** The element nearest to `p`; an end of the axis where `p` lies beyond it, element 0 for NaN. */
  nearest(p: number): Ix<D>;
  /** `p` moved into `[0, size - 1]`. */
  clamp(p: number): Pos<D>;
  /** The element of this axis that `i` falls to when `whole` is cut into `size` equal blocks. */
  of<E extends string>(i: NoInfer<Ix<E>>, whole: Axis<E>): Ix<D>;
  /** Element `k` of block `block` when this axis is cut into `blocks.size` equal blocks; inverse of `of`. */
  in<E extends string>(blocks: Axis<E>, block: NoInfer<Ix<E>>, k: number): Ix<D>;
  /**
   * The indices `i` of this axis with `lo <= i < hi`. The bounds may be fractional; where one is NaN or
   * infinite the run is empty.
   */
  span(lo: number, hi: number): Range<D>;
  /**
   * The indices less than 1 from `[lo, hi]`: those that linear interpolation reads there. The body must be 0 by
   * itself at 1 from it and beyond, as such weights are: then the bounds may follow what has a gradient. Where
   * one is NaN or infinite the run is empty.
   */
  around(lo: number, hi: number): Range<D>;
  /**
   * The steps `a` of `0 … n-1` whose position `first + a * step` may lie in `[-reach, size - 1 + reach]`.
   * Steps left out are certainly outside; some outside ones may be walked, so the body still tests. Where
   * an argument is NaN or infinite the run is empty.
   */
  samples(n: number, first: number, step: number, reach: number): Range<"step">;
}

/** What an element is: a number, or a fixed group of numbers (value and argmax, sum and count). */
export type Value = number | readonly number[];

/** The key under which a tensor's type holds its axes string. */
export declare const named: unique symbol;

interface Reads<S extends string, V extends Value> {
  /** The element at an in-range index. */
  (...at: Each<Names<S>, "ix">): V;
  /** The element at a whole position, or 0 where that position is out of range. */
  orZero(...at: Each<Names<S>, "pos">): V;
  /** The element at the whole position nearest to this one that is in range. */
  clamped(...at: Each<Names<S>, "pos">): V;
}

/**
 * A tensor whose axes are named by `S`, e.g. `Tensor<"N C H W">`. A numeral is an axis of that fixed size;
 * `(G KH KW 2)` names the parts of one dimension. Its elements are data: they may be stored in f16.
 */
export type Tensor<S extends string, V extends Value = number> = Reads<S, V> & {
  readonly [D in Named<Names<S>[number]>]: Axis<D>;
} & {
  /** Exists for the type checker only: two tensors of other axes are of other types. */
  readonly [named]: S;
  /** The same elements in memory with the parts of a dimension in another order. */
  regroup<const T extends string>(names: T): Tensor<T, V>;
};

declare const positions: unique symbol;

/** A tensor whose elements say where to sample (offsets, boxes): always f32, may enter a position. */
export type Coords<S extends string> = Tensor<S> & { readonly [positions]: true };

/** The axis names of `S`, parentheses dropped. */
export type Names<S extends string> = Words<Without<Without<S, "(">, ")">>;
type Without<S extends string, P extends string> = S extends `${infer A}${P}${infer B}`
  ? Without<`${A}${B}`, P>
  : S;
type Words<S extends string> = S extends `${infer D} ${infer Rest}` ? [D, ...Words<Rest>] : [S];
type Named<D extends string> = D extends `${number}` ? never : D;
type Each<Ds extends readonly string[], M extends "ix" | "pos"> = {
  [K in keyof Ds]: Ds[K] extends `${number}`
    ? Below<Ds[K]>
    : M extends "ix"
      ? Ix<Ds[K]>
      : Pos<Ds[K]>;
};
type Below<Size extends string, Acc extends number[] = []> = `${Acc["length"]}` extends Size
  ? Acc[number]
  : Below<Size, [...Acc, Acc["length"]]>;

/** The indices bound by a list of ranges. */
export type Bound<Rs extends readonly Range<string>[]> = {
  -readonly [K in keyof Rs]: Rs[K] extends Range<infer D> ? Ix<D> : never;
};

/** A dimension of a stage: an axis, or several side by side, the last one innermost, as `(G D)` has. */
export type Dimension = Axis<string> | readonly [Axis<string>, ...Axis<string>[]];

/** The indices bound by the axes of a list of dimensions. */
export type Indices<Ds extends readonly Dimension[]> = Bound<Flat<Ds>>;
type Flat<Ds extends readonly Dimension[]> = Ds extends readonly [
  infer D,
  ...infer Rest extends readonly Dimension[],
]
  ? [...(D extends readonly Axis<string>[] ? D : [D & Axis<string>]), ...Flat<Rest>]
  : [];

/** The axes string of a list of dimensions. */
export type Joined<Ds extends readonly Dimension[]> = Ds extends readonly [
  infer D,
  ...infer Rest extends readonly Dimension[],
]
  ? Rest extends readonly []
    ? Word<D>
    : `${Word<D>} ${Joined<Rest>}`
  : never;
type Word<D> = D extends readonly Dimension[]
  ? `(${Joined<D>})`
  : D extends Axis<infer Name>
    ? Name
    : never;

/** A pair of whole numbers, for rows and columns. */
export interface YX {
  readonly y: number;
  readonly x: number;
}

/** A whole number for each side of a picture. */
export interface Sides {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}
