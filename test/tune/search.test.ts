// Searches: never a point twice, the same for the same seed, all points where the budget allows it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExpr } from "../../generators/tune/formats/python.ts";
import { createRecording, type Recording } from "../../generators/tune/replay/recording.ts";
import { replayOnce } from "../../generators/tune/replay/run.ts";
import { expectRandom, summarise } from "../../generators/tune/replay/summary.ts";
import { expectImprovement, normalBelow } from "../../generators/tune/search/improvement.ts";
import { defaultStrategy, strategies } from "../../generators/tune/search/index.ts";
import { createRandom, sampleIndices } from "../../generators/tune/search/random.ts";
import type { Strategy } from "../../generators/tune/search/strategy.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import type { Points } from "../../generators/tune/space/space.ts";
import { recordSynthetic } from "./synthetic.ts";

const all: readonly Strategy[] = Object.values(strategies);

const points: Points = enumerate({
  name: "small",
  parameters: [
    { name: "a", values: [1, 2, 4, 8, 16] },
    { name: "b", values: ["x", "y", "z"] },
    { name: "c", values: [false, true] },
    { name: "one", values: [7] },
    { name: "d", values: [0, 1, 2, 3] },
  ],
  constraints: [{ holds: readExpr("a * (d + 1) <= 32 and (b != 'z' or c)") }],
});

/** All that a search asks for, with costs by chance, some of which fail. */
function trace(strategy: Strategy, seed: number, seeds: readonly number[] = []): readonly number[] {
  const draw = createRandom(seed + 1);
  const searcher = strategy.start(points, createRandom(seed), { seeds });
  const asked: number[] = [];
  for (let index = searcher.next(); index !== undefined; index = searcher.next()) {
    asked.push(index);
    searcher.tell(index, draw() < 0.3 ? { failed: "no" } : { cost: 1 + draw() });
  }
  return asked;
}

describe.each(all)("$name", (strategy) => {
  test("asks for each point once until none is left", () => {
    for (const seed of [1, 2, 3]) {
      const asked = trace(strategy, seed);
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked).toHaveLength(points.size);
    }
  });

  test("asks for the same with the same seed", () => {
    expect(trace(strategy, 5)).toEqual(trace(strategy, 5));
    if (strategy.name !== "exhaustive") expect(trace(strategy, 5)).not.toEqual(trace(strategy, 6));
  });

  test("begins with what it is given", () => {
    expect(trace(strategy, 5, [17, 3, 17, 9]).slice(0, 3)).toEqual([17, 3, 9]);
  });

  test("goes on where everything fails, or costs the same", () => {
    for (const outcome of [{ failed: "no" }, { cost: 1 }]) {
      const searcher = strategy.start(points, createRandom(1), { seeds: [] });
      const asked = new Set<number>();
      for (let index = searcher.next(); index !== undefined; index = searcher.next()) {
        asked.add(index);
        searcher.tell(index, outcome);
      }
      expect(asked.size).toBe(points.size);
    }
  });

  test("takes a space of one point", () => {
    const one = enumerate({
      name: "one",
      parameters: [{ name: "a", values: [1] }],
      constraints: [],
    });
    const searcher = strategy.start(one, createRandom(1), { seeds: [] });
    expect(searcher.next()).toBe(0);
    searcher.tell(0, { cost: 1 });
    expect(searcher.next()).toBeUndefined();
  });
});

describe("the default search", () => {
  const mean = (of: Recording, strategy: Strategy, runs: number, at: number): number => {
    const fractions = Array.from(
      { length: runs },
      (_, seed) => replayOnce(of, strategy, { budget: at, seed })[at - 1]!,
    );
    return fractions.reduce((sum, x) => sum + x, 0) / runs;
  };

  const record = (
    values: readonly (readonly number[])[],
    cost: (...at: readonly number[]) => number,
  ): Recording => {
    const of = enumerate({
      name: "any",
      parameters: values.map((list, i) => ({ name: `p${i}`, values: list })),
      constraints: [],
    });
    const entries = Array.from({ length: of.size }, (_, i) => {
      const configuration = of.at(i);
      const at = values.map((_, p) => of.choice(i, p));
      return { configuration, outcome: { cost: cost(...at) } };
    });
    return createRecording({ space: of.space, entries });
  };

  test("takes parameters of very many values", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => i);
    const of = record([many], (at) => 1 + Math.abs(at! - 12_345) / 400);
    expect(mean(of, defaultStrategy, 3, 30)).toBeGreaterThan(0.7);
  });

  test("tells numbers apart that are nearly the same, and reads falling lists", () => {
    const near = [1e16, 1e16 + 2, 1e16 + 4];
    const falling = Array.from({ length: 40 }, (_, i) => 40 - i);
    const of = record(
      [near, [1e-20, 1e-19, 1e-18], falling],
      (a, b, c) => 1 + a! + b! + Math.abs(c! - 20),
    );
    expect(mean(of, defaultStrategy, 3, 30)).toBe(1);
  });

  test("leaves a plain of equal costs", () => {
    const values = [8, 8, 8, 2].map((count) => Array.from({ length: count }, (_, i) => i));
    const of = record(values, (_a, _b, c) => 1 + ((c! + 1) % 3));
    expect(mean(of, defaultStrategy, 8, 50)).toBe(1);
  });

  test("a cost that is no number counts as a failure", () => {
    const searcher = defaultStrategy.start(points, createRandom(1), { seeds: [] });
    const asked = new Set<number>();
    for (let index = searcher.next(); index !== undefined; index = searcher.next()) {
      asked.add(index);
      searcher.tell(index, { cost: index % 3 === 0 ? Number.NaN : 1 + index });
    }
    expect(asked.size).toBe(points.size);
  });

  test("finds more than local search on machines nobody has measured", () => {
    const recordings = [3, 8].map(recordSynthetic);
    const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b);
    const own = recordings.map((of) => mean(of, defaultStrategy, 3, 50));
    const local = recordings.map((of) => mean(of, strategies.ils!, 60, 50));
    expect(sum(own)).toBeGreaterThan(sum(local));
  });
});

describe("random numbers", () => {
  test("are the same for a seed, and spread evenly", () => {
    const draw = createRandom(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[Math.floor(draw() * 10)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect(createRandom(7)()).toBe(createRandom(7)());
    expect(createRandom(2 ** 40 + 7)()).not.toBe(createRandom(7)());
  });

  test("samples have no number twice, and each as often as others", () => {
    const draw = createRandom(1);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 3000; i++) {
      const sample = sampleIndices(6, 2, draw);
      expect(new Set(sample).size).toBe(2);
      for (const index of sample) counts[index]!++;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
    expect([...sampleIndices(3, 9, draw)].sort()).toEqual([0, 1, 2]);
  });
});

describe("improvements", () => {
  test.each([
    [0, 0.5],
    [1, 0.841344746],
    [-1.96, 0.024997895],
    [3, 0.998650102],
  ])("below %d lies %d of a normal distribution", (x, part) => {
    expect(normalBelow(x)).toBeCloseTo(part, 6);
  });

  test("are expected as means over draws are", () => {
    const draw = createRandom(3);
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      const normal = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
      sum += Math.max(0, 0.5 - (1 + 2 * normal));
    }
    expect(expectImprovement(0.5, 1, 4)).toBeCloseTo(sum / 100_000, 1);
  });

  test("grow where means fall, also far out", () => {
    const far = [20, 10, 6, 5, 4, 0].map((mean) => expectImprovement(0, mean, 1));
    expect(far).toEqual([...far].sort((a, b) => a - b));
    expect(new Set(far).size).toBe(far.length);
  });
});

describe("scores", () => {
  test("what chance reaches is computed as drawing often finds it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 1, max: 50 })), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 1, max: 14 }),
        (costs, count) => {
          fc.pre(costs.some((cost) => cost !== null));
          const parameters = [{ name: "i", values: costs.map((_, i) => i) }];
          const recording = createRecording({
            space: { name: "x", parameters, constraints: [] },
            entries: costs.map((cost, i) => ({
              configuration: { i },
              outcome: cost === null ? { failed: "no" } : { cost },
            })),
          });
          const draws = 2000;
          let sum = 0;
          for (let seed = 0; seed < draws; seed++)
            sum += replayOnce(recording, strategies.random!, { budget: count, seed })[count - 1]!;
          expect(Math.abs(expectRandom(recording, count) - sum / draws)).toBeLessThan(0.05);
        },
      ),
      { numRuns: 20, seed: 1 },
    );
  });

  test("intervals hold the mean of endless runs about 19 times in 20", () => {
    const draw = createRandom(11);
    let held = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const runs = Array.from({ length: 12 }, () => Float64Array.of((draw() + draw()) / 2));
      const [low, high] = summarise(runs, [1])[0]!.ci95;
      if (low <= 0.5 && high >= 0.5) held++;
    }
    expect(held).toBeGreaterThan(930);
    expect(held).toBeLessThan(970);
  });
});
