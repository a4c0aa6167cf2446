// Clocks, rounds, intervals and verdicts, on times that are made up.

import { describe, expect, test } from "vitest";
import {
  clusteredInterval,
  medianInterval,
  medianOf,
} from "../../generators/measure/statistics.ts";
import {
  byClock,
  clocks,
  countRuns,
  leastSample,
  measureResolution,
} from "../../generators/tune/measure/clock.ts";
import { allowedShare, findWorst } from "../../generators/tune/measure/compare.ts";
import {
  joinTimings,
  type Sampler,
  timeRounds,
  usualEffort,
} from "../../generators/tune/measure/rounds.ts";
import { judgeRecords } from "../../generators/tune/run/verdict.ts";
import { createRandom } from "../../generators/tune/search/random.ts";
import { makeRecord } from "./database.fixtures.ts";

describe("clocks", () => {
  test("tell their steps", () => {
    for (const now of Object.values(clocks)) {
      const resolution = measureResolution(now);
      expect(resolution).toBeGreaterThan(0);
      expect(resolution).toBeLessThan(20);
    }
    let now = 0;
    const coarse = () => Math.floor(now++ / 10) * 4;
    expect(measureResolution(coarse)).toBe(4);
    expect(measureResolution(() => 5, 2)).toBe(2);
  });

  test("decide how many runs a sample has: 50 steps, a millisecond at least", () => {
    expect(leastSample(0.001)).toBe(1);
    expect(leastSample(0.1)).toBe(5);
    expect(countRuns(0.3, 0.001)).toBe(4);
    expect(countRuns(7, 0.1)).toBe(1);
    expect(countRuns(0, 0.001)).toBe(1000);
  });
});

test("the interval of a median holds it in about 95 of 100 samples", () => {
  const random = createRandom(3);
  let held = 0;
  for (let i = 0; i < 200; i++) {
    const values = Array.from({ length: 15 }, () => random() ** 2);
    const [low, high] = medianInterval(values, random, 200);
    expect(low).toBeLessThanOrEqual(medianOf(values));
    // The true median of a square of a uniform number.
    if (low <= 0.25 && 0.25 <= high) held++;
  }
  expect(held).toBeGreaterThan(180);
});

test("samples of few processes say less than as many of one", () => {
  const random = createRandom(5);
  let [held, pooled] = [0, 0];
  for (let i = 0; i < 200; i++) {
    // Each process is off by up to a tenth, and hardly differs from run to run.
    const groups = Array.from({ length: 9 }, () => {
      const off = 10 + random() - 0.5;
      return Array.from({ length: 15 }, () => off + 0.01 * random());
    });
    const holds = ([low, high]: readonly [number, number]) => low <= 10 && 10 <= high;
    if (holds(clusteredInterval(groups, random, 200))) held++;
    if (holds(medianInterval(groups.flat(), random, 200))) pooled++;
  }
  expect(held).toBeGreaterThan(180);
  // As if all samples were independent, which they are not.
  expect(pooled).toBeLessThan(120);
});

test("rounds in several processes are joined by the clock that decides", async () => {
  const sampler: Sampler = async (id) => {
    const time = id === "anchor" ? 10 : 5;
    return { wall: [90], processor: [80], device: [time] };
  };
  const run = async (slow: number) => {
    const scaled: Sampler = async (id) => {
      const { device, ...other } = await sampler(id, 1);
      return { ...other, device: device!.map((time) => time * slow) };
    };
    const anchor = { id: "anchor", usual: 10 * slow };
    const random = createRandom(1);
    const options = { anchor, clock: "device", effort: usualEffort, random } as const;
    return (await timeRounds(["a"], scaled, options)).get("a")!;
  };
  const heats = [await run(1), await run(2), await run(1)];
  const joined = joinTimings(heats, "device", createRandom(2));
  // A slower process is slower for the default too.
  expect([joined.median, joined.anchor, joined.interval]).toEqual([5, 10, [5, 5]]);
  expect(joined.medians.device).toBe(5);
  expect(() => byClock({ wall: 1, processor: 2 }, "device")).toThrow("by the device clock");
});

/** Rounds of programs that take these times, on a machine that is so many times slower by then. */
function simulate(
  times: Readonly<Record<string, number>>,
  slowness: (call: number) => number = () => 1,
  noise = 0,
) {
  const random = createRandom(7);
  const calls: string[] = [];
  const sample: Sampler = async (id) => {
    const slow = slowness(calls.length);
    calls.push(id);
    const time = times[id]! * slow * (1 + noise * random());
    return { wall: [2 * time], processor: [time] };
  };
  const anchor = { id: "anchor", usual: times.anchor! };
  const run = (ids: readonly string[], best?: number) =>
    timeRounds(ids, sample, {
      anchor,
      clock: "processor",
      effort: usualEffort,
      random,
      now: () => 0,
      ...(best !== undefined && { best }),
    });
  return { run, calls, anchor };
}

describe("rounds", () => {
  test("alternate with the anchor, every other one backwards", async () => {
    const { run, calls } = simulate({ anchor: 10, a: 5 }, undefined, 0.1);
    const found = (await run(["a"])).get("a")!;
    expect(calls.slice(0, 6)).toEqual(["anchor", "a", "a", "anchor", "anchor", "a"]);
    expect(found.samples).toBeGreaterThanOrEqual(usualEffort.least);
    expect(found.median / found.anchor).toBeCloseTo(0.5, 1);
    expect(found.medians.wall).toBeCloseTo(2 * found.median);
  });

  test("end after two for what is far slower than the best", async () => {
    const { run } = simulate({ anchor: 10, a: 20 });
    expect((await run(["a"], 1)).get("a")!.samples).toBe(2);
    expect((await simulate({ anchor: 10, a: 14 }).run(["a"], 1)).get("a")!.samples).toBeGreaterThan(
      2,
    );
  });

  test("in which the machine was slower do not count", async () => {
    const { run } = simulate({ anchor: 10, a: 5 }, (call) => (call >= 4 && call < 8 ? 3 : 1));
    const found = (await run(["a"])).get("a")!;
    expect([found.median, found.anchor, found.discarded]).toEqual([5, 10, 2]);
    expect(found.interval).toEqual([5, 5]);
  });

  test("go on where the machine stays slower: then that is what is usual", async () => {
    const { run, anchor } = simulate({ anchor: 10, a: 5 }, (call) => (call >= 4 ? 2 : 1));
    const found = (await run(["a"])).get("a")!;
    expect(anchor.usual).toBe(20);
    expect(found.median / found.anchor).toBe(0.5);
    expect(found.discarded).toBe(usualEffort.patience);
  });

  test("end on a machine that is never quiet", async () => {
    const random = createRandom(1);
    const { run } = simulate({ anchor: 10, a: 5 }, () => 1 + 5 * random());
    const found = (await run(["a"])).get("a")!;
    expect(found.discarded).toBe(usualEffort.discards);
    expect(found.samples).toBeGreaterThanOrEqual(usualEffort.least);
  });
});

test("errors are shares of what is allowed; what is NaN or of another size is within nothing", () => {
  const expected = [1, 2, 3];
  expect(findWorst("a", Float32Array.of(1, 2, 3), expected, 0.5).worst).toBe(0);
  expect(findWorst("a", Float32Array.of(1, 2.25, 3), expected, 0.5).worst).toBe(0.5);
  const nan = findWorst("a", Float32Array.of(1, Number.NaN, 3), expected, 0.5);
  expect([nan.worst, nan.where]).toEqual(["infinite", "a[1] is NaN, not 2 (0.5 is allowed)"]);
  expect(findWorst("a", Float32Array.of(1), expected, 0.5).worst).toBe("infinite");
  // A tap that is missing among 576 terms is found, rounding is not.
  expect(allowedShare({ terms: 576, axis: 56 })).toBeLessThan(1 / 576);
});

describe("a verdict", () => {
  const usual = { tile: 1, fast: true };
  const final = (tile: number, median: number, width: number) =>
    makeRecord(tile, {
      median,
      interval: [median - width, median + width],
      anchor: 10,
      final: true,
    });

  test("is the fastest of the last comparison", () => {
    const verdict = judgeRecords([final(1, 10, 0.1), final(2, 8, 0.1), final(3, 9, 0.1)], usual);
    expect(verdict.best!.configuration.tile).toBe(2);
    expect(verdict.ratio!.value).toBeCloseTo(1.25);
    expect(verdict.ratio!.low).toBeCloseTo(9.9 / 8.1);
    expect(verdict.isFinal).toBe(true);
  });

  test("is the default where that may be as fast", () => {
    const verdict = judgeRecords([final(1, 8.2, 0.2), final(2, 8, 0.1)], usual);
    expect(verdict.best).toBe(verdict.default);
    expect(verdict.ties).toHaveLength(2);
  });

  test("refuses what is faster but wrong, and counts what failed", () => {
    const wrong = makeRecord(4, { status: "correctness", median: 1, anchor: 10, error: "no" });
    const crashed = makeRecord(5, { status: "runtime" });
    delete (crashed as { median?: number }).median;
    const verdict = judgeRecords([final(1, 10, 0.1), final(2, 8, 0.1), wrong, crashed], usual);
    expect(verdict.best!.configuration.tile).toBe(2);
    expect(verdict.refused).toEqual([wrong]);
    expect(verdict.failures).toEqual({ correctness: 1, runtime: 1 });
  });
});
