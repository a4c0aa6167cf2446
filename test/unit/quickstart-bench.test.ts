// The benchmarks' own parts: peers that are right, a verification that can fail, times in order.

import { describe, expect, it } from "vitest";
import { boundOf, drawTensors } from "../../bench/layer.ts";
import { measure, medianOf } from "../../bench/measure.ts";
import { columnBytes, workspaceBytes } from "../../bench/memory.ts";
import { columnsPeer } from "../../bench/peers/columns.ts";
import { gpujsPeer } from "../../bench/peers/gpujs.ts";
import { naivePeer } from "../../bench/peers/naive.ts";
import { compareGradients } from "../../bench/suites/backward.ts";
import { verify } from "../../bench/suites/forward.ts";
import { deform_conv2d } from "../reference/deform_conv2d.ts";

const layer = { N: 2, C: 3, H: 7, W: 6, O: 4, K: 3 };
const tensors = drawTensors(layer);
const allowed = boundOf(layer, tensors);

/** The plain reference in float64. */
const expected = deform_conv2d(
  {
    input: { shape: [2, 3, 7, 6], data: Float64Array.from(tensors.input) },
    offset: { shape: [2, 18, 7, 6], data: Float64Array.from(tensors.offset) },
    weight: { shape: [4, 3, 3, 3], data: Float64Array.from(tensors.weight) },
  },
  {
    stride: { y: 1, x: 1 },
    padding: { top: 1, left: 1, bottom: 1, right: 1 },
    dilation: { y: 1, x: 1 },
    border: "zeros",
    offset_order: "interleaved",
    edge_grad: "one_sided",
  },
).data;

describe("peers", () => {
  it("compute the operator, within bounds that matter", async () => {
    expect(allowed).toBeLessThan(1e-2);
    for (const peer of [columnsPeer(layer, tensors), naivePeer(layer, tensors)])
      expect(verify(peer.name, await peer.run(), expected, allowed)).toBeGreaterThan(0);
    for (const mode of ["cpu", "gpu"] as const) {
      const peer = await gpujsPeer(mode, layer, tensors);
      if ("unavailable" in peer) throw new Error(peer.unavailable);
      expect(verify(peer.name, await peer.run(), expected, allowed)).toBeGreaterThan(0);
      await peer.close();
    }
  });

  it("are refused where one number is wrong, missing or NaN", async () => {
    const output = Float64Array.from(expected);
    output[9]! += 0.02;
    expect(() => verify("it", output, expected, allowed)).toThrow("it differs from");
    output[9] = Number.NaN;
    expect(() => verify("it", output, expected, allowed)).toThrow("by NaN");
    expect(() => verify("it", output.subarray(1), expected, allowed)).toThrow("it gives 335");
  });
});

describe("measure", () => {
  const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
  const effort = { rounds: 2, seconds: 0.02, samples: 2 };

  it("times what returns a promise to its end, in interleaved rounds", async () => {
    const order: string[] = [];
    const tasks = [
      { name: "long", run: () => wait(30) },
      { name: "short", run: () => wait(2) },
    ];
    const [long, short] = await measure(tasks, effort, (name) => order.push(name));
    expect(order).toEqual(["long", "short", "short", "long"]);
    expect(long!.median).toBeGreaterThan(0.028);
    expect(short!.median).toBeLessThan(long!.median);
    for (const { fastest, median, slowest } of [long!, short!]) {
      expect(fastest).toBeLessThanOrEqual(median);
      expect(median).toBeLessThanOrEqual(slowest);
    }
  });

  it("fails where a task fails", async () => {
    const run = () => Promise.reject(new Error("broken"));
    await expect(measure([{ name: "it", run }], effort)).rejects.toThrow("broken");
  });

  it("takes medians", () => {
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(medianOf([4, 1, 2, 3])).toBe(2.5);
    expect(() => medianOf([])).toThrow(RangeError);
  });
});

describe("memory", () => {
  const workspace = (name: string, elements: string) => ({ name, dtype: "f32" as const, elements });
  const launch = (name: string, ...buffers: readonly string[]) => ({
    kind: "launch" as const,
    function: name,
    buffers: buffers.map((buffer, binding) => ({
      name: buffer,
      access: "update" as const,
      binding,
    })),
    scalars: [],
    scalarsBinding: 0,
    group: 1,
    groups: "1",
    sharedBytes: 0,
  });
  const entry = {
    operator: "it",
    kernel: "backward",
    name: "it",
    present: [],
    tensors: [],
    scalars: [],
    constants: [],
    workspaces: [workspace("a", "N"), workspace("b", "2 * N"), workspace("c", "3")],
    sizes: [],
    steps: [launch("one", "a", "c"), launch("two", "b", "c")],
  };

  it("is of what is in use at the same time", () => {
    expect(workspaceBytes(entry, { N: 5 })).toBe(4 * (10 + 3));
    const alone = { ...entry, steps: [launch("both", "a", "b"), launch("last", "c")] };
    expect(workspaceBytes(alone, { N: 5 })).toBe(4 * (5 + 10));
  });

  it("of an explicit im2col is that of all columns", () => {
    const layer = { network: "", C: 64, H: 128, W: 128, O: 64, K: 3, G: 1 };
    expect(columnBytes(layer) / 2 ** 20).toBe(36);
  });
});

describe("gradients", () => {
  const expected = { grad: Float32Array.of(0, -8, 2) };

  it("are compared as parts of the largest", () => {
    expect(compareGradients("it", { grad: Float32Array.of(0, -8, 2.004) }, expected)).toBeCloseTo(
      0.0005,
      6,
    );
  });

  it.each([
    ["one is wrong", [0, -8, 2.02], "grad[2] is"],
    ["one is NaN", [0, Number.NaN, 2], "grad[1] is NaN"],
    ["one is missing", [0, -8], "gives 2 numbers of grad"],
  ])("are refused where %s", (_, values, sentence) => {
    const got = { grad: Float32Array.from(values) };
    expect(() => compareGradients("it", got, expected)).toThrow(sentence);
  });

  it("are refused where there are none", () => {
    expect(() => compareGradients("it", {}, expected)).toThrow("it gives no gradients");
  });

  it("are refused where all are 0", () => {
    const zeros = { grad: new Float32Array(3) };
    expect(() => compareGradients("it", zeros, zeros)).toThrow("all of grad is 0");
  });
});
