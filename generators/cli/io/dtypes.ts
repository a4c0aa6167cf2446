import { endianness } from "node:os";
import { floatsOfHalves, halvesOfFloats } from "../../../targets/contract/half.ts";
import { UserError } from "../errors.ts";

/** The typed arrays that hold the elements of a NumPy array. */
export type NpData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** NumPy's element types that can be read and written: kind and bytes, without the byte order. */
export type NpDType =
  | "f2"
  | "f4"
  | "f8"
  | "i1"
  | "i2"
  | "i4"
  | "i8"
  | "u1"
  | "u2"
  | "u4"
  | "u8"
  | "b1";

/** An array as NumPy means it; `data` is in C order: the last index runs fastest. */
export interface NpArray {
  readonly shape: readonly number[];
  readonly dtype: NpDType;
  /** f2 is held as a Float32Array (which is exact), b1 as a Uint8Array of 0 and 1. */
  readonly data: NpData;
}

/** How one element type is called, stored and held. */
export interface DTypeRow {
  /** NumPy's name, for messages. */
  readonly name: string;
  readonly bytes: number;
  /** The held elements of stored bytes in host order; takes the buffer over. */
  readonly decode: (stored: ArrayBuffer) => NpData;
  /** The stored elements of held ones, or undefined where the typed array is the wrong one. */
  readonly encode: (held: NpData) => NpData | undefined;
}

type ViewOf<T> = new (buffer: ArrayBuffer) => T;

function plain<T extends NpData>(name: string, bytes: number, View: ViewOf<T>): DTypeRow {
  return {
    name,
    bytes,
    decode: (stored) => new View(stored),
    encode: (held) => (held instanceof View ? held : undefined),
  };
}

/** One row for every element type. */
export const DTYPES: Readonly<Record<NpDType, DTypeRow>> = {
  f2: {
    name: "float16",
    bytes: 2,
    decode: (stored) => floatsOfHalves(new Uint16Array(stored)),
    encode: (held) =>
      held instanceof Float32Array || held instanceof Float64Array
        ? halvesOfFloats(held)
        : undefined,
  },
  f4: plain("float32", 4, Float32Array),
  f8: plain("float64", 8, Float64Array),
  i1: plain("int8", 1, Int8Array),
  i2: plain("int16", 2, Int16Array),
  i4: plain("int32", 4, Int32Array),
  i8: plain("int64", 8, BigInt64Array),
  u1: plain("uint8", 1, Uint8Array),
  u2: plain("uint16", 2, Uint16Array),
  u4: plain("uint32", 4, Uint32Array),
  u8: plain("uint64", 8, BigUint64Array),
  b1: {
    name: "bool",
    bytes: 1,
    // NumPy takes every byte but 0 as true.
    decode: (stored) => new Uint8Array(stored).map((byte) => (byte === 0 ? 0 : 1)),
    encode: (held) =>
      held instanceof Uint8Array ? held.map((byte) => (byte === 0 ? 0 : 1)) : undefined,
  },
};

/** Whether a text is one of the element types. */
export function isDType(text: string): text is NpDType {
  return Object.hasOwn(DTYPES, text);
}

/** The number of elements of a shape; 1 for a 0-d array, not finite or not safe where absurd. */
export function countElements(shape: readonly number[]): number {
  // A zero anywhere wins, whatever the other dimensions claim.
  return shape.includes(0) ? 0 : shape.reduce((count, size) => count * size, 1);
}

/** Refuses an array whose shape, element type and data do not belong together. */
export function checkArray(name: string, { shape, dtype, data }: NpArray): void {
  const sizes = `the shape (${shape.join(", ")})`;
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new UserError(`${name} has ${sizes}; sizes are whole and not negative`);
  }
  const count = countElements(shape);
  if (count !== data.length) {
    throw new UserError(`${name} has ${data.length} elements but ${sizes} has ${count}`);
  }
  const row = DTYPES[dtype];
  if (row.encode(data.subarray(0, 0)) === undefined) {
    throw new UserError(`${name} is said to be ${row.name} but is a ${data.constructor.name}`);
  }
}

/** Turns the byte order of every element around where the host's order is not the one asked for. */
export function orderBytes(bytes: Uint8Array, itemBytes: number, order: "LE" | "BE"): void {
  if (order === endianness() || itemBytes === 1) return;
  for (let start = 0; start < bytes.length; start += itemBytes) {
    bytes.subarray(start, start + itemBytes).reverse();
  }
}
