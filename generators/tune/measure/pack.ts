// Jobs and arrays as text.

import { arrayTypes } from "../../../targets/contract/job.ts";
import type { Data, DType, Job } from "../../../targets/contract/program.ts";
import type { PackedArray, PackedJob } from "./protocol.ts";

/** The type of an array's elements; halves have their bits in whole numbers of 16. */
function dtypeOf(data: Data): DType {
  const found = (Object.keys(arrayTypes) as DType[]).find(
    (dtype) => data instanceof arrayTypes[dtype],
  );
  if (found === undefined) throw new TypeError("These are no elements of a tensor.");
  return found;
}

/** An array as text. */
export const packArray = (data: Data): PackedArray => ({
  dtype: dtypeOf(data),
  bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
});

/** An array from its text. */
export function unpackArray({ dtype, bytes }: PackedArray): Data {
  const found = Buffer.from(bytes, "base64");
  const memory = new ArrayBuffer(found.byteLength);
  new Uint8Array(memory).set(found);
  return new arrayTypes[dtype](memory);
}

const mapArrays = <A, B>(arrays: Readonly<Record<string, A>>, change: (of: A) => B) =>
  Object.fromEntries(Object.entries(arrays).map(([name, of]) => [name, change(of)]));

/** Arrays by name as text. */
export const packArrays = (arrays: Readonly<Record<string, Data>>) => mapArrays(arrays, packArray);

/** Arrays by name from their text. */
export const unpackArrays = (arrays: Readonly<Record<string, PackedArray>>) =>
  mapArrays(arrays, unpackArray);

/** A job as text; what a guarded or kept call is has no meaning for a single run. */
export const packJob = ({ inputs, scalars, constants }: Job): PackedJob => ({
  inputs: packArrays(inputs),
  scalars,
  ...(constants && { constants }),
});
