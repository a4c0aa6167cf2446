import { floatOfHalf, halfOfFloat } from "../../../targets/contract/half.ts";
import { UserError } from "../errors.ts";
import { DTYPES, type NpArray } from "./dtypes.ts";

/** Converted elements, and how many of them are not what they were. */
export interface Converted<T> {
  readonly data: T;
  /** Finite elements that became another number, infinity included. */
  readonly inexact: number;
  /** Finite elements that became infinite. */
  readonly overflowed: number;
}

interface Floats {
  readonly length: number;
  [index: number]: number;
}

function convert<T extends Floats>(
  { data }: NpArray,
  result: T,
  round: (value: number) => number,
): Converted<T> {
  let inexact = 0;
  let overflowed = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const rounded = round(Number(value));
    result[i] = rounded;
    // `==` compares a bigint with a number by their exact values; NaN stays NaN and is no change.
    // biome-ignore lint/suspicious/noDoubleEquals: see above
    if (rounded == value || Number.isNaN(rounded)) continue;
    inexact++;
    if (!Number.isFinite(rounded)) overflowed++;
  }
  return { data: result, inexact, overflowed };
}

/** The elements as float32, rounded to the nearest; float32 data is passed on, not copied. */
export function toFloat32(array: NpArray): Converted<Float32Array> {
  if (array.data instanceof Float32Array) return { data: array.data, inexact: 0, overflowed: 0 };
  return convert(array, new Float32Array(array.data.length), Math.fround);
}

/** The elements as float64; only 64-bit integers beyond 2^53 can be inexact. */
export function toFloat64(array: NpArray): Converted<Float64Array> {
  if (array.data instanceof Float64Array) return { data: array.data, inexact: 0, overflowed: 0 };
  return convert(array, new Float64Array(array.data.length), (value) => value);
}

/** The elements as float16 bit patterns, each rounded once to the nearest. */
export function toFloat16(array: NpArray): Converted<Uint16Array> {
  const { data, inexact, overflowed } = convert(
    array,
    new Float64Array(array.data.length),
    (value) => floatOfHalf(halfOfFloat(value)),
  );
  return { data: Uint16Array.from(data, halfOfFloat), inexact, overflowed };
}

/** The elements as int32; refused where one is fractional, not finite or out of range. */
export function toInt32(array: NpArray, name: string): Int32Array {
  const result = new Int32Array(array.data.length);
  for (let i = 0; i < result.length; i++) {
    const value = array.data[i]!;
    result[i] = Number(value);
    // biome-ignore lint/suspicious/noDoubleEquals: compares bigint and number by value; NaN differs
    if (result[i]! != value) {
      throw new UserError(`${name} holds ${value}; its elements must be 32-bit whole numbers`);
    }
  }
  return result;
}

/** The sentence to print about a conversion, or undefined where every element kept its value. */
export function describeConversion(
  name: string,
  array: NpArray,
  to: string,
  { inexact, overflowed }: Converted<unknown>,
): string | undefined {
  if (inexact === 0) return undefined;
  const infinite = overflowed === 0 ? "" : `, ${overflowed} of them to infinity`;
  const changed = `${inexact} of ${array.data.length} values changed${infinite}`;
  return `${name}: ${DTYPES[array.dtype].name} converted to ${to}; ${changed}`;
}
