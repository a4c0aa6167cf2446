// The benchmarks' own parts: times in order, numbers that summarise them, differences that are found.

import { describe, expect, it } from "vitest";
import { measure } from "../../bench/measure.ts";
import { columnBytes, workspaceBytes } from "../../bench/memory.ts";
import { allowed, differenceOf, verifyAll } from "../../bench/verify.ts";
import { medianOf, quantile, summarize } from "../../generators/measure/statistics.ts";
import { packingSteps } from "../../generators/measure/worker/packing.ts";
import type { Entry } from "../../targets/contract/program.ts";

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
    const shared = workspace("b", "2 * N");
    const each = { ...entry, workspaces: [workspace("c", "3"), { ...shared, perWorker: true }] };
    expect(workspaceBytes(each, { N: 5 }, 4)).toBe(4 * (4 * 10 + 3));
    const alone = { ...entry, steps: [launch("both", "a", "b"), launch("last", "c")] };
    expect(workspaceBytes(alone, { N: 5 })).toBe(4 * (5 + 10));
  });

  it("of an explicit im2col is that of all columns", () => {
    const layer = { network: "", C: 64, H: 128, W: 128, O: 64, K: 3, G: 1 };
    expect(columnBytes(layer) / 2 ** 20).toBe(36);
  });
});

describe("packing", () => {
  const step = (name: string, uses: Readonly<Record<string, "read" | "write" | "update">>) => ({
    kind: "launch" as const,
    function: name,
    buffers: Object.entries(uses).map(([buffer, access]) => ({ name: buffer, access, binding: 0 })),
    scalars: [],
    scalarsBinding: 0,
    group: 1,
    groups: "1",
    sharedBytes: 0,
  });

  it("is what parameters alone decide, also in several steps", () => {
    const steps = [
      step("pack", { weight: "read", packed: "write" }),
      step("pack again", { packed: "read", bias: "read", twice: "write" }),
      step("copy", { input: "read", copy: "write" }),
      step("add", { weight: "read", sums: "update" }),
      step("compute", { copy: "read", twice: "read", output: "write" }),
      step("output", { weight: "read", output: "write" }),
    ];
    const names = ["packed", "twice", "copy", "sums"];
    const workspaces = names.map((name) => ({ name, dtype: "f32" as const, elements: "1" }));
    const found = packingSteps({ steps, workspaces } as unknown as Entry, ["weight", "bias"]);
    expect(found.map((one) => one.function)).toEqual(["pack", "pack again"]);
  });
});

describe("statistics", () => {
  it("take medians and quantiles", () => {
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(medianOf([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(() => medianOf([])).toThrow(RangeError);
  });

  it("summarise rounds", () => {
    const summary = summarize([[10, 11, 12], [], [20, 2, 3]]);
    expect(summary).toEqual({
      median: 10.5,
      min: 2,
      max: 20,
      spread: expect.any(Number),
      quiet: 3,
      runs: 6,
    });
    expect(summary.spread).toBeCloseTo((11.75 - 4.75) / 10.5, 12);
  });
});

describe("verification", () => {
  const of = (...values: number[]) => ({ output: Float32Array.from(values) });

  it("measures differences as parts of the largest number", () => {
    expect(differenceOf(of(0, -8, 2), of(0, -8, 2))).toBe(0);
    expect(differenceOf(of(0, -8, 2.004), of(0, -8, 2))).toBeCloseTo(0.0005, 6);
  });

  it.each([
    ["one is NaN", of(0, Number.NaN, 2)],
    ["one is missing", of(0, -8)],
    ["all are 0", of(0, 0, 0)],
    ["the name is another", { result: Float32Array.of(0, -8, 2) }],
    ["there is none", {}],
  ])("agrees with nothing where %s", (_, other) => {
    expect(differenceOf(other, of(0, -8, 2))).toBeGreaterThan(allowed);
    if ("output" in other)
      expect(differenceOf(other, other) === 0).toBe(other.output!.length === 2);
  });

  it("holds all against one whom the most agree with", () => {
    const results = new Map([
      ["wrong", of(0, -8, 2.1)],
      ["right", of(0, -8, 2)],
      ["rounded", of(0, -8.0001, 2)],
    ]);
    const { anchor, agreeing, errors } = verifyAll(results);
    expect([anchor, agreeing]).toEqual(["right", ["right", "rounded"]]);
    expect(errors.get("wrong")).toBeGreaterThan(allowed);
  });

  it("gives the ways of one process one vote", () => {
    const results = new Map([
      ["ours", of(0, -8, 2.1)],
      ["ours, weights kept", of(0, -8, 2.1)],
      ["ours, whole call", of(0, -8, 2.1)],
      ["a peer", of(0, -8, 2)],
      ["another", of(0, -8, 2)],
    ]);
    expect(verifyAll(results).anchor).toBe("ours");
    const { anchor, agreeing } = verifyAll(results, (key) => key.split(",")[0]!);
    expect([anchor, agreeing]).toEqual(["a peer", ["a peer", "another"]]);
  });
});
