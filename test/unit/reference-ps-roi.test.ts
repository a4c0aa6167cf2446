// Position-sensitive pooling on tiny maps worked out by hand: the plain loops, and the declarations beside them.

import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { type Attrs, type Inputs, makeArray } from "../reference/array.ts";
import { deform_roi_pool } from "../reference/deform_roi_pool.ts";
import { references } from "../reference/index.ts";
import { roi_align } from "../reference/roi_align.ts";

const names = ["ps_roi_pool", "ps_roi_align", "deform_ps_roi_pool"] as const;
type Name = (typeof names)[number];
const declared = new Map(
  await Promise.all(
    names.map(async (name) => {
      const path = `${packageRoot}/dsl/ops/${name}.ts`;
      return [name, { operator: readOperator(path), run: await loadReference(path) }] as const;
    }),
  ),
);

const one = { y: 1, x: 1 };
const two = { y: 2, x: 2 };

/** Maps of 4 by 4 whose pixels are 100 c + 4 y + x. */
const ramps = (channels: number, base = 0) =>
  makeArray(
    [1, channels, 4, 4],
    Array.from({ length: 16 * channels }, (_, i) => base + 100 * Math.floor(i / 16) + (i % 16)),
  );

type Box = readonly [number, number, number, number];

/** All bins of one box: by the loops, and by the declaration. */
function pool(name: Name, O: number, box: Box, attrs: Attrs, more: Inputs = {}): number[] {
  const { input = ramps(1), trans } = more;
  const inputs = {
    input,
    rois: makeArray([1, 5], [0, ...box]),
    ...(trans ? { trans } : {}),
  };
  const values = [...references[name](inputs, attrs).data];
  const { operator, run } = declared.get(name)!;
  const classes = trans ? { K: trans.shape[1]! / 2 } : {};
  const sizes = { N: 1, O, H: 4, W: 4, R: 1, ...classes };
  const { output } = runReference(operator, run, inputs, sizes, { ...attrs });
  for (const [i, value] of values.entries()) expect(output!.data[i]).toBeCloseTo(value, 11);
  return values;
}

describe("ps_roi_pool", () => {
  const run = (O: number, box: Box, attrs: Attrs, input = ramps(4 * O)) =>
    pool("ps_roi_pool", O, box, { output_size: two, ...attrs }, { input });

  it("reads each bin in a channel of its own, those of an output channel side by side", () => {
    // Bins of 2 by 2: their first means are 2.5, 4.5, 10.5 and 12.5.
    expect(run(1, [0, 0, 4, 4], {})).toEqual([2.5, 104.5, 210.5, 312.5]);
    expect(run(2, [0, 0, 4, 4], {}).slice(4)).toEqual([402.5, 504.5, 610.5, 712.5]);
    // Two groups along the rows only.
    const grouped = { group_size: { y: 2, x: 1 } };
    expect(run(1, [0, 0, 4, 4], grouped, ramps(2))).toEqual([2.5, 4.5, 110.5, 112.5]);
  });

  it("shares bins out among groups that do not divide them", () => {
    // Of three bins, the first two begin in the first of two groups.
    const attrs = { output_size: { y: 1, x: 3 }, group_size: { y: 1, x: 2 } };
    expect(run(1, [0, 0, 3, 1], attrs, ramps(2))).toEqual([0, 1, 102]);
  });

  it("rounds the box to whole pixels, its end not included, or to whole units, the last included", () => {
    const flat = { output_size: one };
    expect(run(1, [0.5, 0, 2.5, 1], flat, ramps(1))).toEqual([1.5]);
    expect(run(1, [0.5, 0, 2.5, 0], { ...flat, coords: "unit" }, ramps(1))).toEqual([2]);
    // Half a pixel for each unit: from 0.5 to 2, so pixels 0 and 1.
    const half: Attrs = { ...flat, coords: "unit", spatial_scale: 0.5 };
    expect(run(1, [1, 0, 3, 1], half, ramps(1))).toEqual([0.5]);
    // A box turned over is a pixel, or a tenth of one.
    expect(run(1, [3, 2, 1, 0], flat, ramps(1))).toEqual([11]);
    expect(run(1, [3, 2, 1, 0], { ...flat, coords: "unit" }, ramps(1))).toEqual([11]);
  });

  it("clips bins to the image, or a pixel earlier as torchvision does", () => {
    const flat = { output_size: one };
    expect(run(1, [0, 0, 9, 9], flat, ramps(1))).toEqual([7.5]);
    expect(run(1, [0, 0, 9, 9], { ...flat, clip: "torchvision" }, ramps(1))).toEqual([5]);
    expect(run(1, [5, 5, 9, 9], flat, ramps(1, 1))).toEqual([0]);
  });
});

describe("ps_roi_align", () => {
  it("is roi_align, aligned, of the channel of each bin", () => {
    const input = makeArray(
      [2, 12, 5, 6],
      Array.from({ length: 720 }, (_, i) => Math.sin(i)),
    );
    const rois = makeArray([3, 5], [0, -2, 0.5, 4, 3, 1, 1, 1, 3.25, 4.5, 1, 3, 4, 8, 9]);
    for (const sampling_ratio of [-1, 2]) {
      const attrs: Attrs = { output_size: { y: 2, x: 3 }, spatial_scale: 0.75, sampling_ratio };
      const all = roi_align({ input, rois }, { ...attrs, aligned: true });
      const own = references.ps_roi_align({ input, rois }, attrs);
      expect(own.shape).toEqual([3, 2, 2, 3]);
      for (let i = 0; i < own.data.length; i++) {
        const [r, o, bin] = [Math.floor(i / 12), Math.floor(i / 6) % 2, i % 6];
        const want = all.data[(r * 12 + 6 * o + bin) * 6 + bin]!;
        expect(Math.abs(own.data[i]! - want)).toBeLessThan(1e-14);
      }
    }
  });

  it("has no samples in a box without size, where torchvision gives NaN", () => {
    expect(pool("ps_roi_align", 1, [3, 3, 3, 3], { output_size: one })).toEqual([0]);
    expect(pool("ps_roi_align", 1, [3, 3, 1, 1], { output_size: one })).toEqual([0]);
    const attrs = { output_size: one, sampling_ratio: 2 };
    expect(pool("ps_roi_align", 1, [2, 2, 2, 2], attrs)).toEqual([7.5]);
  });
});

describe("deform_ps_roi_pool", () => {
  const run = (O: number, box: Box, attrs: Attrs, more: Inputs) =>
    pool("deform_ps_roi_pool", O, box, { output_size: one, ...attrs }, more);

  it("moves a part by trans_std times trans times the size of the box, x first", () => {
    // The box -0.5 to 1.5 of two pixels; its sample at the corner is clamped onto pixel 0.
    const still = { input: ramps(1), trans: makeArray([1, 2, 1, 1]) };
    expect(run(1, [0, 0, 1, 1], {}, still)).toEqual([0]);
    const moved = (x: number, y: number) => ({ ...still, trans: makeArray([1, 2, 1, 1], [x, y]) });
    expect(run(1, [0, 0, 1, 1], { trans_std: 0.5 }, moved(1, 0))).toEqual([0.5]);
    expect(run(1, [0, 0, 1, 1], { trans_std: 0.5 }, moved(0, 1))).toEqual([2]);
    for (const bad of [Number.NaN, Infinity, -Infinity, 1e30]) {
      expect(run(1, [0, 0, 1, 1], {}, { ...moved(bad, 0), input: ramps(1, 1) })).toEqual([0]);
      expect(run(1, [0, 0, 1, 1], {}, { ...moved(0, bad), input: ramps(1, 1) })).toEqual([0]);
    }
  });

  it("moves the output channels of each class on their own, and the bins of a part together", () => {
    const attrs: Attrs = { output_size: { y: 1, x: 4 }, part_size: { y: 1, x: 2 }, trans_std: 1 };
    // Class 1 moves down by its second part: a quarter of 4 pixels.
    const trans = makeArray([1, 4, 1, 2], [0, 0, 0, 0, 0, 0, 0, 0.25]);
    const values = run(2, [0, 0, 3, 3], attrs, { input: ramps(2), trans });
    expect(values).toEqual([0, 0.5, 1.5, 2.5, 100, 100.5, 103.5, 104.5]);
  });

  it("divides by the samples that are on the map", () => {
    // Columns -1.5, -0.5, 0.5 and 1.5, of which the first does not count; rows -0.5, -0.25, 0, 0.25.
    const attrs = { sample_per_part: 4 };
    const [value] = run(1, [-1, 0, 2, 0], attrs, { input: ramps(1) });
    expect(value).toBeCloseTo((0 + 0.5 + 1.5) / 3 + 0.25, 12);
    expect(run(1, [-9, -9, -6, -6], attrs, { input: ramps(1, 1) })).toEqual([0]);
  });

  it("is the authors' form of deform_roi_pool with one group and one class", () => {
    const input = makeArray(
      [2, 3, 5, 6],
      Array.from({ length: 180 }, (_, i) => Math.sin(i)),
    );
    const rois = makeArray([3, 5], [0, -2, 0.5, 4, 3, 1, 1, 1, 3.25, 4.5, 1, 3, 4, 8, 9]);
    const offset = makeArray(
      [3, 2, 2, 3],
      Array.from({ length: 36 }, (_, i) => Math.cos(i)),
    );
    const attrs: Attrs = { output_size: { y: 2, x: 3 }, spatial_scale: 0.75 };
    const authors: Attrs = { coords: "round", grid: "corner", border: "skip", sampling_ratio: 2 };
    const want = deform_roi_pool({ input, rois, offset }, { ...attrs, ...authors });
    const given = { input, rois, trans: offset };
    const got = references.deform_ps_roi_pool(given, { ...attrs, sample_per_part: 2 });
    expect(got.data.some((v) => v !== 0)).toBe(true);
    for (const [i, v] of got.data.entries())
      expect(Math.abs(v - want.data[i]!)).toBeLessThan(1e-14);
  });

  it("refuses channels that groups or classes do not divide", () => {
    const trans = makeArray([1, 4, 1, 1]);
    expect(() => run(1, [0, 0, 1, 1], { group_size: two }, { input: ramps(3) })).toThrow("divide");
    expect(() => run(3, [0, 0, 1, 1], {}, { input: ramps(3), trans })).toThrow("divide 3");
  });
});
