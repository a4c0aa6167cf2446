// The scores that are shown are those that the searches have.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Baseline,
  conditions,
  makeChance,
  makeRow,
  openSpace,
  pickFractions,
  runSearch,
  scored,
  spaces,
} from "./baseline.ts";

const baseline = JSON.parse(
  readFileSync(new URL("baseline.json", import.meta.url), "utf8"),
) as Baseline;

test("the baseline has all spaces and searches", () => {
  expect(baseline.conditions).toMatchObject(conditions);
  expect(Object.keys(baseline.spaces)).toEqual([...spaces]);
  for (const { strategies } of Object.values(baseline.spaces))
    expect(Object.keys(strategies)).toEqual(scored.map(({ name }) => name));
});

describe.each(spaces)("%s", (name) => {
  const recording = openSpace(name);
  const { chance, strategies } = baseline.spaces[name]!;

  test("what chance reaches", () => {
    expect(makeChance(recording)).toEqual(chance);
  });

  // The model takes seconds for each run: two of them, half as long.
  test("default: the first runs", () => {
    const strategy = scored.find((of) => of.name === "default")!;
    const runs = runSearch(recording, strategy, { runs: conditions.first, budget: 100 });
    const kept = strategies.default!.first.map(({ 200: _, ...before }) => before);
    expect(runs.map(pickFractions)).toEqual(kept);
  });

  test.each(scored.filter((of) => of.name !== "default"))("$name: all runs", (strategy) => {
    const runs = runSearch(recording, strategy, baseline.conditions);
    expect(makeRow(runs)).toEqual(strategies[strategy.name]);
  });

  test("the default search is above all others from 20 evaluations on", () => {
    const { default: own, ...others } = strategies;
    for (const count of ["20", "50", "100", "200"])
      for (const other of Object.values(others))
        expect(own!.ci95[count]![1]).toBeGreaterThanOrEqual(other.fraction[count]!);
  });
});

test("the default search is near the optimum: 80 % at 50, 90 % at 100, 97 % at 200", () => {
  for (const { strategies } of Object.values(baseline.spaces)) {
    const { fraction } = strategies.default!;
    expect(fraction["50"]).toBeGreaterThan(0.8);
    expect(fraction["100"]).toBeGreaterThan(0.9);
    expect(fraction["200"]).toBeGreaterThan(0.97);
  }
});
