// A fill step is run as a kernel of its own, written by the conventions of the generated ones. That
// works on every storage buffer, where clearBuffer knows only zero and wants another usage flag.

import { floatOfHalf, halfOfFloat } from "../contract/half.ts";
import type { DType, Entry, Program } from "../contract/program.ts";

const source = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;

struct Scalars { words: i32, bits: i32, group_base: u32 }
@group(0) @binding(1) var<uniform> s: Scalars;

@compute @workgroup_size(64)
fn fill(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = s.group_base + group.x + group.y * groups.x;
  let words = u32(s.words);
  if (id >= (words + 63u) / 64u) { return; }
  let word = id * 64u + thread;
  if (word < words) { data[word] = bitcast<u32>(s.bits); }
}
`;

const entry: Entry = {
  operator: "fill",
  kernel: "fill",
  name: "fill",
  present: [],
  tensors: [{ name: "data", role: "output", dtype: "u32", axes: [["words"]], shape: ["words"] }],
  scalars: [
    { name: "words", type: "i32", from: "size" },
    { name: "bits", type: "i32", from: "attr" },
  ],
  constants: [],
  workspaces: [],
  sizes: [],
  steps: [
    {
      kind: "launch",
      function: "fill",
      buffers: [{ name: "data", access: "write", binding: 0 }],
      scalars: ["words", "bits"],
      scalarsBinding: 1,
      group: 64,
      groups: "ceilDiv(words, 64)",
      sharedBytes: 0,
    },
  ],
};

/** The program that writes `bits` into the first `words` 32-bit words of `data`. */
export const fillProgram: Program = { entry, source };

/** The bits of one 32-bit word that is filled with `value` as a dtype, as an i32. */
export function fillBits(dtype: DType, value: number): number {
  const word = new DataView(new ArrayBuffer(4));
  switch (dtype) {
    case "f32":
      word.setFloat32(0, value);
      break;
    case "i32":
      word.setInt32(0, value);
      break;
    case "u32":
      word.setUint32(0, value);
      break;
    case "f16":
      word.setUint32(0, exactHalf(value) * 0x10001);
      break;
    case "f64":
    case "bf16":
      throw new TypeError(`WGSL has no ${dtype}; use f32.`);
    default:
      return dtype satisfies never;
  }
  return word.getInt32(0);
}

function exactHalf(value: number): number {
  const bits = halfOfFloat(value);
  if (!Object.is(floatOfHalf(bits), value))
    throw new RangeError(`A fill value of ${value} is not exact in f16.`);
  return bits;
}
