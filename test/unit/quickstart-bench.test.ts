// The benchmarks' own parts: peers that are right, a verification that can fail, times in order.

import { describe, expect, it } from "vitest";
import { boundOf, drawTensors } from "../../bench/layer.ts";
import { measure, medianOf } from "../../bench/measure.ts";
import { columnsPeer } from "../../bench/peers/columns.ts";
import { gpujsPeer } from "../../bench/peers/gpujs.ts";
import { naivePeer } from "../../bench/peers/naive.ts";
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
