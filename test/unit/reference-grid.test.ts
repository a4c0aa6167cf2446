// Positions that are given, on tiny maps worked out by hand: the plain loops, and the declarations beside them.

import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { type Array64, type Attrs, makeArray } from "../reference/array.ts";
import { type OperatorName, references } from "../reference/index.ts";

const made = new Map(
  await Promise.all(
    (["grid_sample", "dcn_v3", "dcn_v4", "ms_deform_attn"] as const).map(async (name) => {
      const path = `${packageRoot}/dsl/ops/${name}.ts`;
      return [name, { operator: readOperator(path), run: await loadReference(path) }] as const;
    }),
  ),
);

type Sizes = Readonly<Record<string, number>>;

/** The result by the loops, which the declaration must give too. */
function compute(
  name: OperatorName & ("grid_sample" | "dcn_v3" | "dcn_v4" | "ms_deform_attn"),
  inputs: Readonly<Record<string, Array64>>,
  sizes: Sizes,
  attrs: Attrs = {},
): Float64Array {
  const { data } = references[name](inputs, attrs);
  const { operator, run } = made.get(name)!;
  const { output } = runReference(operator, run, inputs, sizes, { ...attrs });
  expect(output!.data.length).toBe(data.length);
  for (const [i, v] of data.entries()) expect(output!.data[i]).toBeCloseTo(v, 12);
  return data;
}

const fill = (shape: readonly number[], f: (i: number) => number) =>
  makeArray(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
  );

describe("grid_sample", () => {
  const sizes = { N: 1, C: 1, H: 2, W: 4, OH: 1, OW: 1 };
  /** The 2 by 4 map 1 + 4 y + x at one position. */
  const at = (x: number, y: number, attrs: Attrs = {}) => {
    const inputs = {
      input: fill([1, 1, 2, 4], (i) => 1 + i),
      grid: makeArray([1, 1, 1, 2], [x, y]),
    };
    return compute("grid_sample", inputs, sizes, attrs)[0]!;
  };

  it("takes -1 and 1 as edges of the image, or as the outermost centres", () => {
    expect(at(0, 0)).toBe(4.5);
    expect(at(-0.75, -0.5)).toBe(1);
    expect(at(-1, -0.5)).toBe(0.5);
    expect(at(-1, -1)).toBe(0.25);
    expect(at(-1, -1, { align_corners: true })).toBe(1);
    expect(at(1, 1, { align_corners: true })).toBe(8);
  });

  it("beyond the image has 0, the outermost pixel, or the image mirrored", () => {
    // x = 5 and -2 at row 0: mirrored at 3.5, then 2; at -0.5, then 1.
    const row = -0.5;
    expect(at(1.75, row)).toBe(0);
    expect(at(1.75, row, { padding_mode: "border" })).toBe(4);
    expect(at(1.75, row, { padding_mode: "reflection" })).toBe(3);
    expect(at(-1.75, row, { padding_mode: "reflection" })).toBe(2);
    // By the outermost centres: 5 is mirrored at 3, then 1; 8 once more at 0, then 2.
    const corners: Attrs = { padding_mode: "reflection", align_corners: true };
    expect(at((2 * 5) / 3 - 1, -1, corners)).toBeCloseTo(2, 12);
    expect(at((2 * 8) / 3 - 1, -1, corners)).toBeCloseTo(3, 12);
  });

  it("rounds halves to the even pixel", () => {
    const nearest: Attrs = { mode: "nearest" };
    // x = 0.5, 1.5, 2.5: pixels 0, 2 and 2.
    expect([-0.5, 0, 0.5].map((x) => at(x, -0.5, nearest))).toEqual([1, 3, 3]);
    // x = -0.5 is pixel 0; x = 3.5 is pixel 4, which is none.
    expect([-1, 1].map((x) => at(x, -0.5, nearest))).toEqual([1, 0]);
    expect(at(1, -0.5, { ...nearest, padding_mode: "border" })).toBe(4);
  });

  it("at NaN is 0, or the first column; at infinity 0, the end, or mirrored the first column", () => {
    for (const mode of ["bilinear", "nearest"] as const)
      for (const bad of [Number.NaN, Infinity, -Infinity, 1e30]) {
        expect(at(bad, -0.5, { mode }), `${mode} ${bad}`).toBe(0);
        const border = at(bad, -0.5, { mode, padding_mode: "border" });
        expect(border).toBe(bad > 0 ? 4 : 1);
        const inside = at(bad, -0.5, { mode, padding_mode: "reflection" });
        expect(inside >= 1 && inside <= 4).toBe(true);
        if (!Number.isFinite(bad)) expect(inside).toBe(1);
      }
  });
});

describe("dcn_v3 and dcn_v4", () => {
  const image = fill([1, 4, 4, 1], (i) => i);
  const v3 = (offset: (i: number) => number, attrs: Attrs, points: number, side = 4) =>
    compute(
      "dcn_v3",
      {
        input: image,
        offset: fill([1, side, side, 2 * points], offset),
        mask: fill([1, side, side, points], (i) => 1 + (i % points)),
      },
      { N: 1, H: 4, W: 4, D: 1, P: points },
      attrs,
    );

  it("add up the points of the grid, column by column", () => {
    // Around pixel (1, 1): columns 0, 1 and 2 of rows 0 to 2, times 1 to 9.
    const around = [0, 4, 8, 1, 5, 9, 2, 6, 10];
    const sum = around.reduce((total, v, p) => total + v * (p + 1), 0);
    expect(v3(() => 0, {}, 9)[5]).toBe(sum);
    const ring = around.filter((_, p) => p !== 4).reduce((total, v, p) => total + v * (p + 1), 0);
    expect(v3(() => 0, { remove_center: true }, 8)[5]).toBe(ring);
  });

  it("move a point by (x, y), and scale the grid with the offsets", () => {
    const one: Attrs = { kernel: { y: 1, x: 1 }, padding: { y: 0, x: 0 } };
    expect(v3((i) => [0.5, 1][i % 2]!, one, 1)[0]).toBe(4.5);
    expect(v3((i) => [0.5, 1][i % 2]!, { ...one, offset_scale: 2 }, 1)[0]).toBe(9);
    // Half the grid around (1, 1): rows and columns 0.5, 1 and 1.5, whose values are evenly spaced around 5.
    const flat = {
      input: image,
      offset: fill([1, 4, 4, 18], () => 0),
      mask: fill([1, 4, 4, 9], () => 1),
    };
    const sizes = { N: 1, H: 4, W: 4, D: 1, P: 9 };
    expect(compute("dcn_v3", flat, sizes, { offset_scale: 0.5 })[5]).toBe(45);
  });

  it("dcn_v4 packs offsets, then weights, of each group; the rest is not read", () => {
    const offset_mask = fill([1, 4, 4, 8], (i) => [0.5, 1, 2, 0, 0, 3, 99, Number.NaN][i % 8]!);
    const input = fill([1, 4, 4, 2], (i) => i);
    const sizes = { N: 1, H: 4, W: 4, D: 1, M: 8 };
    const attrs: Attrs = { group: 2, kernel: { y: 1, x: 1 }, padding: { y: 0, x: 0 } };
    const both = compute("dcn_v4", { input, offset_mask }, sizes, attrs);
    expect([...both.slice(0, 2)]).toEqual([2 * 9, 3 * 1]);
    const soft = compute("dcn_v4", { input, offset_mask }, sizes, { ...attrs, softmax: true });
    expect([...soft.slice(0, 2)]).toEqual([9, 1]);
  });

  it("a softmax leaves out weights that are NaN or infinite, and is even where they are equal", () => {
    const attrs: Attrs = { kernel: { y: 1, x: 3 }, padding: { y: 0, x: 1 }, softmax: true };
    const sizes = { N: 1, H: 4, W: 4, D: 1, M: 9 };
    const at = (weights: readonly number[]) => {
      const offset_mask = fill([1, 4, 4, 9], (i) => (i % 9 < 6 ? 0 : weights[(i % 9) - 6]!));
      return compute("dcn_v4", { input: image, offset_mask }, sizes, attrs)[5]!;
    };
    expect(at([7, 7, 7])).toBeCloseTo(5, 12);
    expect(at([-90, Number.NaN, -90])).toBeCloseTo(5, 12);
    expect(at([1e30, 0, Infinity])).toBe(4);
    expect(at([Number.NaN, -Infinity, Infinity])).toBe(0);
  });
});

describe("ms_deform_attn", () => {
  const sizes = { B: 1, S: 26, M: 1, D: 1, L: 2, Q: 1, P: 1 };
  const attend = (shapes: readonly number[], starts: readonly number[], far = 0) =>
    compute(
      "ms_deform_attn",
      {
        value: fill([1, 26, 1, 1], (i) => i + 1),
        shapes: makeArray([2, 2], shapes),
        starts: makeArray([2], starts),
        // Row 2, column 3 of 4 by 5; row 1, column 0 of 2 by 3.
        location: makeArray([1, 1, 1, 2, 1, 2], [3.5 / 5 + far, 2.5 / 4, 0.5 / 3, 1.5 / 2]),
        attention: makeArray([1, 1, 1, 2, 1], [1, 10]),
      },
      sizes,
    )[0]!;

  it("gives the pixel whose centre is named, of the level that is named", () => {
    expect(attend([4, 5, 2, 3], [0, 20])).toBeCloseTo(14 + 240, 10);
    expect(attend([4, 5, 2, 3], [0, 20], 9)).toBeCloseTo(240, 10);
  });

  it("adds nothing of a level that is none", () => {
    const bad = [-1, 0, 2.5, 27, Number.NaN, Infinity, 1e30];
    for (const wrong of bad) {
      expect(attend([wrong, 5, 2, 3], [0, 20]), `${wrong} rows`).toBeCloseTo(240, 10);
      expect(attend([4, wrong, 2, 3], [0, 20]), `${wrong} columns`).toBeCloseTo(240, 10);
      if (wrong !== 0)
        expect(attend([4, 5, 2, 3], [wrong, 20]), `from ${wrong}`).toBeCloseTo(240, 10);
    }
    // One pixel beyond the end.
    expect(attend([4, 5, 2, 3], [0, 21])).toBeCloseTo(14, 10);
  });
});
