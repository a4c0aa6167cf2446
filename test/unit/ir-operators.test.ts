// The tools over both IRs on the operators themselves: what they pass through keeps its meaning.

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { bindKernel } from "../../generators/ir/bind.ts";
import { findKernelFaults } from "../../generators/ir/check.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import {
  kernelFromJson,
  kernelToJson,
  planFromJson,
  planToJson,
} from "../../generators/ir/json.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { findPlanFaults } from "../../generators/ir/nestCheck.ts";
import { hashPlan } from "../../generators/ir/nestHash.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { splitOwners } from "../../generators/ir/owners.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { noise } from "./ir.fixtures.ts";

const names = [
  "conv2d",
  "deform_conv2d",
  "roi_pool",
  "roi_align",
  "deform_roi_pool",
  "roi_align_rotated",
  "prroi_pool",
  "ps_roi_pool",
  "ps_roi_align",
  "deform_ps_roi_pool",
] as const;
const schedules: readonly Schedule[] = [[], [["pointwise"]]];
const limits = { threads: 256, sharedBytes: 16384 };
/** A kernel of 6 channels in 2 groups and 3 offset groups: owners that do not nest. */
const uneven = { N: 1, C: 6, H: 5, W: 4, O: 4, I: 3, G: 3, KH: 2, KW: 2 };

describe.each(names)("%s", (name) => {
  const operator = readOperator(
    fileURLToPath(new URL(`../../dsl/ops/${name}.ts`, import.meta.url)),
  );
  const sample = operator.samples[0]!;
  const cases = operator.variants.map((present) => {
    const kernel = operator.kernel(present);
    const mean = name === "roi_pool" && present.length > 0 ? { reduce: "mean" } : {};
    const numbers = numbersOf(operator, { ...sample.attrs, ...mean });
    const known = new Set(kernel.tensors.flatMap((t) => t.dims.flat()));
    const free = Object.fromEntries(
      Object.entries(name === "deform_conv2d" ? uneven : sample.sizes).filter(([axis]) =>
        known.has(axis),
      ),
    );
    const sizes = resolveSizes(kernel, free, numbers.attrs, numbers.options);
    const given = kernel.tensors.filter((t) => !t.optional || present.includes(t.name));
    const inputs = Object.fromEntries(
      given.map(({ name: tensor, dims }) => {
        const sizeOf = (axis: string) => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
        const shape = dims.map((dim) => dim.map(sizeOf).reduce((a, b) => a * b, 1));
        const values = noise(
          shape.reduce((a, b) => a * b, 1),
          tensor.length,
        );
        const data =
          tensor === "rois"
            ? values.map((x, i) => (i % shape[1]! === 0 ? 0 : Math.fround(x * 6 + 6)))
            : values;
        return [tensor, { shape, data }] as const;
      }),
    );
    const run = (k: Kernel) => interpretKernel(k, inputs, sizes, numbers.attrs, numbers.options);
    return { present, kernel, numbers, sizes, inputs, run };
  });

  it.each(cases)("passes the checks and keeps its results: $present", (c) => {
    const { kernel, numbers, sizes, run } = c;
    const expected = run(kernel);
    expect(Object.values(expected)[0]!.parts[0]!.some((x) => x !== 0)).toBe(true);
    const back = kernelFromJson(JSON.parse(JSON.stringify(kernelToJson(kernel))));
    expect(hashKernel(back)).toBe(hashKernel(kernel));
    const variants = [
      kernel,
      back,
      splitOwners(kernel),
      bindKernel(kernel, { options: numbers.options }),
      bindKernel(kernel, { attrs: numbers.attrs, options: numbers.options }),
      splitOwners(bindKernel(kernel, { sizes })),
    ];
    for (const variant of variants) {
      expect(findKernelFaults(variant)).toEqual([]);
      expect(run(variant)).toEqual(expected);
    }
  });

  it.each(cases)("has plans that compute the same, in any order: $present", (c) => {
    const { kernel, numbers, sizes, inputs, run } = c;
    const expected = Object.values(run(kernel))[0]!.parts[0]!;
    const scalars = Object.fromEntries(
      [...Object.entries(sizes), ...Object.entries(numbers.attrs)].map(([key, value]) => [
        key.replaceAll(".", "_"),
        value,
      ]),
    );
    const constants = Object.fromEntries(
      Object.entries(numbers.options).map(([key, value]) => [key.toUpperCase(), value]),
    );
    const arrays = Object.fromEntries(Object.entries(inputs).map(([key, { data }]) => [key, data]));
    for (const schedule of schedules)
      for (const k of [kernel, splitOwners(kernel)]) {
        const plan = schedulePlan(k, schedule, limits);
        expect(findPlanFaults(plan)).toEqual([]);
        expect(hashPlan(planFromJson(JSON.parse(JSON.stringify(planToJson(plan)))))).toBe(
          hashPlan(plan),
        );
        const exact = { mode: "f64", order: "shuffled", seed: 5, poison: true } as const;
        const found = Object.values(interpretPlan(plan, arrays, scalars, constants, exact))[0]!;
        expect([...found]).toEqual([...expected]);
        const single = { ...exact, mode: "f32", order: "reverse" } as const;
        const rounded = Object.values(interpretPlan(plan, arrays, scalars, constants, single))[0]!;
        const worst = Math.max(...rounded.map((x, i) => Math.abs(x - expected[i]!)));
        // A wide bound: this only shows that rounding happens and stays small on smooth data.
        expect(worst).toBeGreaterThan(0);
        expect(worst).toBeLessThan(1e-3);
      }
  });
});
