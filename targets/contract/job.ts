// One execution, complete and checked before anything is built or allocated: every executor begins with this,
// so that a caller's mistake is said in the same sentence on every target.

import { evaluateFormula } from "./formula.ts";
import { requireConstant } from "./kept.ts";
import type { Data, DType, Entry, Formula, Job, Step, TensorInfo } from "./program.ts";
import { turnNumbers } from "./turns.ts";
import { selectOutputs } from "./wanted.ts";

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

/** A buffer (tensor or workspace) of an entry, with its size. */
export interface SizedBuffer {
  readonly dtype: DType;
  readonly elements: number;
}

/** Everything about a call but its arrays. */
export interface Call {
  /** All that formulas name: those given, rounded to f32 where real, constants, and sizes computed from them. */
  readonly scalars: Numbers;
  /** In the entry's order, defaults included. */
  readonly constants: Numbers;
  /** By name: tensors, then workspaces. */
  readonly sizes: ReadonlyMap<string, SizedBuffer>;
}

/** A call with its inputs, all of which are there and fit. */
export interface CompleteJob extends Call {
  /** What is to be run: the entry with the steps that the outputs wanted need. */
  readonly entry: Entry;
  readonly inputs: Readonly<Record<string, Data>>;
  /** What outputs begin with where launches add to them: copies of what was given, else zeros. */
  readonly initial: Readonly<Record<string, Data>>;
  /** The inputs that stay as they are. */
  readonly constant: readonly string[];
}

const maxInt = 2 ** 31 - 1;

interface ArrayType {
  new (elements: number): Data;
  new (buffer: ArrayBuffer): Data;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

/** The array type that holds a dtype on the host. */
export const arrayTypes: Readonly<Record<DType, ArrayType>> = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
  f16: Uint16Array, // the bits of its halves
  bf16: Uint16Array, // the upper halves of floats
};

/** An array for a dtype, filled with zeros. */
export const createArray = (dtype: DType, elements: number): Data =>
  new arrayTypes[dtype](elements);

/** Refuses an entry with buffers of a type that its target's kernels do not take. */
export function checkTypes(entry: Entry, language: string, takes: readonly DType[]): void {
  for (const { name, dtype } of [...entry.tensors, ...entry.workspaces])
    if (!takes.includes(dtype))
      throw new TypeError(
        `${entry.name}: ${name} is ${dtype}; ${language} kernels take ${takes.join(", ")}.`,
      );
}

/** Is a step left out of a call with these constants: a fill of what is to be added to? */
export const isLeftOut = (step: Step, constants: Numbers): boolean =>
  step.kind === "fill" && step.unless !== undefined && constants[step.unless] === 1;

/** Completes a call whose arrays are elsewhere, such as on a device. */
export function completeCall(entry: Entry, given: Numbers, constants: Numbers = {}): Call {
  const complete = completeConstants(entry, constants);
  const scalars = completeScalars(entry, given, complete);
  return { scalars, constants: complete, sizes: sizeBuffers(entry, scalars) };
}

/** Completes a job; throws one clear sentence where it does not fit the entry. */
export function completeJob(whole: Entry, job: Job): CompleteJob {
  const entry = selectOutputs(whole, job.wanted);
  const { initial: given = {} } = job;
  const isGiven = Object.keys(given).length > 0;
  const constants = isGiven ? { ...job.constants, [requireAdding(whole)]: 1 } : job.constants;
  const call = completeCall(entry, job.scalars, constants);
  const inputs = requireInputs(entry, job.inputs, call.sizes);
  const adds = whole.accumulate !== undefined && call.constants[whole.accumulate] === 1;
  const initial = adds ? fillOutputs(entry, given, call.sizes) : {};
  const constant = requireConstant(entry, job.constant);
  return { ...call, entry, inputs, initial, constant };
}

/** The constant by which an entry adds to its outputs. */
function requireAdding(entry: Entry): string {
  if (entry.accumulate !== undefined) return entry.accumulate;
  throw new Error(`${entry.name} overwrites its outputs; it cannot add to what is in them.`);
}

/** What all outputs of a call begin with that adds to these. */
function fillOutputs(
  entry: Entry,
  given: Readonly<Record<string, Data>>,
  sizes: Call["sizes"],
): Record<string, Data> {
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  for (const name of Object.keys(given))
    if (!outputs.some((tensor) => tensor.name === name))
      throw new Error(`${entry.name} cannot add to ${name}; it gives ${list(outputs)}.`);
  const filled = outputs.map((tensor): [string, Data] => {
    const { name, dtype } = tensor;
    const { elements } = sizes.get(name)!;
    const data = Object.hasOwn(given, name) ? given[name] : undefined;
    if (!data) return [name, createArray(dtype, elements)];
    checkArray(entry, tensor, data, elements);
    return [name, data.slice()];
  });
  return Object.fromEntries(filled);
}

function completeScalars(entry: Entry, given: Numbers, constants: Numbers): Numbers {
  const types = new Map(entry.scalars.map(({ name, type }) => [name, type]));
  const all: Record<string, number> = Object.create(null);
  const set = (name: string, value: number): void => {
    const type = types.get(name);
    if (type === "i32" && (value | 0) !== value)
      throw new RangeError(`${entry.name}: ${name} is ${value}; it must be a 32-bit integer.`);
    // Kernels that take floats round what they are given; see targets/js/attributes.js.
    all[name] = value;
  };
  for (const [name, value] of Object.entries({ ...given, ...constants })) set(name, value);
  for (const { name, is } of entry.sizes) {
    const value = evaluateFormula(is, all);
    const claimed = all[name];
    if (claimed !== undefined && claimed !== value)
      throw new RangeError(`${entry.name}: ${name} is ${claimed}, but ${is} gives ${value}.`);
    set(name, value);
  }
  const used = entry.steps.flatMap((step) => (step.kind === "launch" ? step.scalars : []));
  const ofTurn = turnNumbers(entry);
  const missing = [...types.keys(), ...used].find(
    (name) => !Object.hasOwn(all, name) && !ofTurn.has(name),
  );
  if (missing !== undefined) throw new Error(`${entry.name}: no value for the scalar ${missing}.`);
  for (const bound of entry.bounds ?? []) {
    const most = evaluateFormula(bound, all);
    if (most > maxInt)
      throw new RangeError(
        `${entry.name}: these sizes and attributes make it count up to ${most}; ` +
          `kernels count with 32-bit integers, up to ${maxInt}.`,
      );
  }
  return all;
}

function completeConstants(entry: Entry, given: Numbers): Numbers {
  for (const name of Object.keys(given))
    if (!entry.constants.some((constant) => constant.name === name))
      throw new RangeError(
        `${entry.name} has no constant ${name}; it has ${list(entry.constants)}.`,
      );
  const all = entry.constants.map(({ name, values, default: value }): [string, number] => {
    const chosen = given[name] ?? value;
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < values.length) return [name, chosen];
    throw new RangeError(
      `${entry.name}: ${name} is ${chosen}; it is the index of one of: ${values.join(", ")}.`,
    );
  });
  return Object.fromEntries(all);
}

function sizeBuffers(entry: Entry, scalars: Numbers): ReadonlyMap<string, SizedBuffer> {
  // The last group may count on beyond the last element.
  const groups = entry.steps.flatMap((step) => (step.kind === "launch" ? [step.group] : []));
  const most = maxInt - (Math.max(1, ...groups) - 1);
  const sized = (name: string, dtype: DType, shape: readonly Formula[]): [string, SizedBuffer] => {
    const sizes = shape.map((formula) => evaluateFormula(formula, scalars));
    if (sizes.some((size) => !Number.isInteger(size) || size < 0))
      throw new RangeError(`${entry.name}: ${name} would have the shape (${sizes.join(", ")}).`);
    const elements = sizes.reduce((product, size) => product * size, 1);
    if (elements > most)
      throw new RangeError(
        `${entry.name}: ${name} would have ${elements} elements; ` +
          `kernels index with 32-bit integers, up to ${most}.`,
      );
    return [name, { dtype, elements }];
  };
  return new Map([
    ...entry.tensors.map(({ name, dtype, shape }) => sized(name, dtype, shape)),
    ...entry.workspaces.map(({ name, dtype, elements }) => sized(name, dtype, [elements])),
  ]);
}

function requireInputs(
  entry: Entry,
  inputs: Job["inputs"],
  sizes: Call["sizes"],
): Record<string, Data> {
  const wanted = entry.tensors.filter(({ role }) => role === "input");
  for (const name of Object.keys(inputs))
    if (!wanted.some((tensor) => tensor.name === name))
      throw new Error(`${entry.name} takes no tensor ${name}; it takes ${list(wanted)}.`);
  const found = wanted.map((tensor): [string, Data] => {
    const { name } = tensor;
    const data = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (!data) throw new Error(`${entry.name} needs the tensor ${name}, which was not given.`);
    checkArray(entry, tensor, data, sizes.get(name)!.elements);
    return [name, data];
  });
  return Object.fromEntries(found);
}

function checkArray(
  entry: Entry,
  { name, dtype, shape }: TensorInfo,
  data: Data,
  elements: number,
): void {
  const type = arrayTypes[dtype];
  if (!(data instanceof type))
    throw new TypeError(
      `${entry.name}: ${name} is a ${(data as Data).constructor.name}; ` +
        `${dtype} takes a ${type.name}.`,
    );
  if (data.length !== elements)
    throw new RangeError(
      `${entry.name}: ${name} has ${data.length} elements; ` +
        `its shape (${shape.join(", ")}) has ${elements}.`,
    );
}

const list = (named: readonly { readonly name: string }[]): string =>
  named.length > 0 ? named.map(({ name }) => name).join(", ") : "none";
