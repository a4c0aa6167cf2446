// Declaration against interpreter: the same arrays through the float64 run of a declaration as written and
// through the interpreter of the kernel that was read from it.

import { expect } from "vitest";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import {
  type HostArray,
  loadReference,
  runReference,
} from "../../generators/frontend/reference.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";

/** Numbers from 0 up to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Case {
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly present: readonly string[];
}

/** An element of a tensor at a flat place, given the size of its last axis. */
export type Fill = (tensor: string, i: number, columns: number, random: () => number) => number;

/** Arrays for the tensors of a case. */
export function fillInputs(operator: Operator, c: Case, fill: Fill): Record<string, HostArray> {
  const random = randomFrom(7);
  const { attrs, options } = numbersOf(operator, c.attrs);
  const kernel = operator.kernel(c.present);
  const sizes = resolveSizes(kernel, c.sizes, attrs, options);
  return Object.fromEntries(
    kernel.tensors.map(({ name, dims }) => {
      const sizeOf = (axis: string) => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
      const shape = dims.map((dim) => dim.map(sizeOf).reduce((a, b) => a * b, 1));
      const columns = sizeOf(dims.at(-1)!.at(-1)!);
      const count = shape.reduce((a, b) => a * b, 1);
      const data = Float64Array.from({ length: count }, (_, i) => fill(name, i, columns, random));
      return [name, { shape, data }];
    }),
  );
}

/** Runs both and expects equal results that are neither empty nor all zero; gives them back. */
export async function expectAgreement(path: string, c: Case, fill: Fill) {
  const operator = readOperator(path);
  const inputs = fillInputs(operator, c, fill);
  const reference = await loadReference(path);
  const expected = runReference(operator, reference, inputs, c.sizes, c.attrs);
  const { attrs, options } = numbersOf(operator, c.attrs);
  const kernel = operator.kernel(c.present);
  const found = interpretKernel(kernel, inputs, c.sizes, attrs, options);
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const result = found[name]!;
    expect(result.shape).toEqual(shape);
    expect(data.some((x) => x !== 0)).toBe(true);
    // Both compute in float64, and in the same order: the interpreter does not reassociate.
    expect([...result.parts[0]!]).toEqual([...data]);
  }
  return { inputs, expected };
}
