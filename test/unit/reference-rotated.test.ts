// RoIAlign of rotated boxes worked out by hand: the plain loops, and the declaration beside them.

import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { type Array64, type Attrs, makeArray } from "../reference/array.ts";
import { roi_align } from "../reference/roi_align.ts";
import { roi_align_rotated } from "../reference/roi_align_rotated.ts";

const path = `${packageRoot}/dsl/ops/roi_align_rotated.ts`;
const operator = readOperator(path);
const declaration = await loadReference(path);
const [H, W] = [9, 8];

const mapOf = (f: (y: number, x: number) => number) =>
  makeArray(
    [1, 1, H, W],
    Array.from({ length: H * W }, (_, i) => f(Math.floor(i / W), i % W)),
  );
const columns = mapOf((_, x) => x);
const uneven = mapOf((y, x) => Math.sin(3 * y + 7 * x));

/** The bins of one box (image, x, y, width, height, angle): by the loops, and by the declaration. */
function pool(input: Array64, box: readonly number[], given: Attrs = {}): readonly number[] {
  const inputs = { input, rois: makeArray([1, 6], box) };
  const attrs = { output_size: { y: 1, x: 1 }, ...given };
  const values = roi_align_rotated(inputs, attrs).data;
  const { output } = runReference(operator, declaration, inputs, { N: 1, C: 1, H, W, R: 1 }, attrs);
  values.forEach((v, i) => {
    expect(output!.data[i]).toBeCloseTo(v, 11);
  });
  return Array.from(values);
}

const two = { y: 2, x: 2 };
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe("a box that is turned", () => {
  it("is one of roi_align where the angle is 0", () => {
    for (const sampling_ratio of [0, 3])
      for (const aligned of [false, true]) {
        const attrs = { output_size: two, aligned, sampling_ratio, spatial_scale: 0.5 };
        const rois = makeArray([1, 5], [0, 2, 6, 14, 14]);
        const upright = roi_align({ input: uneven, rois }, attrs).data;
        const turned = pool(uneven, [0, 8, 10, 12, 8, 0], attrs);
        upright.forEach((v, i) => {
          expect(turned[i]).toBeCloseTo(v, 12);
        });
      }
  });

  it("turns counterclockwise as pictures are seen, or the other way", () => {
    // By a quarter turn counterclockwise the upper bin goes to the left.
    const box = [0, 4, 4.5, 4, 4, Math.PI / 2];
    const halves = { output_size: { y: 2, x: 1 } };
    const wanted = [2.5, 4.5];
    pool(columns, box, halves).forEach((v, i) => {
      expect(v).toBeCloseTo(wanted[i]!, 12);
    });
    pool(columns, box, { ...halves, clockwise: true }).forEach((v, i) => {
      expect(v).toBeCloseTo(wanted[1 - i]!, 12);
    });
    // The right one goes up.
    const [left, right] = pool(
      mapOf((y) => y),
      box,
      { output_size: { y: 1, x: 2 } },
    );
    expect([left, right]).toEqual([expect.closeTo(5, 12), expect.closeTo(3, 12)]);
  });

  it("takes radians or degrees, and whole turns more", () => {
    const box = [0, 4.2, 4.6, 5, 3, 0.7];
    const wanted = pool(uneven, box, { output_size: two });
    const degrees = (0.7 * 180) / Math.PI;
    for (const [angle, unit] of [
      [0.7 + 6 * Math.PI, "radians"],
      [0.7 - 4 * Math.PI, "radians"],
      [degrees, "degrees"],
      [degrees - 720, "degrees"],
    ] as const)
      pool(uneven, box.with(5, angle), { output_size: two, angle: unit }).forEach((v, i) => {
        expect(v).toBeCloseTo(wanted[i]!, 11);
      });
  });

  it("is at least a pixel wide and tall without alignment, and empty with it", () => {
    expect(pool(columns, [0, 4, 4, 0, 0, 0.3], { aligned: false })[0]).toBeCloseTo(4, 12);
    expect(pool(columns, [0, 4, 4, 0, 0, 0.3])).toEqual([0]);
    // Samples that are asked for lie in its middle.
    expect(pool(columns, [0, 4, 4, 0, 0, 0.3], { sampling_ratio: 2 })[0]).toBeCloseTo(3.5, 12);
  });

  it("gives 0 where a number of it is NaN or infinite, or its image is none", () => {
    const box = [0, 4, 4, 3, 3, 0.3];
    for (const aligned of [false, true]) {
      expect(pool(uneven, box, { aligned })[0]).not.toBe(0);
      for (const bad of [nan, inf, -inf])
        for (let at = 0; at < 6; at++)
          expect(pool(uneven, box.with(at, bad), { aligned })).toEqual([0]);
      for (const image of [-1, 1, 0.5])
        expect(pool(uneven, box.with(0, image), { aligned })).toEqual([0]);
    }
  });

  it("still divides by all samples where it is far larger than the map", () => {
    const ones = mapOf(() => 1);
    for (const angle of [0, 0.5, 1.6, -2.4]) {
      const [value] = pool(ones, [0, 4, 4.5, 2000, 3000, angle]);
      // Samples are a pixel apart: as many as there are pixels on the map and beside it.
      expect(value! * 6e6).toBeGreaterThan(0.95 * H * W);
      expect(value! * 6e6).toBeLessThan(1.05 * (H + 2) * (W + 2));
    }
  });
});
