// Numbers on their way to the device: sizes in bytes, the uniform block.

import {
  arrayTypes,
  type Call,
  checkTypes,
  type Numbers,
  type SizedBuffer,
} from "../contract/job.ts";
import type { Entry, LaunchStep } from "../contract/program.ts";

/** The size of one buffer; `bytes` is rounded up to whole 32-bit words. */
export interface BufferSize extends SizedBuffer {
  readonly bytes: number;
}

/** A call of an entry, with the bytes of its buffers. */
export interface WgslCall extends Call {
  readonly sizes: ReadonlyMap<string, BufferSize>;
}

/** Adds the bytes of each buffer to a call; refuses types that WGSL has not. */
export function measure<C extends Call>(entry: Entry, call: C): C & WgslCall {
  checkTypes(entry, "WGSL", ["f32", "f16", "i32", "u32"]);
  const sizes = [...call.sizes].map(([name, { dtype, elements }]): [string, BufferSize] => {
    const bytes = elements * arrayTypes[dtype].BYTES_PER_ELEMENT;
    return [name, { dtype, elements, bytes: Math.ceil(bytes / 4) * 4 }];
  });
  return { ...call, sizes: new Map(sizes) };
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
    const isReal = entry.scalars.find((scalar) => scalar.name === name)?.type === "f32";
    block[isReal ? "setFloat32" : "setInt32"](index * 4, scalars[name]!, true);
  });
  block.setUint32(launch.scalars.length * 4, groupBase, true);
  return block.buffer;
}
