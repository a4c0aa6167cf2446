// Tensors of the reference run: plain float64 arrays that can be read by name of axis.

import { axis, forEach, maximum, minimum } from "./core.ts";
import type { Axis, Bound, Joined, Tensor, Value } from "./types.ts";

/** The array behind a tensor of the reference run. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

const stored = new WeakMap<object, readonly Stored[]>();

/** The arrays of a tensor, one for each part of its elements. */
export function storedIn(tensor: unknown): readonly Stored[] {
  const parts = stored.get(tensor as object);
  if (!parts) throw new TypeError("this is not a tensor of the reference run");
  return parts;
}

/** The tensor whose element at each index is `f` of that index: a declaration's result. */
export function tensor<const Rs extends readonly Axis<string>[]>(
  axes: Rs,
  f: (...at: Bound<Rs>) => number,
): Tensor<Joined<Rs>> {
  return stage(axes, f);
}

/**
 * An intermediate tensor. Naming it lets the compiler choose to recompute its elements where they are read,
 * to compute them tile by tile, or to store them.
 */
export function stage<const Rs extends readonly Axis<string>[], const V extends Value>(
  axes: Rs,
  f: (...at: Bound<Rs>) => V,
): Tensor<Joined<Rs>, V extends readonly number[] ? { readonly [K in keyof V]: number } : number> {
  const shape = axes.map((a) => a.size);
  const count = shape.reduce((n, size) => n * size, 1);
  const parts: Float64Array[] = [];
  let tuple = false;
  let i = 0;
  forEach(axes, (...at) => {
    const value: Value = f(...(at as Bound<Rs>));
    tuple = typeof value !== "number";
    const values = typeof value === "number" ? [value] : value;
    values.forEach((v, k) => {
      parts[k] ??= new Float64Array(count);
      parts[k][i] = v;
    });
    i++;
  });
  if (parts.length === 0) parts.push(new Float64Array(0));
  return fromParts(axes, shape, parts, tuple) as never;
}

/** A tensor over existing values in row-major order; `names` as in `Tensor<names>`, one size per name. */
export function fromData<const S extends string>(
  names: S,
  sizes: readonly number[],
  data: ArrayLike<number>,
): Tensor<S> {
  const words = names.replaceAll(/[()]/g, "").split(" ");
  const axes = words.map((name, d) => axis(name, sizes[d]!));
  return fromParts(axes, sizes, [Float64Array.from(data)], false) as never;
}

function fromParts(
  axes: readonly Axis<string>[],
  shape: readonly number[],
  parts: readonly Float64Array[],
  tuple: boolean,
): object {
  const flat = (at: readonly number[]) => at.reduce((o, i, d) => o * shape[d]! + i, 0);
  const inside = (at: readonly number[]) => at.every((i, d) => i >= 0 && i < shape[d]!);
  const give = (f: (part: Float64Array) => number): Value => (tuple ? parts.map(f) : f(parts[0]!));
  const read = (...at: number[]) => {
    if (at.length !== shape.length || !at.every(Number.isInteger) || !inside(at))
      throw new RangeError(`[${at}] is not an index of a tensor of shape [${shape}]`);
    const i = flat(at);
    return give((part) => part[i]!);
  };
  const clamped = (...at: number[]) =>
    read(...at.map((p, d) => maximum(0, minimum(p, shape[d]! - 1))));
  const orZero = (...at: number[]) => (inside(at) ? read(...at) : give(() => 0));
  const named = Object.fromEntries(
    axes.filter((a) => !/^\d+$/.test(a.axis)).map((a) => [a.axis, a]),
  );
  const sizes = new Map(axes.map((a) => [a.axis, a.size]));
  const regroup = (names: string) => {
    const words = names.replaceAll(/[()]/g, "").split(" ");
    const sizeOf = (word: string) => sizes.get(word) ?? Number(word);
    const regrouped = words.map((word) => axis(word, sizeOf(word)));
    return fromParts(regrouped, words.map(sizeOf), parts, tuple);
  };
  const result = Object.assign(read, { orZero, clamped, regroup }, named);
  stored.set(
    result,
    parts.map((data) => ({ shape, data })),
  );
  return result;
}
