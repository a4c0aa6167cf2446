import { describe, expect, test } from "vitest";
import type { Entry, Job } from "../../targets/contract/program.ts";
import { findKernels } from "../../targets/cuda/build.ts";
import { planJob } from "../../targets/cuda/plan.ts";
import { blockSum, countUp, entryOf, scale } from "./cuda.fixtures.ts";

const job: Job = { inputs: { x: countUp(100) }, scalars: { N: 100, a: 2 } };
const plan =
  (entry: Entry, change: Partial<Job> = {}) =>
  () =>
    planJob(entry, { ...job, ...change });

test("a plan knows every size", () => {
  const { buffers, steps, outputs } = planJob(entryOf(), job);
  expect(buffers.map(({ name, elements }) => [name, elements])).toEqual([
    ["x", 100],
    ["y", 100],
  ]);
  expect(outputs).toEqual([1]);
  expect(steps).toEqual([
    {
      kind: "launch",
      function: "run",
      groups: 2,
      group: 64,
      args: [
        { letter: "p", buffer: 0 },
        { letter: "p", buffer: 1 },
        { letter: "i", value: 100 },
        { letter: "f", value: 2 },
      ],
    },
  ]);
});

test("computed sizes come from the entry; a different one is refused", () => {
  const entry = entryOf({ groups: "B" }, { sizes: [{ name: "B", is: "ceilDiv(N, 64)" }] });
  expect(planJob(entry, job).steps[0]).toMatchObject({ groups: 2 });
  const scalars = { N: 100, a: 2, B: 3 };
  expect(plan(entry, { scalars })).toThrow("test: B is 3, but ceilDiv(N, 64) gives 2.");
});

describe("one sentence for each mistake", () => {
  test.each<[string, Entry, Partial<Job>]>([
    ["test needs the tensor x, which was not given.", entryOf(), { inputs: {} }],
    [
      "test takes no tensor z; it takes x.",
      entryOf(),
      { inputs: { ...job.inputs, z: countUp(1) } },
    ],
    [
      "test: x is a Float64Array; f32 takes a Float32Array.",
      entryOf(),
      { inputs: { x: new Float64Array(100) } },
    ],
    ["test: x has 99 elements; its shape (N) has 100.", entryOf(), { inputs: { x: countUp(99) } }],
    ["test: no value for the scalar a.", entryOf(), { scalars: { N: 100 } }],
    [
      "test: a is 2.5; it must be a 32-bit integer.",
      entryOf(undefined, { scalars: [{ name: "a", type: "i32", from: "attr" }] }),
      { scalars: { N: 100, a: 2.5 } },
    ],
    [
      "test: y would have 3000000000 elements; kernels index with 32-bit integers, up to 2147483584.",
      entryOf(undefined, {
        tensors: [
          { name: "y", role: "output", dtype: "f32", axes: [["N"]], shape: ["N * 30000000"] },
        ],
      }),
      { inputs: {} },
    ],
    [
      "test: the launch of run has 2048 threads a block; CUDA allows 1 to 1024.",
      entryOf({ group: 2048 }),
      {},
    ],
    [
      "test: the launch of run uses 65536 bytes of shared memory; CUDA allows 49152 for static arrays.",
      entryOf({ sharedBytes: 65536 }),
      {},
    ],
    [
      "test: the launch of run needs 10000000000 blocks; CUDA allows 0 to 2147483647.",
      entryOf({ groups: "N * 100000000" }),
      {},
    ],
  ])("%s", (message, entry, change) => {
    expect(plan(entry, change)).toThrow(message);
  });

  test("constants", () => {
    const macros = (constants: Job["constants"] = {}) =>
      planJob(entryOf(), { ...job, constants }).macros;
    expect(macros()).toEqual({ BORDER: "0" });
    expect(macros({ BORDER: 1 })).toEqual({ BORDER: "1" });
    expect(() => macros({ EDGE: 1 })).toThrow("test has no constant EDGE; it has BORDER.");
    expect(() => macros({ BORDER: 0.5 })).toThrow(
      "test: BORDER is 0.5; it is the index of one of:",
    );
  });
});

test("kernels are found by name, wherever launch bounds stand, but not in comments", () => {
  const source = `${scale}
// extern "C" __global__ void commented(float* x) {}
/* __global__ void also() */
extern "C" __global__ __launch_bounds__(64, 2) void bounds_first(float* x) {}
${blockSum.replace("run", "sum")}`;
  expect(findKernels(source)).toEqual(["run", "bounds_first", "sum"]);
});
