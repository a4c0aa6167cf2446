import type { Signature } from "../contract/signature.ts";

/** Numbers that a kernel needs, found from the shapes and attributes of a call. */
export interface Resolved {
  /** The optional tensors that are given. */
  readonly present: readonly string[];
  /** The size of every axis. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Sizes and the numbers of attributes (`stride_y`), as kernels take them. */
  readonly scalars: Readonly<Record<string, number>>;
  /** The number of each option's value, by the option's name. */
  readonly options: Readonly<Record<string, number>>;
  /** The shape of each output. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

export type Shapes = Readonly<Record<string, readonly number[] | undefined>>;

/**
 * Checks shapes (of the tensors that are given) and attributes, and finds every number that a kernel needs.
 * Throws one sentence where something does not fit.
 */
export function resolve(
  signature: Signature,
  shapes: Shapes,
  attrs: Readonly<Record<string, unknown>>,
): Resolved;

/** Checks the columns of tensors that hold indices: each must be a whole number on its axis. */
export function checkIndices(
  signature: Signature,
  arrays: Readonly<Record<string, ArrayLike<number> | undefined>>,
  shapes: Shapes,
  sizes: Readonly<Record<string, number>>,
): void;
