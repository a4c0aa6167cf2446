// The convolution references on tiny maps whose results were worked out by hand.

import { describe, expect, it } from "vitest";
import { type Attrs, makeArray } from "../reference/array.ts";
import { conv2d } from "../reference/conv2d.ts";
import { deform_conv2d } from "../reference/deform_conv2d.ts";

/** The 3 by 3 map 3 y + x, on which bilinear sampling inside the map gives 3 y + x. */
const ramp = makeArray([1, 1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]);

/** A deterministic stand-in for random numbers in [-1, 1), multiples of 1/64. */
function scatter(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 25) - 64) / 64;
  });
}

/** The value of the ramp where a 1x1 kernel at output (1, 1) is moved by (dy, dx). */
function sampleAt(y: number, x: number, attrs: Attrs = {}): number {
  const offset = makeArray([1, 2, 3, 3]);
  offset.data[4] = y - 1;
  offset.data[13] = x - 1;
  const weight = makeArray([1, 1, 1, 1], [1]);
  return deform_conv2d({ input: ramp, offset, weight }, attrs).data[4]!;
}

describe("conv2d", () => {
  it("correlates without flipping the kernel", () => {
    const weight = makeArray([1, 1, 2, 2], [1, 10, 100, 1000]);
    // At (0, 0): 0 + 10 * 1 + 100 * 3 + 1000 * 4.
    expect([...conv2d({ input: ramp, weight }, {}).data]).toEqual([4310, 5421, 7643, 8754]);
  });

  it("pads each side by its own amount, strides and dilates", () => {
    const weight = makeArray([1, 1, 2, 1], [1, 10]);
    const attrs = {
      padding: { top: 1, left: 0, bottom: 0, right: 2 },
      stride: { y: 1, x: 2 },
      dilation: { y: 2, x: 1 },
    };
    const output = conv2d({ input: ramp, weight, bias: makeArray([1], [0.5]) }, attrs);
    // Rows -1 and 1, then 0 and 2; columns 0, 2 and the padded 4.
    expect(output.shape).toEqual([1, 1, 2, 3]);
    expect([...output.data]).toEqual([30.5, 50.5, 0.5, 60.5, 82.5, 0.5]);
  });

  it("keeps channel groups apart", () => {
    const input = makeArray([1, 4, 1, 1], [1, 2, 3, 4]);
    const weight = makeArray([2, 2, 1, 1], [1, 10, 100, 1000]);
    expect([...conv2d({ input, weight }, {}).data]).toEqual([21, 4300]);
  });

  it("equals deform_conv2d with zero offsets", () => {
    const input = makeArray([2, 4, 5, 6], scatter(240, 1));
    const weight = makeArray([6, 2, 3, 2], scatter(72, 2));
    const bias = makeArray([6], scatter(6, 3));
    const attrs = {
      padding: { top: 2, left: 1, bottom: 0, right: 3 },
      stride: { y: 2, x: 1 },
      dilation: { y: 1, x: 2 },
    };
    const plain = conv2d({ input, weight, bias }, attrs);
    const [N, , OH, OW] = plain.shape;
    const offset = makeArray([N!, 24, OH!, OW!]);
    expect(deform_conv2d({ input, offset, weight, bias }, attrs)).toEqual(plain);
  });
});

describe("deform_conv2d", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

  it.each([
    // y, x, zeros, dcnv1
    [0.5, 0.25, 1.75, 1.75],
    [2, 1, 7, 7],
    [0, 1, 1, 1],
    [1, 0, 3, 3],
    [-0.5, 1, 0.5, 0],
    [2.5, 1, 3.5, 7],
    [1, 2.5, 2.5, 5],
    [2.5, 2.5, 2, 8],
    [1.5, 2.75, 1.625, 6.5],
    [1, -0.25, 2.25, 0],
    [-1, 1, 0, 0],
    [3, 1, 0, 0],
    [1, 3, 0, 0],
    [2.5, 3, 0, 0],
    [-0.5, 2.5, 0.5, 0],
  ])("at (%d, %d) reads %d under zeros and %d under dcnv1", (y, x, zeros, dcnv1) => {
    expect(sampleAt(y, x)).toBe(zeros);
    expect(sampleAt(y, x, { border: "dcnv1" })).toBe(dcnv1);
    expect(sampleAt(y, x, { edge_grad: "zero" })).toBe(zeros);
  });

  it.each(["zeros", "dcnv1"] as const)("positions without a meaning are 0 under %s", (border) => {
    for (const bad of [nan, inf, -inf, 1e30, -1e30, 1e300, -1e300]) {
      expect(sampleAt(bad, 1, { border }), `y = ${bad}`).toBe(0);
      expect(sampleAt(1, bad, { border }), `x = ${bad}`).toBe(0);
      expect(sampleAt(bad, bad, { border }), `y = x = ${bad}`).toBe(0);
    }
    expect(sampleAt(1, 1, { border })).toBe(4);
  });

  it("takes dy and dx interleaved, or all rows and then all columns", () => {
    const weight = makeArray([1, 1, 1, 2], [1, 10]);
    const offset = makeArray([1, 4, 3, 2]);
    for (const [channel, value] of [0.5, 1, 0.25, 0].entries()) offset.data[channel * 6] = value;
    const inputs = { input: ramp, offset, weight };
    // Taps at (0.5, 1) and (0.25, 1): 2.5 + 10 * 1.75.
    expect(deform_conv2d(inputs, {}).data[0]).toBe(20);
    // Taps at (0.5, 0.25) and (1, 1): 1.75 + 10 * 4.
    expect(deform_conv2d(inputs, { offset_order: "rows_then_columns" }).data[0]).toBe(41.75);
  });

  it("keeps rows then columns within each offset group", () => {
    const input = makeArray([1, 2, 1, 2], [1, 2, 10, 20]);
    const weight = makeArray([1, 2, 1, 2], [1, 100, 1, 100]);
    // Group 0: dy (0, 0.5), dx (0.5, 0). Group 1: dy (0, 0), dx (0, -0.25).
    const offset = makeArray([1, 8, 1, 1], [0, 0.5, 0.5, 0, 0, 0, 0, -0.25]);
    const output = deform_conv2d({ input, offset, weight }, { offset_order: "rows_then_columns" });
    // Channel 0: 1.5 + 100 * 1; channel 1: 10 + 100 * 17.5.
    expect(output.data[0]).toBe(1.5 + 100 + 10 + 1750);
  });

  it("both orders agree on reordered channels", () => {
    const [OG, K] = [2, 6];
    const input = makeArray([1, 4, 5, 5], scatter(100, 4));
    const weight = makeArray([2, 4, 3, 2], scatter(48, 5));
    const rows = makeArray([1, 2 * OG * K, 3, 4], scatter(2 * OG * K * 12, 6));
    const pairs = makeArray(rows.shape);
    for (let g = 0; g < OG; g++) {
      for (let k = 0; k < K; k++) {
        for (let p = 0; p < 12; p++) {
          for (const axis of [0, 1]) {
            pairs.data[((g * K + k) * 2 + axis) * 12 + p] =
              rows.data[(g * 2 * K + axis * K + k) * 12 + p]!;
          }
        }
      }
    }
    const order = { offset_order: "rows_then_columns" } as const;
    const expected = deform_conv2d({ input, offset: pairs, weight }, {});
    expect(deform_conv2d({ input, offset: rows, weight }, order)).toEqual(expected);
    expect(deform_conv2d({ input, offset: rows, weight }, {})).not.toEqual(expected);
  });
});
