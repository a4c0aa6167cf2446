// Small kernels written by hand in the conventions of generated CUDA, for the tests of the target.

import type { Entry, LaunchStep } from "../../targets/contract/program.ts";

/** y = a·x + BORDER, guarded at the end of the arrays. */
export const scale = `
#ifndef BORDER
#define BORDER 0
#endif
extern "C" __global__ void __launch_bounds__(64)
run(const float* __restrict__ x, float* __restrict__ y, int N, float a) {
  const int i = blockIdx.x * 64 + threadIdx.x;
  if (i >= N) return;
  y[i] = a * x[i] + (float)BORDER;
}
`;

/** The same without its guard: the last block writes beyond y. */
export const unguarded = scale.replace("if (i >= N) return;", "");

/** Each block's sum, replaced for all of its elements: on-chip memory and barriers. */
export const blockSum = `
extern "C" __global__ void run(const float* __restrict__ x, float* __restrict__ y, int N, float a) {
  __shared__ float part[64];
  const int t = threadIdx.x, i = blockIdx.x * 64 + t;
  part[t] = i < N ? x[i] : 0.0f;
  __syncthreads();
  for (int s = 32; s > 0; s >>= 1) {
    if (t < s) part[t] += part[t + s];
    __syncthreads();
  }
  if (i < N) y[i] = a * part[0];
}
`;

/** Each element's left neighbour within its block. */
export const neighbour = `
extern "C" __global__ void run(const float* __restrict__ x, float* __restrict__ y, int N, float a) {
  __shared__ float tile[64];
  const int t = threadIdx.x, i = blockIdx.x * 64 + t;
  tile[t] = i < N ? x[i] : 0.0f;
  __syncthreads();
  if (i < N) y[i] = a * (t > 0 ? tile[t - 1] : tile[0]);
}
`;

/** A kernel body in the signature that `entryOf` describes. */
export function kernel(body: string): string {
  return `extern "C" __global__ void
run(const float* __restrict__ x, float* __restrict__ y, int N, float a) {
  const int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
${body}
}
`;
}

/** The description of a kernel \`run(x, y, N, a)\` over N elements. */
export function entryOf(launch: Partial<LaunchStep> = {}, entry: Partial<Entry> = {}): Entry {
  return {
    operator: "test",
    kernel: "forward",
    name: "test",
    present: [],
    tensors: [
      { name: "x", role: "input", dtype: "f32", axes: [["N"]], shape: ["N"] },
      { name: "y", role: "output", dtype: "f32", axes: [["N"]], shape: ["N"] },
    ],
    scalars: [
      { name: "N", type: "i32", from: "size" },
      { name: "a", type: "f32", from: "attr" },
    ],
    constants: [{ name: "BORDER", option: "border", values: ["zeros", "ones"], default: 0 }],
    workspaces: [],
    sizes: [],
    steps: [
      {
        kind: "launch",
        function: "run",
        buffers: [
          { name: "x", access: "read", binding: 0 },
          { name: "y", access: "write", binding: 1 },
        ],
        scalars: ["N", "a"],
        scalarsBinding: 2,
        group: 64,
        groups: "ceilDiv(N, 64)",
        sharedBytes: 0,
        ...launch,
      },
    ],
    ...entry,
  };
}

/** The numbers 1 … n. */
export function countUp(n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => i + 1);
}
