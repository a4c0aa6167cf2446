// A small hand-written program that uses every convention of the generated WGSL: two entry points
// in one module, a workspace, a fill, an accumulated output, an override, an i32 and an f32 scalar,
// a computed size, and group ids beyond one dimension of a dispatch.

import type { Job, Program } from "../../targets/contract/program.ts";

const source = `
override mode: i32 = 0;

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read_write> columns: array<f32>;
@group(0) @binding(3) var<storage, read> columns_in: array<f32>;
@group(0) @binding(4) var<storage, read> unused: array<f32>;

struct ScaleScalars { N: i32, scale: f32, group_base: u32 }
@group(0) @binding(5) var<uniform> a: ScaleScalars;

struct MirrorScalars { M: i32, N: i32, group_base: u32 }
@group(0) @binding(6) var<uniform> b: MirrorScalars;

@compute @workgroup_size(4)
fn scale_columns(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = a.group_base + group.x + group.y * groups.x;
  if (id >= u32((a.N + 3) / 4)) { return; }
  let i = i32(id * 4u + thread);
  if (i < a.N) { columns[i] = input[i] * a.scale; }
}

@compute @workgroup_size(4)
fn mirror(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = b.group_base + group.x + group.y * groups.x;
  if (id >= u32((b.M + 3) / 4)) { return; }
  let i = i32(id * 4u + thread);
  if (i < b.M) {
    let from_end = select(i, b.M - 1 - i, i >= b.N);
    output[i] += columns_in[from_end] + f32(mode) * 100.0;
  }
}
`;

/** output = 0.5 + scale * (input, then input reversed), plus 100 where `mode` is "high". */
export const mirrorProgram: Program = {
  source,
  entry: {
    operator: "mirror",
    kernel: "forward",
    name: "mirror",
    present: [],
    tensors: [
      { name: "input", role: "input", dtype: "f32", axes: [["N"]], shape: ["N"] },
      { name: "unused", role: "input", dtype: "f32", axes: [["E"]], shape: ["E"] },
      { name: "output", role: "output", dtype: "f32", axes: [["M"]], shape: ["M"] },
    ],
    scalars: [
      { name: "N", type: "i32", from: "size" },
      { name: "E", type: "i32", from: "size" },
      { name: "scale", type: "f32", from: "attr" },
    ],
    constants: [{ name: "mode", option: "mode", values: ["low", "high"], default: 0 }],
    workspaces: [{ name: "columns", dtype: "f32", elements: "N" }],
    sizes: [{ name: "M", is: "2 * N" }],
    steps: [
      {
        kind: "launch",
        function: "scale_columns",
        buffers: [
          { name: "input", access: "read", binding: 0 },
          { name: "columns", access: "write", binding: 2 },
          { name: "unused", access: "read", binding: 4 },
        ],
        scalars: ["N", "scale"],
        scalarsBinding: 5,
        group: 4,
        groups: "ceilDiv(N, 4)",
        sharedBytes: 0,
      },
      { kind: "fill", buffer: "output", value: 0.5 },
      {
        kind: "launch",
        function: "mirror",
        buffers: [
          { name: "columns", access: "read", binding: 3 },
          { name: "output", access: "update", binding: 1 },
        ],
        scalars: ["M", "N"],
        scalarsBinding: 6,
        group: 4,
        groups: "ceilDiv(M, 4)",
        sharedBytes: 0,
      },
    ],
  },
};

/** A job of N elements; `unused` is empty. */
export function mirrorJob(N: number, mode?: number): Job {
  const input = Float32Array.from({ length: N }, (_, i) => Math.sin(i) * 8);
  return {
    inputs: { input, unused: new Float32Array(0) },
    scalars: { N, E: 0, scale: 2 },
    ...(mode === undefined ? {} : { constants: { mode } }),
  };
}

/** What the program gives for a job, exactly: doubling and these sums round as in f32. */
export function mirrorExpected(job: Job): Float32Array {
  const input = [...(job.inputs.input ?? [])];
  const high = (job.constants?.mode ?? 0) * 100;
  return Float32Array.from([...input, ...input.toReversed()], (x) =>
    Math.fround(0.5 + Math.fround(2 * x + high)),
  );
}

/** The program with another text. */
export function withSource(change: (source: string) => string): Program {
  return { ...mirrorProgram, source: change(source) };
}
