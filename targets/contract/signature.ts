// What callers need to know of an operator: the tensors it takes, its attributes, how sizes follow. Plain data.

import type { Formula } from "./program.ts";

/** A tensor as callers pass it: the axes of each dimension, a numeral for a fixed size. */
export interface SignatureTensor {
  readonly name: string;
  readonly dims: readonly (readonly string[])[];
  readonly optional: boolean;
  readonly doc: string;
}

/** An attribute; see AttrDecl of the tensor IR. */
export interface SignatureAttr {
  readonly name: string;
  readonly type: "int" | "real" | "pair" | "sides" | "bool" | "choice";
  readonly doc: string;
  readonly default?: number | boolean | string;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
}

/** Numbers by name: sizes (`KH`), attributes (`stride_y`), the number of an option's value (`BORDER`). */
export type Values = Readonly<Record<string, number>>;

/** A formula over such numbers; a test is 0 or 1. */
export type Rule = (values: Values) => number;

/** What must hold of a call, and the sentence where it does not. */
export interface Demand {
  readonly holds: Rule;
  /** The same as text. */
  readonly formula: Formula;
  readonly otherwise: string;
  /** It is over what callers give, so it can be asked before any axis is derived. */
  readonly early: boolean;
}

/** An axis that follows from others and from attributes. */
export interface DerivedAxis {
  readonly axis: string;
  readonly size: Rule;
  /** It follows from attributes alone, so it is known before any shape is read. */
  readonly early: boolean;
}

/** What holds where these optional tensors are given. */
export interface Variant {
  readonly present: readonly string[];
  /** The results that it gives. */
  readonly outputs: readonly string[];
  /** Axes that follow from others, in order. */
  readonly axes: readonly DerivedAxis[];
  readonly demands: readonly Demand[];
  /** The most that whole numbers of the kernel become: each at most 2^31 - 1. */
  readonly bounds: readonly Rule[];
}

/** How a kernel of an operator is called: its tensors, attributes, results, and the rules between them. */
export interface Signature {
  /** The operator, with the kernel's role where that is not forward: `conv2d_backward`. */
  readonly operator: string;
  readonly doc: string;
  readonly tensors: readonly SignatureTensor[];
  readonly attrs: readonly SignatureAttr[];
  /** Columns of tensors that hold indices of an axis. */
  readonly indices: readonly {
    readonly tensor: string;
    readonly column: number;
    readonly axis: string;
  }[];
  /** All results of any variant. */
  readonly outputs: readonly {
    readonly name: string;
    readonly dims: readonly (readonly string[])[];
  }[];
  /** Axes that may have size 0: an empty batch is one. */
  readonly batches: readonly string[];
  readonly variants: readonly Variant[];
}
