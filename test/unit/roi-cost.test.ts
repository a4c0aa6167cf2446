// What a box costs is counted in elements read, not in time: a box that reaches far beyond the map reads
// what lies on the map.

import { describe, expect, it } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";

const [H, W] = [8, 6];
const input = { shape: [1, 1, H, W], data: Float64Array.from({ length: H * W }, (_, i) => i + 1) };

interface Options {
  readonly attrs: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
  readonly offset?: readonly number[];
}

const operators = {
  roi_align: openOperator("roi_align"),
  roi_pool: openOperator("roi_pool"),
  deform_roi_pool: openOperator("deform_roi_pool"),
  roi_align_rotated: openOperator("roi_align_rotated"),
  prroi_pool: openOperator("prroi_pool"),
  ps_roi_pool: openOperator("ps_roi_pool"),
  ps_roi_align: openOperator("ps_roi_align"),
  deform_ps_roi_pool: openOperator("deform_ps_roi_pool"),
};

/** The only bin of a box, and how many elements of the input were read for it. */
function poolBox(
  name: keyof typeof operators,
  box: readonly number[],
  { attrs, options, offset }: Options,
) {
  const reads = new Map<string, number>();
  const kernel = operators[name].kernel(offset ? ["offset"] : []);
  const inputs = {
    input,
    rois: { shape: [1, 1 + box.length], data: [0, ...box] },
    ...(offset ? { offset: { shape: [1, 2, 1, 1], data: offset } } : {}),
  };
  const sizes = { N: 1, ...(name.includes("ps_") ? { O: 1 } : { C: 1 }), H, W, R: 1 };
  const all = { "output_size.y": 1, "output_size.x": 1, spatial_scale: 1, ...attrs };
  const { output } = interpretKernel(kernel, inputs, sizes, all, options, reads);
  return { value: output!.parts[0]![0]!, reads: reads.get("input") ?? 0 };
}

const million = 1e6;
const around = [-million, -million, million, million];
const beyond = [million, million, 2 * million, 2 * million];
const inside = [0, 0, W, H];

describe("roi_align with adaptive sampling", () => {
  const attrs = { sampling_ratio: 0 };
  const options = { mode: 0, aligned: 0 };
  // Four reads a sample, and at most one sample for each pixel and for the rows and columns beside it.
  const most = 4 * (H + 2) * (W + 2);

  for (const mode of [0, 1, 2])
    it(`reads what lies on the map of a box of millions of pixels (mode ${mode})`, () => {
      const { reads } = poolBox("roi_align", around, { attrs, options: { ...options, mode } });
      expect(reads).toBeGreaterThanOrEqual(H * W);
      // The three modes of the kernel are alternatives, of which one is evaluated.
      expect(reads).toBeLessThanOrEqual(3 * most);
    });

  it("still divides by all samples", () => {
    const { value } = poolBox("roi_align", around, { attrs, options });
    const count = (2 * million) ** 2;
    // One sample a pixel: half-pixel positions see every pixel's whole weight, those at the border
    // also from the row beyond, so the sum lies between that of the map and of a map one wider.
    const sum = (H * W * (H * W + 1)) / 2;
    expect(value * count).toBeGreaterThan(0.9 * sum);
    expect(value * count).toBeLessThan((sum * (H + 2) * (W + 2)) / (H * W));
  });

  it("reads nothing for a box beyond the map", () => {
    const result = poolBox("roi_align", beyond, { attrs, options });
    expect(result).toEqual({ value: 0, reads: 0 });
  });

  it("reads about the same for a box of the map's size, so the count is of the map", () => {
    const own = poolBox("roi_align", inside, { attrs, options }).reads;
    const large = poolBox("roi_align", around, { attrs, options }).reads;
    expect(own).toBeGreaterThan(0);
    expect(large).toBeLessThanOrEqual(2 * own);
  });
});

describe("roi_pool", () => {
  const attrs = { gamma: 0.1 };
  const [max, mean] = [0, 1];
  const [round, real] = [0, 1];

  for (const coords of [round, real])
    for (const reduce of [max, mean])
      it(`reads each pixel at most once (coords ${coords}, reduce ${reduce})`, () => {
        const result = poolBox("roi_pool", around, { attrs, options: { coords, reduce } });
        expect(result.reads).toBe(H * W);
        if (reduce === max) expect(result.value).toBe(H * W);
        else expect(result.value).toBeGreaterThan(0);
      });

  it("reads nothing for a box beyond the map", () => {
    const options = { coords: round, reduce: max };
    expect(poolBox("roi_pool", beyond, { attrs, options })).toEqual({ value: 0, reads: 0 });
  });

  it("reads what lies on the map where the bin is moved by an offset", () => {
    const options = { coords: round, reduce: mean };
    const { reads } = poolBox("roi_pool", around, { attrs, options, offset: [0.123, -0.05] });
    expect(reads).toBeGreaterThanOrEqual(H * W);
    expect(reads).toBeLessThanOrEqual(4 * (H + 2) * (W + 2));
  });
});

describe("deform_roi_pool with adaptive sampling", () => {
  const attrs = { sampling_ratio: 0, gamma: 0.1 };
  const most = 4 * (H + 2) * (W + 2);

  for (const coords of [0, 1])
    for (const grid of [0, 1])
      for (const border of [0, 1])
        it(`reads what lies on the map, of moved bins too (${coords}${grid}${border})`, () => {
          const options = { coords, grid, border };
          for (const offset of [undefined, [0.123, -0.05]]) {
            const given = { attrs, options, ...(offset ? { offset } : {}) };
            const { reads } = poolBox("deform_roi_pool", around, given);
            expect(reads).toBeGreaterThanOrEqual(H * W);
            expect(reads).toBeLessThanOrEqual(most);
            expect(poolBox("deform_roi_pool", beyond, given)).toEqual({ value: 0, reads: 0 });
          }
          const wild = { attrs, options, offset: [Number.NaN, 1e30] };
          expect(poolBox("deform_roi_pool", inside, wild)).toEqual({ value: 0, reads: 0 });
        });
});

describe("position-sensitive pooling", () => {
  const whole = { "group_size.y": 0, "group_size.x": 0 };

  for (const coords of [0, 1])
    it(`ps_roi_pool reads each pixel at most once (coords ${coords})`, () => {
      const given = { attrs: whole, options: { coords, clip: 0 } };
      expect(poolBox("ps_roi_pool", around, given).reads).toBe(H * W);
      expect(poolBox("ps_roi_pool", beyond, given)).toEqual({ value: 0, reads: 0 });
    });

  it("ps_roi_align with adaptive sampling reads what lies on the map", () => {
    const given = { attrs: { sampling_ratio: 0 }, options: {} };
    const { reads } = poolBox("ps_roi_align", around, given);
    expect(reads).toBeGreaterThanOrEqual(H * W);
    expect(reads).toBeLessThanOrEqual(4 * (H + 2) * (W + 2));
    expect(poolBox("ps_roi_align", beyond, given)).toEqual({ value: 0, reads: 0 });
  });

  it("deform_ps_roi_pool leaves out samples of a large box that are not near the map", () => {
    const parts = { "part_size.y": 0, "part_size.x": 0, sample_per_part: 4096, trans_std: 0.1 };
    const given = { attrs: { ...whole, ...parts }, options: {} };
    const { reads } = poolBox("deform_ps_roi_pool", around, given);
    expect(reads).toBeLessThanOrEqual(4 * (H + 2) * (W + 2));
    expect(poolBox("deform_ps_roi_pool", beyond, given)).toEqual({ value: 0, reads: 0 });
  });
});

describe("roi_align_rotated with adaptive sampling", () => {
  const attrs = { sampling_ratio: 0 };
  const options = { aligned: 1, clockwise: 0, angle: 0 };

  for (const angle of [0, 0.4, 1.5, 2.5, -4])
    it(`reads what lies on the map, however the box is turned (${angle})`, () => {
      const box = [W / 2, H / 2, 2 * million, 2 * million, angle];
      const { reads, value } = poolBox("roi_align_rotated", box, { attrs, options });
      // As many samples as pixels, and those beside the map: on its border in whole or half steps.
      expect(reads).toBeGreaterThanOrEqual(4 * 0.9 * H * W);
      expect(reads).toBeLessThanOrEqual(4 * 1.1 * (H + 2) * (W + 2));
      expect(value).toBeGreaterThan(0);
      const far = [2 * million, H / 2, million, million, angle];
      expect(poolBox("roi_align_rotated", far, { attrs, options })).toEqual({ value: 0, reads: 0 });
    });

  it("walks few samples that are not near the map", () => {
    const kernel = operators.roi_align_rotated.kernel([]);
    const sizes = { N: 1, C: 1, H, W, R: 1 };
    const all = { "output_size.y": 1, "output_size.x": 1, spatial_scale: 1, ...attrs };
    const rois = { shape: [1, 6], data: [0, 3, 4, 1e9, 1e9, 0.7] };
    const started = process.cpuUsage();
    interpretKernel(kernel, { input, rois }, sizes, all, options);
    // 10^18 samples would take years; at such a distance the walk is some hundred steps longer.
    expect(process.cpuUsage(started).user).toBeLessThan(20e6);
  });
});

describe("prroi_pool", () => {
  it("reads each pixel once, of a box of millions of pixels and of the map's own", () => {
    const none = { attrs: {}, options: {} };
    expect(poolBox("prroi_pool", around, none).reads).toBe(H * W);
    expect(poolBox("prroi_pool", inside, none).reads).toBe(H * W);
    expect(poolBox("prroi_pool", beyond, none)).toEqual({ value: 0, reads: 0 });
    // A bin between four pixels reads these four.
    expect(poolBox("prroi_pool", [1.2, 1.2, 1.8, 1.8], none).reads).toBe(4);
  });
});
