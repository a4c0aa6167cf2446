// Spaces of kernels: they hold the default exactly, all their points are legal, and what they say of sizes is what
// schedules refuse by.

import { describe, expect, test } from "vitest";
import { openOperator, openOperators } from "../../generators/cli/operators.ts";
import { limitsOf, ownSchedule, scheduleOn } from "../../generators/compile.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { refuseTiles, sharedBytesOf, threadsOf } from "../../generators/schedule/contract/tiles.ts";
import { applySchedule } from "../../generators/schedule/index.ts";
import { pruneSpace } from "../../generators/tune/kernels/prune.ts";
import { samplePoints } from "../../generators/tune/kernels/sample.ts";
import { spaceOf, structure } from "../../generators/tune/kernels/space.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import { evaluate } from "../../generators/tune/space/evaluate.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import { targets, targetsByName } from "../../targets/registry.ts";

const { js, gpujs, wgsl, cuda, wasm, c } = targetsByName;

const operators = openOperators([]);

/** Spaces of gradients take seconds; those of other targets are of the same families, and `tune check` makes them. */
const withGradients: readonly Target[] = [c, cuda];

/** The largest variant of an operator, forward and of the gradients. */
function kernelsOf(operator: Operator, target: Target): readonly Kernel[] {
  const largest = operator.variants.toSorted((a, b) => b.length - a.length)[0] ?? [];
  const forward = operator.kernel(largest);
  if (!withGradients.includes(target)) return [forward];
  return [forward, ...gradientsOn({ ...operator, variants: [largest] }, target).kernels];
}

describe.each(operators.map((operator) => [operator.name, operator] as const))(
  "%s",
  (_, operator) => {
    test.each(targets.map((target) => [target.name, target] as const))("on %s", (_, target) => {
      for (const kernel of kernelsOf(operator, target)) {
        const of = spaceOf(kernel, target);
        const points = enumerate(of.space);
        expect(of.scheduleFor(of.default)).toEqual(ownSchedule(kernel, target));
        expect(points.find(of.default)).toBeDefined();
        expect(points.size).toBeLessThanOrEqual(20_000);
        for (const configuration of samplePoints(points, of.default, 2, 1)) {
          const schedule = of.scheduleFor(configuration);
          if ("refused" in schedule) throw new Error(`${of.space.name}: ${schedule.refused}`);
          // The plan is checked where it is made.
          scheduleOn(target, schedule).plan(kernel);
        }
      }
    });
  },
);

const conv2d = openOperator("conv2d").kernel([]);

describe("a space", () => {
  test("of one point is what gpu.js has", () => {
    expect(enumerate(spaceOf(conv2d, gpujs).space).size).toBe(1);
  });

  test("is the same for the same kernel, and another on a device that allows more", () => {
    const usual = spaceOf(conv2d, wgsl);
    expect(hashSpace(spaceOf(conv2d, wgsl).space)).toBe(hashSpace(usual.space));
    const larger = { ...limitsOf(wgsl), threads: 1024, sharedBytes: 32 * 1024 };
    const more = spaceOf(conv2d, wgsl, larger);
    expect(hashSpace(more.space)).not.toBe(hashSpace(usual.space));
    expect(enumerate(more.space).size).toBeGreaterThan(enumerate(usual.space).size);
  });

  test("has no two points of one schedule", () => {
    for (const target of [wgsl, c]) {
      const of = spaceOf(conv2d, target);
      const points = enumerate(of.space);
      const seen = new Set<string>();
      const sample = samplePoints(points, of.default, 60, 2);
      for (const configuration of sample) seen.add(JSON.stringify(of.scheduleFor(configuration)));
      expect(seen.size).toBe(sample.length);
    }
  });

  test("refuses what is no value, and what is no parameter", () => {
    const of = spaceOf(conv2d, js);
    expect(of.scheduleFor({ ...of.default, contract_MR: 5 })).toEqual({
      refused: "contract_MR of conv2d forward js is one of 2, 3, 4, 6, 8, not 5",
    });
    expect(of.scheduleFor({ ...of.default, colour: 1 })).toEqual({
      refused: "conv2d forward js has no parameter colour",
    });
  });

  test("keeps blocks of sums in registers", () => {
    const of = spaceOf(conv2d, wasm);
    const points = enumerate(of.space);
    const blocks = Array.from({ length: points.size }, (_, i) => points.at(i));
    const registers = blocks.map(
      ({ contract_MR, contract_NR }) => ((Number(contract_MR) + 1) * Number(contract_NR)) / 4 + 1,
    );
    expect(Math.max(...registers)).toBeLessThanOrEqual(16);
    // A block that spills is legal, and no point.
    const spilling = { ...of.default, contract_MR: 8, contract_NR: 16 };
    expect(of.scheduleFor(spilling)).toHaveProperty("steps");
    expect(points.find(spilling)).toBeUndefined();
  });
});

describe("constraints and refusals are one", () => {
  test("a choice of tiles is valid where, and only where, contract accepts it", () => {
    const of = spaceOf(conv2d, wgsl);
    const points = enumerate(of.space);
    const limits = limitsOf(wgsl);
    let [accepted, refused] = [0, 0];
    for (const BM of [16, 32, 64, 128])
      for (const BP of [16, 32, 64, 128])
        for (const BK of [4, 8, 16, 32])
          for (const [TM, TP] of [
            [2, 2],
            [4, 8],
            [8, 4],
            [8, 8],
          ] as const)
            for (const pad of [0, 4]) {
              const sizes = { BM, BP, BK, TM, TP, pad };
              const names = Object.entries(sizes).map(([name, n]) => [`contract_${name}`, n]);
              const configuration = { ...of.default, ...Object.fromEntries(names) };
              const tiles = { ...sizes, rolled: true, least: 4, group: 128 };
              const isValid = refuseTiles(tiles, limits) === undefined;
              expect(points.find(configuration) !== undefined).toBe(isValid);
              if (isValid) expect(of.tilesOf(configuration)).toEqual([tiles]);
              if (isValid) accepted++;
              else refused++;
            }
    expect(accepted).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });

  test("a planted rule that is too loose is found by applying schedules", () => {
    const of = spaceOf(conv2d, wgsl);
    const [first, ...rest] = of.space.constraints.filter(({ why }) => why?.includes("on chip"));
    expect(first).toBeDefined();
    expect(rest).toEqual([]);
    const without = of.space.constraints.filter((constraint) => constraint !== first);
    const points = enumerate({ ...of.space, constraints: without });
    const over = Array.from({ length: points.size }, (_, i) => points.at(i)).filter(
      (configuration) => evaluate(first!.holds, configuration) !== true,
    );
    expect(over.length).toBeGreaterThan(0);
    expect(of.scheduleFor(over[0]!)).toEqual({
      refused: expect.stringContaining("a group has 16384 bytes on chip here, not"),
    });
  });
});

describe("pruning", () => {
  test("counts what each constraint removes, and what kinds of devices leave", () => {
    const of = spaceOf(conv2d, wgsl);
    const points = enumerate(of.space);
    const devices = [
      { name: "small", threads: 64, sharedBytes: 8192 },
      { name: "any", threads: 1024, sharedBytes: 1 << 20, occupancy: () => 0.1 },
    ];
    const found = pruneSpace(of, points, devices);
    const all = Array.from({ length: points.size }, (_, i) => of.tilesOf(points.at(i)));
    const fits = all.filter((tiles) =>
      tiles.every((own) => threadsOf(own) <= 64 && sharedBytesOf(own) <= 8192),
    );
    expect(found.devices).toEqual([
      { device: "small", fits: fits.length },
      {
        device: "any",
        fits: points.size,
        sparse: all.filter((tiles) => tiles.length > 0).length,
      },
    ]);
    expect(found.valid).toBe(points.size);
    const onChip = found.constraints.find(({ why }) => why?.includes("on chip"))!;
    expect(onChip.alone).toBeGreaterThan(0);
    expect(onChip.refuses).toBeGreaterThanOrEqual(onChip.alone);
    for (const { refuses, alone } of found.constraints) {
      expect(alone).toBeLessThanOrEqual(refuses);
      expect(refuses).toBeLessThanOrEqual(found.all - found.valid);
    }
  });
});

test("structures are named by what differs from the default, and no step of theirs is refused", () => {
  const of = spaceOf(conv2d, cuda);
  const families = of.space.parameters.find(({ name }) => name === structure)!.values;
  expect(families[0]).toBe("usual");
  expect(families).toContain("without contract");
  for (const family of families) {
    const schedule = of.scheduleFor({ ...of.default, [structure]: family });
    if ("refused" in schedule) throw new Error(`${family}: ${schedule.refused}`);
    expect(applySchedule(conv2d, schedule.steps, limitsOf(cuda))).not.toHaveProperty("refused");
  }
});
