// The arrays and attributes of `run`, checked against an operator before anything is executed.

import { basename, extname } from "node:path";
import type { Signature } from "../../targets/contract/signature.ts";
import { checkIndices, type Resolved, resolve } from "../../targets/js/runtime.js";
import { describeSignature } from "../emit/signature.ts";
import type { Operator } from "../frontend/operator.ts";
import { suggestName } from "../messages/nearest.ts";
import { type AttrValue, parseAttributes } from "./attributes.ts";
import { UserError } from "./errors.ts";
import { readArrays } from "./io/arrays.ts";
import { type Converted, describeConversion, toFloat32, toFloat64 } from "./io/convert.ts";
import { DTYPES, type NpArray, type NpDType } from "./io/dtypes.ts";

/** Everything that one execution needs, checked. */
export interface Arguments {
  readonly signature: Signature;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly resolved: Resolved;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly data: Readonly<Record<string, Float32Array | Float64Array>>;
  /** What was converted, a sentence for each array. */
  readonly notes: readonly string[];
}

/** Arrays by name, as files hold them. */
export type Arrays = Readonly<Record<string, NpArray>>;

/** The arrays of all files by name; a .npy file's array is named by the file. */
export async function readInputs(paths: readonly string[]): Promise<Arrays> {
  const arrays = new Map<string, NpArray>();
  for (const path of paths) {
    const read = await readArrays(path, { name: basename(path, extname(path)) });
    for (const [name, array] of Object.entries(read)) {
      if (arrays.has(name)) throw new UserError(`the array "${name}" is given more than once`);
      arrays.set(name, array);
    }
  }
  return Object.fromEntries(arrays);
}

/** Checks names, element types, shapes, attributes and indices; `wide` keeps float64. */
export function checkArguments(
  operator: Operator,
  arrays: Arrays,
  attrTexts: readonly string[],
  wide: boolean,
): Arguments {
  const attrs = parseAttributes(attrTexts, operator.attrs, operator.name);
  checkNames(operator, arrays);
  for (const [name, { dtype }] of Object.entries(arrays)) checkDType(name, dtype);
  const present = operator.tensors
    .filter((t) => t.optional && arrays[t.name] !== undefined)
    .map((t) => t.name);
  const signature = describeSignature(operator, [operator.kernel(present)]);
  const shapes = mapValues(arrays, (array) => array.shape);
  const resolved = asUserError(() => resolve(signature, shapes, attrs));

  const notes: string[] = [];
  const data = mapValues(arrays, (array, name) => {
    const converted = convertArray(name, array, wide);
    notes.push(...converted.notes);
    return converted.data;
  });
  asUserError(() => checkIndices(signature, data, shapes, resolved.sizes));
  return { signature, attrs, resolved, shapes, data, notes };
}

/** The elements as float64 (`wide`) or float32, and a sentence where that is a conversion. */
export function convertArray(
  name: string,
  array: NpArray,
  wide: boolean,
): { readonly data: Float32Array | Float64Array; readonly notes: readonly string[] } {
  checkDType(name, array.dtype);
  const converted: Converted<Float32Array | Float64Array> = wide
    ? toFloat64(array)
    : toFloat32(array);
  const to = wide ? "float64" : "float32";
  // Whole numbers are indices, counts or pixels: a neighbour would be another one.
  if (/^[iu]/.test(array.dtype) && converted.inexact > 0)
    throw new UserError(
      `${name} holds ${DTYPES[array.dtype].name} values that ${to} cannot hold, beyond ` +
        `${wide ? 2 ** 53 : 2 ** 24}`,
    );
  if (DTYPES[array.dtype].name === to) return { data: converted.data, notes: [] };
  const note =
    describeConversion(name, array, to, converted) ??
    `${name}: ${DTYPES[array.dtype].name} converted to ${to}; every value is kept`;
  return { data: converted.data, notes: [note] };
}

function checkNames({ name: operator, tensors }: Operator, arrays: Arrays): void {
  const names = tensors.map((t) => t.name);
  for (const name of Object.keys(arrays)) {
    if (names.includes(name)) continue;
    throw new UserError(`${operator} takes no tensor "${name}"; ${suggestName(name, names)}`);
  }
  for (const { name, optional, dims } of tensors) {
    if (optional || arrays[name] !== undefined) continue;
    const shape = dims.map((axes) => axes.join("·")).join(", ");
    throw new UserError(`${operator} needs the tensor ${name} (${shape}), which is not given`);
  }
}

function checkDType(name: string, dtype: NpDType): void {
  if (dtype !== "b1") return;
  throw new UserError(`${name} has the dtype bool; floats and whole numbers are allowed`);
}

/** The checks that generated modules share throw plain errors, each one sentence for the caller. */
function asUserError<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new UserError(error.message.replace(/\.$/, ""));
    throw error;
  }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value, name)]),
  );
}
