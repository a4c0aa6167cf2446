// The references against other people's numbers, and what the operators share.

import { describe, expect, it } from "vitest";
import { goldenCases } from "../golden/golden.ts";
import { type Array64, makeArray, type Reference } from "../reference/array.ts";
import { explainDifference } from "../reference/compare.ts";
import { conv2d } from "../reference/conv2d.ts";
import { deform_conv2d } from "../reference/deform_conv2d.ts";
import { deform_ps_roi_pool } from "../reference/deform_ps_roi_pool.ts";
import { deform_roi_pool } from "../reference/deform_roi_pool.ts";
import { references } from "../reference/index.ts";
import { prroi_pool } from "../reference/prroi_pool.ts";
import { ps_roi_pool } from "../reference/ps_roi_pool.ts";
import { roi_align } from "../reference/roi_align.ts";
import { roi_pool } from "../reference/roi_pool.ts";

const cases = goldenCases();
const one = { y: 1, x: 1 };

function ones(...shape: readonly number[]): Array64 {
  const array = makeArray(shape);
  array.data.fill(1);
  return array;
}

/** An array whose reads of elements are counted. */
function counted(array: Array64): { readonly array: Array64; readonly reads: () => number } {
  let reads = 0;
  const data = new Proxy(array.data, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads++;
      return Reflect.get(target, key, target);
    },
  });
  return { array: { shape: array.shape, data }, reads: () => reads };
}

describe("golden data", () => {
  it("holds all cases", () => {
    const count = (prefix: string) => cases.filter((c) => c.name.startsWith(prefix)).length;
    const sources = ["torchvision/", "onnx/", "module/", "mmcv/"];
    expect(sources.map(count)).toEqual([26, 18, 16, 11]);
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
    // No program that computes these runs here: they are held to `deform_roi_pool`, or to sums made by hand.
    const without = ["deform_ps_roi_pool", "dcn_v3", "dcn_v4", "ms_deform_attn"];
    const others = Object.keys(references).filter((name) => !without.includes(name));
    expect(new Set(cases.map((c) => c.operator))).toEqual(new Set(others));
  });

  it.each(cases)("$name is reproduced", ({ operator, inputs, attrs, expected, tolerance }) => {
    expect(explainDifference(references[operator](inputs, attrs), expected, tolerance)).toBe(
      undefined,
    );
  });

  it.each(cases)("$name is told from a slightly different result", (golden) => {
    const { data, shape } = golden.expected;
    const wrong = makeArray(shape, data);
    wrong.data[data.length - 1]! += 3 * golden.tolerance;
    const got = references[golden.operator](golden.inputs, golden.attrs);
    expect(explainDifference(got, wrong, golden.tolerance)).toMatch(/off by/);
  });

  it("stores gradients that fit the tensors", () => {
    const withGradients = cases.filter((c) => c.gradients);
    expect(withGradients).toHaveLength(44);
    for (const { gradients, inputs, expected, name } of withGradients) {
      expect(gradients?.output.shape, name).toEqual(expected.shape);
      for (const [tensor, gradient] of Object.entries(gradients?.inputs ?? {})) {
        expect(gradient.shape, `${name} ${tensor}`).toEqual(inputs[tensor]?.shape);
      }
    }
  });
});

describe("the comparison", () => {
  const two = makeArray([2], [1, 2]);
  it("refuses other shapes, NaN and expectations without content", () => {
    expect(explainDifference(two, two, 0)).toBe(undefined);
    expect(explainDifference(makeArray([1, 2], [1, 2]), two, 1)).toMatch(/^Shape/);
    expect(explainDifference(makeArray([2], [1, Number.NaN]), two, 1)).toMatch(/NaN instead/);
    expect(explainDifference(two, makeArray([2], [1, Number.NaN]), 1)).toMatch(/instead of NaN/);
    expect(explainDifference(makeArray([2]), makeArray([2]), 1)).toMatch(/no value but 0/);
    expect(explainDifference(makeArray([0]), makeArray([0]), 1)).toMatch(/no value but 0/);
  });
});

describe("empty batches", () => {
  it("give empty results", () => {
    const input = makeArray([0, 1, 3, 3]);
    const weight = ones(2, 1, 3, 3);
    expect(conv2d({ input, weight }, {}).shape).toEqual([0, 2, 1, 1]);
    const offset = makeArray([0, 18, 1, 1]);
    expect(deform_conv2d({ input, offset, weight }, {}).shape).toEqual([0, 2, 1, 1]);
    const pooled = { output_size: { y: 2, x: 3 } };
    for (const pool of [roi_pool, roi_align, deform_roi_pool, prroi_pool]) {
      const none = { input: ones(1, 4, 3, 3), rois: makeArray([0, 5]) };
      expect(pool(none, pooled).shape).toEqual([0, 4, 2, 3]);
      // Without images, no image number is right.
      const rois = makeArray([1, 5], [0, 0, 0, 2, 2]);
      expect(pool({ input: makeArray([0, 1, 3, 3]), rois }, pooled).data).toEqual(
        new Float64Array(6),
      );
    }
  });
});

describe("RoIs that are not usable", () => {
  const input = ones(2, 1, 4, 4);
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  const pools: readonly (readonly [string, Reference, object])[] = [
    ["roi_pool max", roi_pool, {}],
    ["roi_pool max real", roi_pool, { coords: "real" }],
    ["roi_pool mean", roi_pool, { reduce: "mean" }],
    ["roi_align avg", roi_align, {}],
    ["roi_align max", roi_align, { mode: "max", aligned: true, sampling_ratio: 2 }],
    ["roi_align max_corner", roi_align, { mode: "max_corner", sampling_ratio: 2 }],
    ["prroi_pool", prroi_pool, {}],
    ["ps_roi_pool", ps_roi_pool, { group_size: one }],
    ["ps_roi_pool of units", ps_roi_pool, { group_size: one, coords: "unit" }],
    ["deform_ps_roi_pool", deform_ps_roi_pool, { sample_per_part: 3 }],
    ["deform_roi_pool", deform_roi_pool, {}],
    [
      "deform_roi_pool of the authors",
      deform_roi_pool,
      { coords: "round", grid: "corner", border: "skip", sampling_ratio: 4 },
    ],
  ];

  it.each(pools)("are 0 in every bin of %s", (_, pool, attrs) => {
    const run = (...roi: readonly number[]) =>
      pool({ input, rois: makeArray([1, 5], roi) }, { ...attrs, output_size: { y: 1, x: 2 } });
    expect(run(1, 0, 0, 3, 3).data.every((value) => value > 0)).toBe(true);
    for (const n of [-1, 2, 0.5, nan, inf, -inf]) {
      expect(run(n, 0, 0, 3, 3).data, `image ${n}`).toEqual(new Float64Array(2));
    }
    for (const bad of [nan, inf, -inf]) {
      for (let place = 1; place < 5; place++) {
        const roi = [0, 0, 0, 3, 3].with(place, bad);
        expect(run(...roi).data, `roi ${roi}`).toEqual(new Float64Array(2));
      }
    }
  });

  it.each(pools)("cost only what lies on the map in %s", (_, pool, attrs) => {
    for (const far of [1e6, 1e12, 1e30]) {
      for (const roi of [
        [0, -far, -far, far, far],
        [0, far, far, 2 * far, 2 * far],
        [0, -far, 0, 3, 3],
      ]) {
        const { array, reads } = counted(input);
        pool({ input: array, rois: makeArray([1, 5], roi) }, { ...attrs, output_size: one });
        // At most the samples within a pixel of the map and a step beyond, four reads each.
        expect(reads(), `roi ${roi}`).toBeLessThanOrEqual(4 * 8 * 8);
      }
    }
  });

  it("cost only what lies on the map with huge offsets", () => {
    for (const far of [1e6, 1e16, 1e30]) {
      const { array, reads } = counted(input);
      const rois = makeArray([1, 5], [0, -far, -far, far, far]);
      const offset = makeArray([1, 2, 1, 1], [1, -1]);
      const attrs = { reduce: "mean", output_size: one } as const;
      roi_pool({ input: array, rois, offset }, attrs);
      deform_roi_pool({ input: array, rois, offset }, { output_size: one });
      expect(reads()).toBeLessThanOrEqual(2 * 4 * 8 * 8);
    }
  });
});

describe("wrong calls", () => {
  const input = ones(1, 2, 4, 4);
  const rois = makeArray([1, 5], [0, 0, 0, 3, 3]);
  const output_size = one;
  it("are refused in one sentence", () => {
    const weight = ones(2, 2, 3, 3);
    const offset = makeArray([1, 18, 2, 2]);
    const mask = makeArray([1, 18, 2, 2]);
    expect(() => conv2d({ input }, {})).toThrow("The tensor weight is missing.");
    expect(() => conv2d({ input, weight, offset }, {})).toThrow("Unknown tensor offset");
    expect(() => conv2d({ input, weight: ones(2, 2, 5, 5) }, {})).toThrow("larger than");
    expect(() => conv2d({ input, weight: ones(3, 1, 3, 3) }, {})).toThrow("do not form groups");
    expect(() => conv2d({ input, weight: ones(2, 2, 3) }, {})).toThrow("weight must have rank 4");
    expect(() => deform_conv2d({ input, offset, weight, mask }, {})).toThrow(
      "mask must have shape [1,9,2,2], got [1,18,2,2].",
    );
    const odd = makeArray([1, 17, 2, 2]);
    expect(() => deform_conv2d({ input, offset: odd, weight }, {})).toThrow("2 * 9 channels");
    expect(() => roi_pool({ input, rois, offset }, { output_size })).toThrow("reduce: mean");
    expect(() => roi_align({ input, rois }, {})).toThrow("output_size is required.");
    expect(() => makeArray([2, 2], [1])).toThrow("needs 4 values, got 1");
  });
});
