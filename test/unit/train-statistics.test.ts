import { describe, expect, it } from "vitest";
import {
  adjustHolm,
  comparePairs,
  studentCdf,
  studentQuantile,
  summarize,
} from "../../examples/train/statistics.ts";

describe("statistics", () => {
  it("summarise", () => {
    expect(summarize([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({
      n: 8,
      mean: 5,
      deviation: Math.sqrt(32 / 7),
    });
    expect(summarize([3])).toEqual({ n: 1, mean: 3, deviation: 0 });
    expect(() => summarize([])).toThrow(RangeError);
  });

  // From tables of Student's t distribution.
  it.each([
    [12.706, 1],
    [4.303, 2],
    [3.182, 3],
    [2.776, 4],
    [2.571, 5],
    [2.228, 10],
    [2.042, 30],
  ])("a part of 0.975 lies below t = %s with %s degrees of freedom", (t, freedom) => {
    expect(studentCdf(t, freedom)).toBeCloseTo(0.975, 4);
    expect(studentQuantile(0.975, freedom)).toBeCloseTo(t, 3);
    expect(studentCdf(-t, freedom)).toBeCloseTo(0.025, 4);
  });

  it("are known in closed form for one and two degrees of freedom", () => {
    expect(studentCdf(1, 1)).toBeCloseTo(0.75, 12);
    expect(studentCdf(1, 2)).toBeCloseTo(0.5 + 1 / Math.sqrt(12), 12);
    expect(studentCdf(Number.POSITIVE_INFINITY, 4)).toBe(1);
    expect(studentCdf(0, 7)).toBe(0.5);
  });

  it("compare pairs", () => {
    const { mean, deviation, t, p, interval } = comparePairs([3, 5, 4, 8, 5], [1, 2, 3, 4, 5]);
    // Differences 2, 3, 1, 4, 0: mean 2, variance 2.5.
    expect([mean, deviation]).toEqual([2, Math.sqrt(2.5)]);
    expect(t).toBeCloseTo(2 / Math.sqrt(0.5), 12);
    expect(p).toBeCloseTo(0.0474, 4);
    expect(interval[0]).toBeCloseTo(2 - 2.7764 * Math.sqrt(0.5), 3);
    expect(comparePairs([1, 2], [1, 2])).toMatchObject({ t: 0, p: 1 });
    expect(() => comparePairs([1], [2])).toThrow(RangeError);
    expect(() => comparePairs([1, 2, 3], [2, 3])).toThrow(RangeError);
  });

  it("allow for several comparisons as Holm does", () => {
    expect(adjustHolm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(adjustHolm([0.6, 0.7])).toEqual([1, 1]);
  });
});
