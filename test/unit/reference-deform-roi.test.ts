// Deformable RoI pooling on tiny maps worked out by hand: the plain loops, and the declaration beside them.

import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { type Attrs, makeArray } from "../reference/array.ts";
import { deform_roi_pool } from "../reference/deform_roi_pool.ts";
import { roi_align } from "../reference/roi_align.ts";

const path = `${packageRoot}/dsl/ops/deform_roi_pool.ts`;
const operator = readOperator(path);
const declaration = await loadReference(path);

/** The 4 by 4 map base + 4 y + x. */
const ramp = (base = 0) =>
  makeArray(
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => base + i),
  );

type Box = readonly [number, number, number, number];
type Shift = readonly [number, number];

/** The only bin of a box, moved by (x, y): by the loops, and by the declaration. */
function pool(box: Box, shift: Shift | undefined, attrs: Attrs = {}, map = ramp()): number {
  const inputs = {
    input: map,
    rois: makeArray([1, 5], [0, ...box]),
    ...(shift ? { offset: makeArray([1, 2, 1, 1], shift) } : {}),
  };
  const given = { output_size: { y: 1, x: 1 }, ...attrs };
  const [value] = deform_roi_pool(inputs, given).data;
  const sizes = { N: 1, C: 1, H: 4, W: 4, R: 1 };
  const { output } = runReference(operator, declaration, inputs, sizes, { ...given });
  expect(output!.data[0]).toBeCloseTo(value!, 12);
  return value!;
}

const authors: Attrs = { coords: "round", grid: "corner", border: "skip" };

describe("by mmcv", () => {
  it("moves a bin by gamma times offset times the size of the box, x first", () => {
    // A box of 2 by 2 whose centre is at (0.5, 0.5) of the map: 4 y + x is 2.5 there.
    expect(pool([0, 0, 2, 2], undefined)).toBe(2.5);
    expect(pool([0, 0, 2, 2], [1, 0], { gamma: 0.5, sampling_ratio: 1 })).toBe(2.5 + 1);
    expect(pool([0, 0, 2, 2], [0, 1], { gamma: 0.5, sampling_ratio: 1 })).toBe(2.5 + 4);
    // Twice as wide as tall.
    expect(pool([0, 1, 2, 2], [0.5, 0], { gamma: 0.5, sampling_ratio: 1 })).toBe(4.5 + 0.5);
    expect(pool([0, 1, 2, 2], [0, 0.5], { gamma: 0.5, sampling_ratio: 1 })).toBe(4.5 + 1);
  });

  it("takes as many samples as the bin is pixels tall and wide, or as are asked for", () => {
    // Rows -0.5 to 3.5 and one column: samples at rows 0, 1, 2, 3, or one at 1.5, on column 0.
    const map = makeArray(
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => (i < 4 ? 8 : 0)),
    );
    expect(pool([0, 0, 1, 4], undefined, {}, map)).toBe(2);
    expect(pool([0, 0, 1, 4], undefined, { sampling_ratio: 1 }, map)).toBe(0);
    expect(pool([0, 0, 1, 4], undefined, { sampling_ratio: 4 }, map)).toBe(2);
  });

  it("counts samples more than a pixel outside as 0", () => {
    // Two samples in each direction: rows and columns -1.5 and 0.5, of which three are outside.
    expect(pool([-2, -2, 2, 2], undefined, { sampling_ratio: 2 })).toBe(2.5 / 4);
    // At exactly -1 a sample still has the border's value.
    expect(pool([-1, 0, 0, 1], undefined, { sampling_ratio: 1 }, ramp(3))).toBe(3);
  });
});

describe("by the authors", () => {
  it("rounds the box to whole units, of which the last one counts", () => {
    // 0.4 to 1.4 become 0 to 2: samples at -0.5 and 0.5.
    const attrs = { ...authors, sampling_ratio: 2 };
    expect(pool([0.4, 0.4, 1.4, 1.4], undefined, attrs, ramp(1))).toBe((1 + 1.5 + 3 + 3.5) / 4);
    // A box turned over is a tenth of a pixel wide, and moves by as much of it.
    const turned = { ...authors, sampling_ratio: 1, gamma: 10 };
    expect(pool([3, 0, 1, 0], [0, 0], turned)).toBe(2.5);
    expect(pool([3, 0, 1, 0], [0.5, 0], turned)).toBe(3);
  });

  it("leaves out what is more than half a pixel outside", () => {
    // Columns -1.5, -0.5, 0.5 and 1.5, of which the first is not counted; rows -0.5, -0.25, 0 and 0.25.
    const attrs = { ...authors, sampling_ratio: 4 };
    expect(pool([-1, 0, 2, 0], undefined, attrs)).toBeCloseTo((0 + 0.5 + 1.5) / 3 + 0.25, 12);
    expect(pool([-9, -9, -6, -6], undefined, attrs, ramp(1))).toBe(0);
  });
});

describe("either way", () => {
  it("gives 0 where an offset is NaN, infinite or far", () => {
    for (const attrs of [{}, authors, { sampling_ratio: 2 }, { ...authors, sampling_ratio: 2 }])
      for (const bad of [Number.NaN, Infinity, -Infinity, 1e30, -1e30]) {
        expect(pool([0, 0, 2, 2], [bad, 0], attrs, ramp(1)), `x ${bad}`).toBe(0);
        expect(pool([0, 0, 2, 2], [0, bad], attrs, ramp(1)), `y ${bad}`).toBe(0);
      }
  });

  it("has no sample in a box without size, unless their number is given", () => {
    expect(pool([2, 2, 2, 2], undefined, {}, ramp(9))).toBe(0);
    expect(pool([3, 3, 1, 1], undefined, {}, ramp(9))).toBe(0);
    expect(pool([2, 2, 2, 2], undefined, { sampling_ratio: 2 })).toBe(7.5);
    expect(pool([3, 3, 1, 1], undefined, { sampling_ratio: 2 })).toBe(7.5);
  });

  it("is roi_align, aligned, where nothing is moved", () => {
    const input = makeArray(
      [2, 2, 5, 6],
      Array.from({ length: 120 }, (_, i) => Math.sin(i)),
    );
    const rois = makeArray([3, 5], [0, -2, 0.5, 4, 3, 1, 1, 1, 3.25, 4.5, 1, 3, 4, 8, 9]);
    const offset = makeArray([3, 2, 2, 3]);
    const attrs: Attrs = { output_size: { y: 2, x: 3 }, spatial_scale: 0.75 };
    for (const sampling_ratio of [0, 2]) {
      const aligned = roi_align({ input, rois }, { ...attrs, sampling_ratio, aligned: true });
      for (const given of [{}, { offset }]) {
        const got = deform_roi_pool({ input, rois, ...given }, { ...attrs, sampling_ratio });
        const far = got.data.map((v, i) => Math.abs(v - aligned.data[i]!));
        expect(Math.max(...far)).toBeLessThan(1e-15);
      }
      expect(aligned.data.some((v) => v !== 0)).toBe(true);
    }
  });

  it("refuses options of other operators", () => {
    expect(() => pool([0, 0, 2, 2], undefined, { border: "zeros" })).toThrow("clamp or skip");
  });
});
