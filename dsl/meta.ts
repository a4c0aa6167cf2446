// What is said beside a declaration: attributes, how output axes follow from the others, what must divide
// what, which variants ship. The compiler reads it as text, so it holds literals and functions of the
// declaration language only.

import type { Axis, Names, named, Sides, YX } from "./types.ts";

interface Described {
  readonly doc: string;
}
/** A whole number. */
export interface IntSpec extends Described {
  readonly type: "int";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}
/** A real number. */
export interface RealSpec extends Described {
  readonly type: "real";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}
/** Two whole numbers, rows and columns; one number stands for both. */
export interface PairSpec extends Described {
  readonly type: "pair";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}
/** Four whole numbers; one stands for all, two for rows and columns. */
export interface SidesSpec extends Described {
  readonly type: "sides";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}
/** An option that is on or off. */
export interface BoolSpec extends Described {
  readonly type: "bool";
  readonly default: boolean;
}
/** An option with named values. */
export interface ChoiceSpec<V extends string = string> extends Described {
  readonly type: "choice";
  readonly default: V;
  readonly values: readonly V[];
}

/** How an attribute is declared, by its type. */
export type AttrSpec = IntSpec | RealSpec | PairSpec | SidesSpec | BoolSpec | ChoiceSpec;

type SpecOf<T> = [T] extends [YX]
  ? PairSpec
  : [T] extends [Sides]
    ? SidesSpec
    : [T] extends [boolean]
      ? BoolSpec
      : [T] extends [string]
        ? ChoiceSpec<T>
        : [T] extends [number]
          ? IntSpec | RealSpec
          : never;

type AxesOf<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends { readonly [named]: infer S extends string }
    ? Names<S>[number]
    : never;
}[keyof T];

/** The size of every axis by name. */
export type Sizes<Tensors> = { readonly [A in Exclude<AxesOf<Tensors>, `${number}`>]: number };

type Optional<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/** A demand on sizes and attributes, with the sentence said where it does not hold. */
export interface Demand<Tensors, Attrs> {
  /** Of sizes, attributes and which optional tensors are given. */
  readonly holds: (
    sizes: Sizes<Tensors>,
    attrs: Attrs,
    present: { readonly [T in Optional<Tensors>]: boolean },
  ) => boolean;
  /** `{C}` stands for the size of axis C, `{stride}` for the attribute. */
  readonly otherwise: string;
}

/** Coordinates that are shares of a picture: `from` and `to` are its two ends, whatever its size. */
export interface Share<T extends string = string> {
  readonly tensor: T;
  readonly from: number;
  readonly to: number;
}

/**
 * Maps of several sizes, one after another along an axis: `tensor` holds their rows and columns, `starts` where
 * each begins.
 */
export interface Levels<T extends string = string> {
  readonly tensor: T;
  readonly starts: T;
  readonly along: string;
}

/** Everything said beside a declaration. */
export interface Meta<Tensors, Attrs> {
  /** What the operator computes, in a sentence. */
  readonly doc: string;
  /** Where the operator is defined. */
  readonly source?: string;
  /** Libraries that compute the same, with the attributes here that differ from their defaults for it. */
  readonly like?: {
    readonly [library: string]: { readonly [K in keyof Attrs]?: Attrs[K] };
  };
  /** Of each attribute its type, default, range and meaning. */
  readonly attrs: { readonly [K in keyof Attrs]: SpecOf<Attrs[K]> };
  /** The tensors that have a gradient. */
  readonly differentiable: readonly (keyof Tensors & string)[];
  /**
   * Axes that follow from others, in order, given to the declaration as its third argument. One that a
   * tensor has too is checked against it.
   */
  readonly axes?: {
    readonly [axis: string]: (sizes: Sizes<Tensors>, attrs: Attrs) => number;
  };
  /** What sizes and attributes must fulfil; calls that do not are refused. */
  readonly demands?: readonly Demand<Tensors, Attrs>[];
  /** Tensors whose columns hold indices: validated on the host, guarded in the kernel. */
  readonly indices?: readonly {
    readonly tensor: keyof Tensors & string;
    readonly column: number;
    readonly axis: string;
  }[];
  /** What coordinates are that are neither pixels nor boxes: checks draw them so. */
  readonly units?: readonly (Share<keyof Tensors & string> | Levels<keyof Tensors & string>)[];
  /** Which choices of the optional tensors ship as entry points; all others can be generated. */
  readonly variants: readonly (readonly (Optional<Tensors> & string)[])[];
  /** Small cases for checking: axis sizes, and attributes that differ from their defaults. */
  readonly samples: readonly {
    readonly sizes: { readonly [axis: string]: number };
    readonly attrs?: { readonly [K in keyof Attrs]?: Attrs[K] };
  }[];
}

/** The axes that `meta.axes` defines: the third argument of a declaration. */
export type Derived<M extends { readonly axes: object }> = {
  readonly [A in keyof M["axes"] & string]: Axis<A>;
};
