// Precise RoI pooling worked out by hand: the plain loops, and the declaration beside them.

import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { type Array64, makeArray } from "../reference/array.ts";
import { explainDifference } from "../reference/compare.ts";
import { prroi_pool, prroi_pool_grad_rois } from "../reference/prroi_pool.ts";

const path = `${packageRoot}/dsl/ops/prroi_pool.ts`;
const operator = readOperator(path);
const declaration = await loadReference(path);
const backward = backwardOf(operator).kernel([]);

/** A 4 by 4 map. */
const mapOf = (f: (y: number, x: number) => number) =>
  makeArray(
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => f(Math.floor(i / 4), i % 4)),
  );
const flat = mapOf(() => 1);
const ramp = mapOf((y, x) => 4 * y + x);
/** 1 in row 1, column 1. */
const point = mapOf((y, x) => Number(y === 1 && x === 1));

/** The only bin of a box: by the loops, and by the declaration. */
function pool(input: Array64, box: readonly number[], spatial_scale = 1): number {
  const inputs = { input, rois: makeArray([1, 5], [0, ...box]) };
  const attrs = { output_size: { y: 1, x: 1 }, spatial_scale };
  const [value] = prroi_pool(inputs, attrs).data;
  const sizes = { N: 1, C: 1, H: 4, W: 4, R: 1 };
  const { output } = runReference(operator, declaration, inputs, sizes, attrs);
  expect(output!.data[0]).toBeCloseTo(value!, 12);
  return value!;
}

describe("a bin", () => {
  it("is the value in its middle where the image is linear, whole pixels being centres", () => {
    expect(pool(ramp, [0, 0, 3, 3])).toBe(4 * 1.5 + 1.5);
    expect(pool(ramp, [0.5, 1, 1.25, 1.5])).toBeCloseTo(4 * 1.25 + 0.875, 12);
    expect(pool(ramp, [1, 2, 2.5, 3], 0.5)).toBeCloseTo(4 * 1.25 + 0.875, 12);
  });

  it("is the integral of a pixel's weight, by its area", () => {
    // The whole weight is 1; of the half to one side 1/2, of a quarter 1/4.
    expect(pool(point, [0, 0, 2, 2])).toBe(1 / 4);
    expect(pool(point, [1, 0, 2, 2])).toBe(1 / 2 / 2);
    expect(pool(point, [1, 1, 2, 2])).toBe(1 / 4);
    // From t = 0 to 1/2, the integral of 1 - t is 3/8.
    expect(pool(point, [1, 1, 1.5, 2])).toBeCloseTo(((3 / 8) * (1 / 2)) / (1 / 2), 12);
    // From t = -1/2 to 1/4: 3/8 + 7/32.
    expect(pool(point, [0.5, 0, 1.25, 2])).toBeCloseTo((3 / 8 + 7 / 32) / 1.5, 12);
  });

  it("keeps all digits where it is narrow", () => {
    for (const width of [1e-3, 1e-9])
      expect(pool(ramp, [1, 1, 1 + width, 1 + width])).toBeCloseTo(5, 2);
    expect(pool(ramp, [0, 1, 1e-9, 2])).toBeCloseTo(6, 8);
  });

  it("sees the image fall to 0 within a pixel of its border", () => {
    expect(pool(flat, [-1, 0, 0, 3])).toBe(1 / 2);
    expect(pool(flat, [3, 0, 4, 3])).toBe(1 / 2);
    expect(pool(flat, [-2, 0, -1, 3])).toBe(0);
    // All of the image: each pixel's weight is 1.
    expect(pool(flat, [-9, -9, 11, 11])).toBeCloseTo(16 / 400, 12);
    expect(pool(flat, [-1e9, -1e9, 1e9, 1e9])).toBeCloseTo(16 / 4e18, 25);
  });

  it("is 0 without area, whichever way its corners lie", () => {
    for (const box of [
      [1, 1, 1, 2],
      [1, 1, 2, 1],
      [2, 1, 1, 2],
      [2, 2, 1, 1],
      [1, 1, 1, 1],
    ])
      expect(pool(flat, box)).toBe(0);
  });
});

describe("the gradient of the boxes", () => {
  const C = 2;
  const [H, W] = [5, 6];
  const noise = (i: number) => Math.sin(12.9898 * (i + 1) + 4.1414) * 2;
  const input = makeArray(
    [2, C, H, W],
    Array.from({ length: 2 * C * H * W }, (_, i) => noise(i)),
  );
  const boxes = [
    [0, 0.3, 0.6, 7.9, 6.2],
    [1, -1.7, 1.1, 3.3, 14.5],
    [1, 4.1, 3.2, 4.4, 9.7],
    // Edges on pixels, and bins without area.
    [0, 2, 2, 6, 8],
    [0, 5, 1, 2, 6],
  ];
  const rois = makeArray([boxes.length, 5], boxes.flat());
  const attrs = { output_size: { y: 2, x: 3 }, spatial_scale: 0.5 };
  const shape = [boxes.length, C, 2, 3];
  const seed = makeArray(
    shape,
    Array.from({ length: boxes.length * C * 6 }, (_, i) => noise(i + 500)),
  );

  it("is that of the paper's closed form", () => {
    const given = { input, rois, grad_output: seed };
    const sizes = { N: 2, C, H, W, R: boxes.length };
    const numbers = { "output_size.y": 2, "output_size.x": 3, spatial_scale: 0.5 };
    const { grad_rois } = interpretKernel(backward, given, sizes, numbers, {});
    const found = makeArray(rois.shape, grad_rois!.parts[0]!);
    const expected = prroi_pool_grad_rois({ input, rois }, attrs, seed);
    expect(explainDifference(found, expected, 1e-12)).toBe(undefined);
    expect(Array.from(found.data.slice(20))).toEqual([0, 0, 0, 0, 0]);
    expect([0, 5, 10, 15].map((i) => found.data[i])).toEqual([0, 0, 0, 0]);
  });

  it("is that of the closed form where a corner lies far beyond every map, and so almost 0", () => {
    const far = makeArray([2, 5], [0, 0.3, 0.6, 1e30, 6.2, 1, -1.7, 1.1, 3.3, 1e30]);
    const ones = makeArray([2, C, 2, 3], new Array(2 * C * 6).fill(1));
    const given = { input, rois: far, grad_output: ones };
    const sizes = { N: 2, C, H, W, R: 2 };
    const numbers = { "output_size.y": 2, "output_size.x": 3, spatial_scale: 0.5 };
    const found = interpretKernel(backward, given, sizes, numbers, {}).grad_rois!.parts[0]!;
    const expected = prroi_pool_grad_rois({ input, rois: far }, attrs, ones).data;
    for (const i of [3, 9]) {
      expect(found[i]).not.toBe(0);
      expect(found[i]! / expected[i]!).toBeCloseTo(1, 9);
      expect(Math.fround(found[i]!) + 0).toBe(0);
    }
  });

  it("has a closed form that differences agree with", () => {
    const loss = (moved: Array64) =>
      prroi_pool({ input, rois: moved }, attrs).data.reduce((t, v, i) => t + v * seed.data[i]!, 0);
    const step = 1e-6;
    const differences = rois.data.map((v, i) => {
      if (i % 5 === 0) return 0;
      const at = (x: number) => loss(makeArray(rois.shape, rois.data.with(i, x)));
      return (at(v + step) - at(v - step)) / (2 * step);
    });
    const expected = prroi_pool_grad_rois({ input, rois }, attrs, seed);
    // Where an edge lies on a pixel the slope has a corner, which differences cut by their step.
    const found = makeArray(rois.shape, differences);
    expect(explainDifference(found, expected, 2 * step)).toBe(undefined);
  });
});
