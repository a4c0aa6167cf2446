// The sizes of buffers in bytes.

import { arrayTypes, type Call, checkTypes, type SizedBuffer } from "../contract/job.ts";
import type { Entry } from "../contract/program.ts";

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
