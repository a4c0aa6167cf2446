// The one form of a golden case, and what its readers share.

import { type Array64, type Attrs, makeArray } from "../reference/array.ts";
import type { OperatorName } from "../reference/index.ts";

/** The adjoints of some inputs for a given adjoint of the output. */
export interface GoldenGradients {
  readonly output: Array64;
  readonly inputs: Readonly<Record<string, Array64>>;
  /** As of the result; absent where they are printed with ten decimals. */
  readonly tolerance?: number;
}

/** One call of an operator with the result of another implementation. */
export interface GoldenCase {
  readonly name: string;
  /** The program that computed `expected`. */
  readonly source: string;
  readonly operator: OperatorName;
  readonly inputs: Readonly<Record<string, Array64>>;
  readonly attrs: Attrs;
  readonly expected: Array64;
  /** The largest absolute difference that the form of the data allows an exact computation. */
  readonly tolerance: number;
  /** Where the tolerance comes from. */
  readonly why: string;
  /** Absent where the source has none. */
  readonly gradients?: GoldenGradients;
}

/** A tensor as the JSON files hold it. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Tensors by name as the JSON files hold them. */
export type StoredTensors = Readonly<Record<string, Stored>>;

/** Rows first, then columns. */
export type Pair = readonly [number, number];

/** The tensor in memory. */
export function revive({ shape, data }: Stored): Array64 {
  return makeArray(shape, data);
}

/** Leaves out absent values, so that an operator's defaults apply. */
export function present<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A pair as rows and columns. */
export function yx(pair: Pair | undefined) {
  return pair && { y: pair[0], x: pair[1] };
}

/** Padding whose bottom and right are those of top and left unless given. */
export function pad(top: number, left: number, bottom = top, right = left) {
  return { top, left, bottom, right };
}
