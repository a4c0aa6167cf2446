// Numbers on their way to the device: sizes by formula, the uniform block, typed arrays.

import { evaluateFormula } from "../contract/formula.ts";
import type { Data, DType, Entry, Formula, LaunchStep } from "../contract/program.ts";

type Numbers = Readonly<Record<string, number>>;
type ArrayType = { new (size: number): Data; new (buffer: ArrayBuffer): Data; name: string };

const arrayTypes: Readonly<Record<Exclude<DType, "f64">, ArrayType>> = {
  f32: Float32Array,
  f16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
};

/** The array type that holds a dtype on the host (f16 travels as the bits of its halves). */
export function arrayType(dtype: DType): ArrayType {
  if (dtype === "f64") throw new TypeError("WGSL has no f64; use f32.");
  return arrayTypes[dtype];
}

/** Bytes of one element. */
export function elementBytes(dtype: DType): number {
  if (dtype === "f64") throw new TypeError("WGSL has no f64; use f32.");
  return dtype === "f16" ? 2 : 4;
}

/** The scalars of a call together with the sizes that the entry computes from them. */
export function completeScalars(entry: Entry, scalars: Numbers): Numbers {
  const all: Record<string, number> = { ...scalars };
  for (const { name, is } of entry.sizes) {
    const value = evaluateFormula(is, all);
    const given = scalars[name];
    if (given !== undefined && given !== value)
      throw new RangeError(`${entry.name}: ${name} is ${given}, but ${is} gives ${value}.`);
    all[name] = value;
  }
  return all;
}

/** How many elements each buffer (tensor or workspace) of an entry has. */
export function countElements(entry: Entry, scalars: Numbers): ReadonlyMap<string, BufferSize> {
  const sizes = new Map<string, BufferSize>();
  const add = (name: string, dtype: DType, formulas: readonly Formula[]) => {
    const shape = formulas.map((formula) => evaluateFormula(formula, scalars));
    const elements = shape.reduce((product, size) => product * size, 1);
    if (shape.some((size) => !Number.isInteger(size) || size < 0))
      throw new RangeError(`${entry.name}: ${name} would have the shape (${shape.join(", ")}).`);
    const bytes = Math.ceil((elements * elementBytes(dtype)) / 4) * 4;
    sizes.set(name, { dtype, elements, bytes });
  };
  for (const tensor of entry.tensors) add(tensor.name, tensor.dtype, tensor.shape);
  for (const scratch of entry.workspaces) add(scratch.name, scratch.dtype, [scratch.elements]);
  return sizes;
}

/** The size of one buffer; `bytes` is rounded up to whole 32-bit words. */
export interface BufferSize {
  readonly dtype: DType;
  readonly elements: number;
  readonly bytes: number;
}

/** Bytes of a launch's uniform block: its scalars, then `group_base`, in whole 16-byte rows. */
export function uniformBytes(launch: LaunchStep): number {
  return Math.ceil(((launch.scalars.length + 1) * 4) / 16) * 16;
}

/** The uniform block of one dispatch. */
export function packUniforms(
  entry: Entry,
  launch: LaunchStep,
  scalars: Numbers,
  groupBase: number,
): ArrayBuffer {
  const block = new DataView(new ArrayBuffer(uniformBytes(launch)));
  launch.scalars.forEach((name, index) => {
    const value = scalars[name];
    if (value === undefined) throw new RangeError(`${entry.name}: no value for ${name}.`);
    const type = entry.scalars.find((scalar) => scalar.name === name)?.type ?? "i32";
    if (type === "f32") block.setFloat32(index * 4, value, true);
    else if ((value | 0) === value) block.setInt32(index * 4, value, true);
    else throw new RangeError(`${entry.name}: ${name} is ${value}; it must be a 32-bit integer.`);
  });
  block.setUint32(launch.scalars.length * 4, groupBase, true);
  return block.buffer;
}

/** Every override of an entry: the given choices, the defaults for the rest. */
export function completeConstants(entry: Entry, given: Numbers = {}): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { name, values, default: value } of entry.constants) {
    const chosen = given[name] ?? value;
    if (!Number.isInteger(chosen) || chosen < 0 || chosen >= values.length)
      throw new RangeError(
        `${entry.name}: ${name} is ${chosen}; it is the index of one of: ${values.join(", ")}.`,
      );
    all[name] = chosen;
  }
  for (const name of Object.keys(given))
    if (!(name in all)) throw new RangeError(`${entry.name} has no constant named ${name}.`);
  return all;
}
