// The slope where there are two: at whole coordinates, at the border, and of maxima that are reached twice. By the
// interpreter and by generated JavaScript, on maps worked out by hand.

import { afterAll, describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compile } from "../../generators/compile.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { ops, pathOf } from "./autodiff.fixtures.ts";

const executor = openJs();
afterAll(() => executor.close());

interface Call {
  readonly path: string;
  readonly present?: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs?: Readonly<Record<string, AttrValue>>;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

/** The gradients of the sum of the results: both ways, which must agree to the bit. */
async function gradients({ path, present = [], sizes: free, attrs: given = {}, inputs }: Call) {
  const operator = backwardOf(readOperator(path));
  const kernel = operator.kernel(present);
  const { attrs, options } = numbersOf(operator, given);
  const sizes = resolveSizes(kernel, free, attrs, options);
  const arrays = Object.fromEntries(
    kernel.tensors.map(({ name, dims }) => {
      const sizeOf = (axis: string) => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
      const shape = dims.map((dim) => dim.map(sizeOf).reduce((a, b) => a * b, 1));
      const count = shape.reduce((a, b) => a * b, 1);
      const data = Float64Array.from(inputs[name] ?? new Array(count).fill(1));
      expect(data.length, name).toBe(count);
      return [name, { shape, data }];
    }),
  );
  const found = interpretKernel(kernel, arrays, free, attrs, options);
  const { programs } = compile(operator, findTarget("js"), { variants: [present] });
  const [program] = programs;
  const named = Object.entries(attrs).map(([attr, value]) => [attr.replaceAll(".", "_"), value]);
  const ran = await executor.run(program!, {
    inputs: Object.fromEntries(
      Object.entries(arrays).map(([name, { data }]) => [name, Float32Array.from(data)]),
    ),
    scalars: { ...sizes, ...Object.fromEntries(named) },
    constants: Object.fromEntries(
      program!.entry.constants
        .filter((c) => options[c.option] !== undefined)
        .map((c) => [c.name, options[c.option]!]),
    ),
  });
  return Object.fromEntries(
    kernel.outputs.map((name) => {
      const values = [...found[name]!.parts[0]!];
      // Adding 0 turns -0 into 0: which of them it is says nothing.
      expect([...ran[name]!].map((v) => v + 0)).toEqual(values.map((v) => Math.fround(v) + 0));
      return [name, values.map((v) => v + 0)];
    }),
  );
}

const column = [5, 7, 16];
const map = column.flatMap((v) => [v, v, v]);

describe("deform_conv2d", () => {
  const slope = async (y: number, attrs: Readonly<Record<string, AttrValue>> = {}) => {
    const { grad_offset } = await gradients({
      path: ops("deform_conv2d"),
      sizes: { N: 1, C: 1, H: 3, W: 3, O: 1, I: 1, G: 1, KH: 1, KW: 1 },
      attrs,
      // Every output pixel samples at row y: what the offset has to say depends on the row.
      inputs: {
        input: map,
        weight: [1],
        offset: [0, 1, 2].flatMap((oh) => new Array(3).fill(y - oh)).concat(new Array(9).fill(0)),
      },
    });
    const [first, ...more] = grad_offset!.slice(0, 9);
    for (const other of more) expect(other).toBe(first);
    return first;
  };

  it.each([
    [-1.5, 0],
    [-1, 5],
    [-0.5, 5],
    [0, 2],
    [1, 9],
    [1.5, 9],
    [2, -16],
    [3, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [1e30, 0],
  ])("has the slope to the right of row %d", async (y, want) => {
    expect(await slope(y)).toBe(want);
    expect(await slope(y, { edge_grad: "zero" })).toBe(y === -1 ? 0 : want);
  });

  it.each([
    [-1, 0],
    [-0.5, 0],
    [0, 2],
    [1, 9],
    [2, 0],
    [2.5, 0],
    [3, 0],
    [Number.NaN, 0],
  ])("has the slope to the right of row %d by the rule of dcnv1", async (y, want) => {
    expect(await slope(y, { border: "dcnv1" })).toBe(want);
  });

  it.each([
    ["one_sided", [0, 5]],
    ["zero", [0, 0]],
  ])("has the slope to the right of column -1, or none: %s", async (edge_grad, want) => {
    const { grad_offset } = await gradients({
      path: ops("deform_conv2d"),
      sizes: { N: 1, C: 1, H: 3, W: 1, O: 1, I: 1, G: 1, KH: 3, KW: 1 },
      attrs: { edge_grad },
      // Three taps at rows 0, 1 and 2, of which the first is moved to column -1.
      inputs: { input: column, weight: [1, 1, 1], offset: [0, -1, 0, 0, 0, 0] },
    });
    expect(grad_offset).toEqual([...want, 9, -7, -16, -16]);
  });
});

describe("deform_roi_pool", () => {
  const slope = async (row: number, attrs: Readonly<Record<string, AttrValue>> = {}) => {
    const { grad_offset } = await gradients({
      path: ops("deform_roi_pool"),
      present: ["offset"],
      sizes: { N: 1, C: 1, H: 3, W: 3, R: 1 },
      // The one sample of a box of 2 by 2 around (0.5, 0.5); an offset of 1 moves it by 1.
      attrs: { output_size: { y: 1, x: 1 }, sampling_ratio: 1, gamma: 0.5, ...attrs },
      inputs: { input: map, rois: [0, 0, 0, 2, 2], offset: [0.5, row - 0.5] },
    });
    expect(grad_offset![0]).toBe(0);
    return grad_offset![1];
  };
  it.each([
    [-1.25, 0],
    [-1, 0],
    [-0.5, 0],
    [0, 2],
    [1, 9],
    [2, 0],
    [2.5, 0],
    [3, 0],
    [3.25, 0],
    [Number.NaN, 0],
  ])("has the slope to the right of row %d", async (row, want) => {
    expect(await slope(row)).toBe(want);
    expect(await slope(row, { border: "skip" })).toBe(want);
  });
});

describe("prroi_pool", () => {
  it("has one slope wherever the edges of a bin lie, none where it has no area", async () => {
    // Of a flat image, which is 0 at -1 and 3.
    const boxes = [
      { box: [0, 0, 2, 1], want: [0, 0, 0, 0] },
      // A mean of 3/4: (3/4 - 0) / 2 at the edge beyond the border, (1 - 3/4) / 2 at the other.
      { box: [0, -1, 2, 1], want: [0, 3 / 8, 0, 1 / 8] },
      { box: [1, 0, 3, 2], want: [-1 / 8, 0, -3 / 8, 0] },
      { box: [1, 1, 1, 2], want: [0, 0, 0, 0] },
      { box: [2, 2, 1, 1], want: [0, 0, 0, 0] },
      { box: [5, 5, 7, 7], want: [0, 0, 0, 0] },
      { box: [1, Number.NaN, 2, 2], want: [0, 0, 0, 0] },
    ];
    const { grad_rois } = await gradients({
      path: ops("prroi_pool"),
      sizes: { N: 1, C: 1, H: 3, W: 3, R: boxes.length },
      attrs: { output_size: { y: 1, x: 1 } },
      inputs: {
        input: new Array<number>(9).fill(1),
        rois: boxes.flatMap(({ box }) => [0, ...box]),
      },
    });
    expect(grad_rois).toEqual(boxes.flatMap(({ want }) => [0, ...want]));
  });
});

describe("deform_ps_roi_pool", () => {
  it.each([
    [-0.75, 0],
    [-0.5, 0],
    [0, 2],
    [1, 9],
    [2, 0],
    [2.5, 0],
    [Number.NaN, 0],
  ])("has the slope to the right of row %d", async (row, want) => {
    const { grad_trans } = await gradients({
      path: ops("deform_ps_roi_pool"),
      present: ["trans"],
      sizes: { N: 1, O: 1, K: 1, H: 3, W: 3, R: 1 },
      // The one sample of a box of 2 by 2 lies at its corner (-0.5, -0.5); a trans of 1 moves it by 1.
      attrs: { output_size: { y: 1, x: 1 }, trans_std: 0.5 },
      inputs: { input: map, rois: [0, 0, 0, 1, 1], trans: [1.5, row + 0.5] },
    });
    expect(grad_trans).toEqual([0, want]);
  });
});

describe("roi_pool", () => {
  const one = { path: ops("roi_pool"), sizes: { N: 1, C: 1, H: 3, W: 3, R: 1 } };
  it("sends the gradient of a maximum to the first of several", async () => {
    const attrs = { output_size: { y: 1, x: 1 } };
    const rois = [0, 0, 0, 2, 2];
    const tied = await gradients({
      ...one,
      attrs,
      inputs: { input: [1, 2, 4, 4, 3, 4, 4, 4, 4], rois },
    });
    expect(tied.grad_input).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const none = await gradients({ ...one, attrs, inputs: { input: map, rois: [0, 7, 7, 9, 9] } });
    expect(none.grad_input).toEqual(new Array(9).fill(0));
  });
  it.each([
    [-1, 5],
    [0, 2],
    [1, 9],
    [2, -16],
    [3, 0],
  ])("has the slope to the right of row %d where bins move", async (row, want) => {
    const { grad_offset } = await gradients({
      ...one,
      present: ["offset"],
      attrs: { output_size: { y: 1, x: 1 }, reduce: "mean", gamma: 1 },
      inputs: { input: map, rois: [0, 0, 0, 0, 0], offset: [row, 0] },
    });
    expect(grad_offset![0]).toBe(want);
  });
});

describe("roi_align", () => {
  const attrs = { output_size: { y: 1, x: 1 }, sampling_ratio: 2 };
  const pool = (input: readonly number[], mode: string, rois: readonly number[]) =>
    gradients({
      path: ops("roi_align"),
      sizes: { N: 1, C: 1, H: 3, W: 3, R: 1 },
      attrs: { ...attrs, mode },
      inputs: { input, rois },
    });
  it("sends the gradient of the largest sample to the first of several", async () => {
    // Samples at rows and columns 0 and 1, each on a pixel.
    const rois = [0, -0.5, -0.5, 1.5, 1.5];
    const { grad_input } = await pool([1, 3, 0, 3, 3, 0, 0, 0, 0], "max", rois);
    expect(grad_input).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });
  it("sends the gradient of the largest corner to the first of several", async () => {
    const rois = [0, 0, 0, 2, 2];
    // The first sample is at (0.5, 0.5), whose corners are all 4 · 1/4.
    const { grad_input } = await pool(new Array(9).fill(4), "max_corner", rois);
    expect(grad_input).toEqual([0.25, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
  it("has no gradient where samples beyond the map are the largest", async () => {
    const rois = [0, -6, 0, 2, 2];
    const { grad_input } = await pool(new Array(9).fill(-1), "max", rois);
    expect(grad_input).toEqual(new Array(9).fill(0));
  });
});

describe("a user's operator", () => {
  it.each([
    [-1, 5],
    [0, 2],
    [2, -16],
    [3, 0],
  ])("has the slope to the right of row %d", async (row, want) => {
    const { grad_flow } = await gradients({
      path: pathOf("examples/flow_warp"),
      sizes: { N: 1, C: 1, H: 3, W: 3, OH: 1, OW: 1 },
      inputs: { input: map, flow: [row, 0] },
    });
    expect(grad_flow![0]).toBe(want);
  });
});

describe("operations with two slopes", () => {
  // Less than 0 and than the other, tied with both, more than both.
  const inputs = { input: [-1, 0, 1], other: [0, 0, 0] };
  const results = ["size", "above", "from", "below", "upTo", "larger", "smaller"];
  const only = async (result: string) => {
    const upstream = results.map((name) => [
      `grad_${name}`,
      new Array(3).fill(name === result ? 1 : 0),
    ]);
    const { grad_input, grad_other } = await gradients({
      path: pathOf("test/declarations/kinked"),
      sizes: { N: 3 },
      inputs: { ...inputs, ...Object.fromEntries(upstream) },
    });
    return [grad_input, grad_other];
  };
  const none = [0, 0, 0];
  it.each([
    ["size", [-1, 1, 1], none],
    ["above", [0, 1, 1], none],
    ["from", [0, 1, 1], none],
    ["below", [1, 0, 0], none],
    ["upTo", [1, 0, 0], none],
    ["larger", [0, 1, 1], [1, 0, 0]],
    ["smaller", [1, 1, 0], [0, 0, 1]],
  ])("%s has that to the right, or the first of two that vary", async (result, input, other) => {
    expect(await only(result)).toEqual([input, other]);
  });
});
