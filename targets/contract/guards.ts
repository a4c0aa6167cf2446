// Memory in which what is written beside an array is found.

import { arrayTypes } from "./job.ts";
import type { Data, DType } from "./program.ts";

/** Bytes before and behind an array; a multiple of every element's size and of vectors. */
export const guardBytes = 256;

const pattern = 0xa5;

/** An array between guards. */
export interface Guarded {
  readonly data: Data;
  /** Whether something was written into the guards. */
  isDamaged(): boolean;
}

/** An array of zeros between guards. */
export function createGuarded(dtype: DType, elements: number): Guarded {
  const type = arrayTypes[dtype];
  const bytes = elements * type.BYTES_PER_ELEMENT;
  const memory = new ArrayBuffer(bytes + 2 * guardBytes);
  const guards = [0, guardBytes + bytes].map((at) => new Uint8Array(memory, at, guardBytes));
  for (const guard of guards) guard.fill(pattern);
  return {
    data: viewOf(dtype, memory, guardBytes, elements),
    isDamaged: () => guards.some((guard) => guard.some((byte) => byte !== pattern)),
  };
}

/** The array types in their other way of being made. */
type View = new (memory: ArrayBuffer, at: number, elements: number) => Data;

const viewOf = (dtype: DType, memory: ArrayBuffer, at: number, elements: number): Data =>
  new (arrayTypes[dtype] as unknown as View)(memory, at, elements);

/** Fills an array with bytes of ones: NaN, or the integer -1. */
export function poison({ buffer, byteOffset, byteLength }: Data | Uint8Array): void {
  new Uint8Array(buffer, byteOffset, byteLength).fill(0xff);
}
