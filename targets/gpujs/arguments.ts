// A job's arrays and numbers, complete and checked, before gpu.js sees them.

import { evaluateFormula } from "../contract/formula.ts";
import type { Entry, Job } from "../contract/program.ts";

export type Numbers = Readonly<Record<string, number>>;

/** The scalars of a job together with the sizes that the entry computes from them. */
export function completeScalars(entry: Entry, given: Numbers): Numbers {
  for (const { name, type } of entry.scalars) {
    const value = given[name];
    if (type === "i32" && value !== undefined && !Number.isInteger(value))
      throw new RangeError(`${entry.name}: ${name} must be a whole number, not ${value}.`);
  }
  const all: Record<string, number> = { ...given };
  for (const { name, is } of entry.sizes) {
    const value = evaluateFormula(is, all);
    const claimed = given[name];
    if (claimed !== undefined && claimed !== value)
      throw new RangeError(`${entry.name}: ${name} is ${claimed}, but ${is} gives ${value}.`);
    all[name] = value;
  }
  const missing = entry.scalars.find(({ name }) => all[name] === undefined);
  if (missing) throw new RangeError(`${entry.name}: no value for ${missing.name}.`);
  return all;
}

/** The constants of an entry: the job's, and defaults for the others. */
export function completeConstants(entry: Entry, given: Numbers): Numbers {
  for (const [name, value] of Object.entries(given)) {
    const constant = entry.constants.find((c) => c.name === name);
    if (!constant) throw new RangeError(`${entry.name} has no constant ${name}.`);
    if (constant.values[value] === undefined)
      throw new RangeError(
        `${entry.name}: ${name} is ${value}; it is a number below ${constant.values.length}.`,
      );
  }
  return Object.fromEntries(entry.constants.map((c) => [c.name, given[c.name] ?? c.default]));
}

/** All arrays of an entry by name: the job's inputs, and zeros for outputs and workspaces. */
export function allocate(
  entry: Entry,
  inputs: Job["inputs"],
  scalars: Numbers,
): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = {};
  const count = (name: string, shape: readonly string[]): number => {
    const sizes = shape.map((formula) => evaluateFormula(formula, scalars));
    if (sizes.some((size) => !Number.isInteger(size) || size < 0))
      throw new RangeError(`${entry.name}: ${name} would have the shape (${sizes.join(", ")}).`);
    return sizes.reduce((product, size) => product * size, 1);
  };
  for (const { name, role, dtype, shape } of entry.tensors) {
    if (dtype !== "f32")
      throw new TypeError(`${entry.name}: ${name} is ${dtype}; gpu.js kernels take f32 only.`);
    const elements = count(name, shape);
    arrays[name] =
      role === "output"
        ? new Float32Array(elements)
        : requireInput(entry, name, inputs[name], elements);
  }
  for (const { name, elements } of entry.workspaces)
    arrays[name] = new Float32Array(count(name, [elements]));
  for (const name of Object.keys(inputs))
    if (!entry.tensors.some((tensor) => tensor.name === name && tensor.role === "input"))
      throw new Error(`${entry.name} takes no tensor ${name}.`);
  return arrays;
}

function requireInput(
  entry: Entry,
  name: string,
  data: Job["inputs"][string] | undefined,
  elements: number,
): Float32Array {
  if (!data) throw new Error(`${entry.name} needs the tensor ${name}, which was not given.`);
  if (!(data instanceof Float32Array))
    throw new TypeError(
      `${entry.name}: ${name} is a ${data.constructor.name}, not a Float32Array.`,
    );
  if (data.length !== elements)
    throw new RangeError(`${entry.name}: ${name} has ${data.length} elements, not ${elements}.`);
  return data;
}
