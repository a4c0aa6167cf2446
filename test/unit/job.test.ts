import { describe, expect, test } from "vitest";
import { checkTypes, completeCall, completeJob } from "../../targets/contract/job.ts";
import type { Entry, Job } from "../../targets/contract/program.ts";

const entry: Entry = {
  operator: "test",
  kernel: "forward",
  name: "test",
  present: [],
  tensors: [
    { name: "x", role: "input", dtype: "f32", axes: [["N"]], shape: ["N"] },
    { name: "y", role: "output", dtype: "f32", axes: [["M"], ["N"]], shape: ["M", "N"] },
  ],
  scalars: [
    { name: "N", type: "i32", from: "size" },
    { name: "M", type: "i32", from: "size" },
    { name: "a", type: "f32", from: "attr" },
  ],
  constants: [{ name: "WAY", option: "way", values: ["low", "high"], default: 1 }],
  workspaces: [{ name: "half", dtype: "f64", elements: "M * 2 + WAY" }],
  sizes: [{ name: "M", is: "N - 1" }],
  bounds: ["N * abs(a)"],
  steps: [],
};
const x = new Float32Array(3);
const job: Job = { inputs: { x }, scalars: { N: 3, a: 0.1 } };

test("a job is completed with sizes, defaults and numbers as they are given", () => {
  expect(completeJob(entry, job)).toEqual({
    scalars: { N: 3, M: 2, a: 0.1, WAY: 1 },
    constants: { WAY: 1 },
    sizes: new Map([
      ["x", { dtype: "f32", elements: 3 }],
      ["y", { dtype: "f32", elements: 6 }],
      ["half", { dtype: "f64", elements: 5 }],
    ]),
    inputs: { x },
    initial: {},
    constant: [],
    entry,
  });
  const low = completeCall(entry, { ...job.scalars }, { WAY: 0 });
  expect(low.sizes.get("half")).toEqual({ dtype: "f64", elements: 4 });
  expect(completeCall(entry, { ...job.scalars, M: 2, other: 0.5 }, { WAY: 0 })).toMatchObject({
    scalars: { other: 0.5, WAY: 0 },
    constants: { WAY: 0 },
  });
});

describe("one sentence for what does not fit", () => {
  test.each<[string, Partial<Job>]>([
    ["test: N is 2.5; it must be a 32-bit integer.", { scalars: { N: 2.5, a: 1 } }],
    ["test: N is NaN; it must be a 32-bit integer.", { scalars: { N: Number.NaN, a: 1 } }],
    ["test: N is 2147483648; it must be a 32-bit integer.", { scalars: { N: 2 ** 31, a: 1 } }],
    ["test: M is 3, but N - 1 gives 2.", { scalars: { N: 3, M: 3, a: 1 } }],
    ["test: no value for the scalar a.", { scalars: { N: 3 } }],
    ["test has no constant WIDE; it has WAY.", { constants: { WIDE: 0 } }],
    ["test: WAY is 2; it is the index of one of: low, high.", { constants: { WAY: 2 } }],
    ["test: WAY is 0.5; it is the index of one of: low, high.", { constants: { WAY: 0.5 } }],
    ["test: y would have the shape (-1, 0).", { scalars: { N: 0, a: 1 } }],
    [
      "test: y would have 9999900000 elements; kernels index with 32-bit integers, up to 2147483647.",
      { scalars: { N: 100000, a: 1 } },
    ],
    [
      "test: these sizes and attributes make it count up to 6000000000; kernels count with 32-bit " +
        "integers, up to 2147483647.",
      { scalars: { N: 3, a: 2e9 } },
    ],
    ["test takes no tensor z; it takes x.", { inputs: { x, z: x } }],
    ["test needs the tensor x, which was not given.", { inputs: {} }],
    ["test: x is a Int32Array; f32 takes a Float32Array.", { inputs: { x: new Int32Array(3) } }],
    ["test: x has 4 elements; its shape (N) has 3.", { inputs: { x: new Float32Array(4) } }],
  ])("%s", (sentence, change) => {
    expect(() => completeJob(entry, { ...job, ...change })).toThrow(sentence);
  });

  test("a type that the target's kernels do not take", () => {
    expect(() => checkTypes(entry, "gpu.js", ["f32"])).toThrow(
      "test: half is f64; gpu.js kernels take f32.",
    );
    expect(checkTypes(entry, "JavaScript", ["f32", "f64"])).toBe(undefined);
  });
});
