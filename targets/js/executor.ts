// Runs generated modules, in Node and in browsers: each launch is a call of a function they export.

import { evaluateFormula } from "../contract/formula.ts";
import type { Data, DType, Entry, Executor, Job, Step } from "../contract/program.ts";

type Numbers = Readonly<Record<string, number>>;
type Kernels = Readonly<Record<string, ((...args: readonly unknown[]) => void) | undefined>>;

const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
} as const;

const maxElements = 2 ** 31 - 1;

function arrayType(dtype: DType) {
  if (dtype === "f16") throw new TypeError("JavaScript kernels have no f16; use f32.");
  return arrays[dtype];
}

/** Opens the JavaScript engine that this runs in. */
export function openJs(): Executor {
  const modules = new Map<string, Promise<Kernels>>();
  const load = (source: string): Promise<Kernels> => {
    const known = modules.get(source);
    if (known) return known;
    const url = `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
    const loaded = import(/* @vite-ignore */ url) as Promise<Kernels>;
    modules.set(source, loaded);
    return loaded;
  };
  return {
    device: { target: "js", device: describeEngine(), driver: "none", hardware: false },
    async run({ source, entry }, job) {
      return runEntry(entry, await load(source), job);
    },
    async close() {
      modules.clear();
    },
  };
}

function describeEngine(): string {
  if (typeof process === "object" && process.versions?.node)
    return `Node ${process.versions.node} (V8 ${process.versions.v8})`;
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } };
  return navigator?.userAgent ?? "a JavaScript engine without a name";
}

function runEntry(entry: Entry, kernels: Kernels, job: Job): Record<string, Data> {
  const scalars = completeScalars(entry, job.scalars);
  const buffers = new Map<string, Data>();
  for (const { name, role, dtype, shape } of entry.tensors) {
    const elements = shape.reduce((p, size) => p * evaluateFormula(size, scalars), 1);
    const given = role === "input" ? requireInput(entry, name, dtype, elements, job) : undefined;
    buffers.set(name, given ?? allocate(entry, name, dtype, elements));
  }
  for (const name of Object.keys(job.inputs))
    if (!entry.tensors.some((tensor) => tensor.role === "input" && tensor.name === name))
      throw new Error(`${entry.name} takes no tensor ${name}.`);
  for (const { name, dtype, elements } of entry.workspaces)
    buffers.set(name, allocate(entry, name, dtype, evaluateFormula(elements, scalars)));

  const constants = completeConstants(entry, job.constants ?? {});
  for (const step of entry.steps) runStep(entry, step, kernels, buffers, scalars, constants);
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  return Object.fromEntries(outputs.map(({ name }) => [name, buffers.get(name)!]));
}

function runStep(
  entry: Entry,
  step: Step,
  kernels: Kernels,
  buffers: ReadonlyMap<string, Data>,
  scalars: Numbers,
  constants: readonly number[],
): void {
  const bufferOf = (name: string): Data => {
    const buffer = buffers.get(name);
    if (!buffer) throw new Error(`${entry.name}: a step uses ${name}, which is no buffer of it.`);
    return buffer;
  };
  if (step.kind === "fill") {
    bufferOf(step.buffer).fill(step.value);
    return;
  }
  const kernel = kernels[step.function];
  if (!kernel) throw new Error(`The module of ${entry.name} has no function ${step.function}.`);
  const numbers = step.scalars.map((name) => {
    const value = scalars[name];
    if (value === undefined) throw new Error(`${entry.name}: no value for the scalar ${name}.`);
    return value;
  });
  kernel(...step.buffers.map(({ name }) => bufferOf(name)), ...numbers, ...constants);
}

function completeScalars(entry: Entry, given: Numbers): Numbers {
  const all: Record<string, number> = { ...given };
  for (const { name, is } of entry.sizes) {
    const value = evaluateFormula(is, all);
    if (given[name] !== undefined && given[name] !== value)
      throw new RangeError(`${entry.name}: ${name} is ${given[name]}, but ${is} gives ${value}.`);
    all[name] = value;
  }
  for (const { name, type } of entry.scalars) {
    const value = all[name];
    if (value !== undefined && type === "i32" && (value | 0) !== value)
      throw new RangeError(`${entry.name}: ${name} is ${value}; it must be a 32-bit integer.`);
    // A kernel of any other target would be given a float.
    if (value !== undefined && type === "f32") all[name] = Math.fround(value);
  }
  return all;
}

function completeConstants(entry: Entry, given: Numbers): readonly number[] {
  for (const name of Object.keys(given))
    if (!entry.constants.some((constant) => constant.name === name))
      throw new RangeError(`${entry.name} has no constant named ${name}.`);
  return entry.constants.map(({ name, values, default: value }) => {
    const chosen = given[name] ?? value;
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < values.length) return chosen;
    throw new RangeError(
      `${entry.name}: ${name} is ${chosen}; it is the index of one of: ${values.join(", ")}.`,
    );
  });
}

function requireInput(entry: Entry, name: string, dtype: DType, elements: number, job: Job): Data {
  const data = job.inputs[name];
  const type = arrayType(dtype);
  if (!data) throw new Error(`${entry.name} needs the tensor ${name}, which was not given.`);
  if (!(data instanceof type))
    throw new TypeError(
      `${entry.name}: ${name} is a ${data.constructor.name}; ${dtype} takes a ${type.name}.`,
    );
  if (data.length !== elements)
    throw new RangeError(
      `${entry.name}: ${name} has ${data.length} elements; its shape has ${elements}.`,
    );
  return data;
}

function allocate(entry: Entry, name: string, dtype: DType, elements: number): Data {
  if (!Number.isInteger(elements) || elements < 0 || elements > maxElements)
    throw new RangeError(
      `${entry.name}: ${name} would have ${elements} elements; up to ${maxElements} are possible.`,
    );
  return new (arrayType(dtype))(elements);
}
