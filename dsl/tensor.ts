// Tensors of the reference run: plain float64 arrays that can be read by name of axis.

import { axis, forEach, maximum, minimum } from "./core.ts";
import type { Axis, Dimension, Indices, Joined, Tensor, Value } from "./types.ts";

/** The array behind a tensor of the reference run. */
export interface Stored {
  /** The sizes of its dimensions: that of several axes is their product. */
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

/**
 * The tensor whose element at each index is `f` of that index: a declaration's result. Axes in a list of their
 * own make up one dimension: `[N, [G, D]]` is of shape (N, G * D).
 */
export function tensor<const Ds extends readonly Dimension[]>(
  dims: Ds,
  f: (...at: Indices<Ds>) => number,
): Tensor<Joined<Ds>> {
  return stage(dims, f);
}

/**
 * An intermediate tensor. Naming it lets the compiler choose to recompute its elements where they are read,
 * to compute them tile by tile, or to store them.
 */
export function stage<const Ds extends readonly Dimension[], const V extends Value>(
  dims: Ds,
  f: (...at: Indices<Ds>) => V,
): Tensor<Joined<Ds>, V extends readonly number[] ? { readonly [K in keyof V]: number } : number> {
  const groups = dims.map(axesOf);
  const axes = groups.flat();
  const count = countOf(axes);
  const parts: Float64Array[] = [];
  let tuple = false;
  let i = 0;
  forEach(axes, (...at) => {
    const value: Value = f(...(at as Indices<Ds>));
    tuple = typeof value !== "number";
    const values = typeof value === "number" ? [value] : value;
    values.forEach((v, k) => {
      parts[k] ??= new Float64Array(count);
      parts[k][i] = v;
    });
    i++;
  });
  if (parts.length === 0) parts.push(new Float64Array(0));
  return fromParts(axes, groups.map(countOf), parts, tuple) as never;
}

const axesOf = (dim: Dimension): readonly Axis<string>[] => ("axis" in dim ? [dim] : dim);

const countOf = (axes: readonly Axis<string>[]): number => axes.reduce((n, a) => n * a.size, 1);

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

/** `dims` are the sizes of the dimensions that the axes make up. */
function fromParts(
  axes: readonly Axis<string>[],
  dims: readonly number[],
  parts: readonly Float64Array[],
  tuple: boolean,
): object {
  const shape = axes.map((a) => a.size);
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
    parts.map((data) => ({ shape: dims, data })),
  );
  return result;
}
