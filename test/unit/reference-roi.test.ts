// The RoI references on tiny maps worked out by hand, and against loops that clip nothing.

import { describe, expect, it } from "vitest";
import { type Attrs, makeArray } from "../reference/array.ts";
import { roi_align } from "../reference/roi_align.ts";
import { roi_pool } from "../reference/roi_pool.ts";
import { cornersClamped, sampleZeros } from "../reference/sample.ts";

const one = { y: 1, x: 1 };
const two = { y: 2, x: 2 };

/** The 4 by 4 map base + slope (4 y + x). */
function ramp(base = 0, slope = 1) {
  return makeArray(
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => base + slope * i),
  );
}

/** RoIs (x1, y1, x2, y2) of image 0. */
function boxes(...corners: readonly (readonly [number, number, number, number])[]) {
  return makeArray(
    [corners.length, 5],
    corners.flatMap((box) => [0, ...box]),
  );
}

/** RoIs inside, across and beyond a 4 by 4 map, degenerate and reversed ones among them. */
const manyBoxes = boxes(
  [0, 0, 3, 3],
  [0.25, 1.5, 2.75, 2.5],
  [-5, -3, 1.5, 2],
  [2, 1, 9, 8],
  [-7.5, -7.5, 11, 12.25],
  [6, 6, 9, 9],
  [-9, -9, -6, -5],
  [1, 1, 1, 1],
  [3, 3, 1, 0.5],
);

describe("roi_pool", () => {
  const run = (attrs: Attrs, box: readonly [number, number, number, number], map = ramp()) => [
    ...roi_pool({ input: map, rois: boxes(box) }, { output_size: two, ...attrs }).data,
  ];

  it("max and mean share overlapping bins of rounded RoIs", () => {
    // Three pixels in two bins: 0 and 1, 1 and 2.
    expect(run({}, [0, 0, 2, 2])).toEqual([5, 6, 9, 10]);
    expect(run({ reduce: "mean" }, [0, 0, 2, 2])).toEqual([2.5, 3.5, 6.5, 7.5]);
    expect(run({}, [0, 0, 1.5, 2.49])).toEqual([5, 6, 9, 10]);
  });

  it("rounds halves away from zero and keeps at least one pixel", () => {
    expect(run({ output_size: one }, [0.5, 2.5, 0.5, 2.5])).toEqual([13]);
    expect(run({ output_size: one }, [3, 2, 1, 0])).toEqual([11]);
    expect(run({ output_size: one, reduce: "mean" }, [-0.5, 0, 0, 0], ramp(1))).toEqual([0.5]);
    expect(run({ output_size: one }, [0.49999999999999994, 0, 0, 0])).toEqual([0]);
    expect(run({ output_size: one, spatial_scale: 0.25 }, [5, 10, 5, 10])).toEqual([13]);
  });

  it("takes real coordinates as they are", () => {
    // From 0.5 to 2.5: pixels 0 and 1, 1 and 2.
    const box = [0.5, 0.5, 1.5, 1.5] as const;
    expect(run({ coords: "real" }, box)).toEqual([5, 6, 9, 10]);
    expect(run({ coords: "real", reduce: "mean" }, box)).toEqual([2.5, 3.5, 6.5, 7.5]);
    // (x2 + 1) * scale, so from 0.5 to 2: one bin of pixels 0 and 1.
    expect(run({ coords: "real", spatial_scale: 0.5, output_size: one }, [1, 1, 3, 3])).toEqual([
      5,
    ]);
  });

  it.each(["max", "mean"] as const)("real RoIs without area are 0 in %s", (reduce) => {
    const attrs: Attrs = { coords: "real", reduce };
    expect(run(attrs, [2, 0, 1, 3], ramp(1))).toEqual([0, 0, 0, 0]);
    expect(run(attrs, [0, 3, 3, 1], ramp(1))).toEqual([0, 0, 0, 0]);
    // Between whole pixels, where floor and ceil of an empty or reversed side leave a pixel.
    for (const end of [1.5, 1.25]) {
      expect(run({ ...attrs, output_size: one }, [2.5, 0, end, 3], ramp(1))).toEqual([0]);
      expect(run({ ...attrs, output_size: one }, [0, 2.5, 3, end], ramp(1))).toEqual([0]);
    }
    expect(run(attrs, [2, 0, 1.5, 3], ramp(1)).every((value) => value > 0)).toBe(true);
  });

  it("max looks at the map alone, mean divides by every pixel of the bin", () => {
    const box = [-2, 0, 1, 0] as const;
    expect(run({ output_size: one }, box, ramp(-9))).toEqual([-8]);
    expect(run({ output_size: one, reduce: "mean" }, box, ramp(-9))).toEqual([-17 / 4]);
    expect(run({ output_size: one }, [5, 5, 7, 7], ramp(-9))).toEqual([0]);
  });

  it("max of all-negative values is negative", () => {
    expect(run({ output_size: one }, [0, 0, 1, 1], ramp(-9))).toEqual([-4]);
  });
});

describe("deformable roi_pool", () => {
  const mean = { reduce: "mean" } as const;
  const move = (
    box: readonly [number, number, number, number],
    [dy, dx]: readonly [number, number],
    attrs: Attrs = {},
    map = ramp(),
  ) =>
    roi_pool(
      { input: map, rois: boxes(box), offset: makeArray([1, 2, 1, 1], [dy, dx]) },
      { ...mean, output_size: one, ...attrs },
    ).data[0];

  it("moves a bin by gamma times offset times the RoI's size, y first", () => {
    // A 3 by 3 RoI moved by (1.5, 0.5): rows 1.5, 2.5 and, half off the map, 3.5.
    const expected = (7.5 + 11.5 + 6.75) / 3;
    expect(move([0, 0, 2, 2], [1, 1 / 3], { gamma: 0.5 })).toBeCloseTo(expected, 12);
    expect(move([0, 0, 2, 2], [5, 5 / 3])).toBeCloseTo(expected, 12);
    // Two columns wide, one row tall: (0.25, 1) moves.
    expect(move([0, 0, 1, 0], [0.5, 1], { gamma: 0.5 })).toBe(2.5);
  });

  it("uses the real size with real coordinates", () => {
    // From 0.5 to 2 in both directions: pixels 0 and 1, moved by (0.75, 0).
    expect(move([0.5, 0.5, 1, 1], [1, 0], { gamma: 0.5, coords: "real" })).toBe(2.5 + 3);
  });

  it("can bring a bin from beyond the map onto it", () => {
    expect(move([-3, 0, -3, 0], [0, 3], { gamma: 1 }, ramp(1))).toBe(1);
    expect(move([0, 0, 0, 0], [0, -3], { gamma: 1 }, ramp(1))).toBe(0);
  });

  it("is 0 where an offset is NaN, infinite or far", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity, 1e30, -1e30, 1e300]) {
      expect(move([0, 0, 2, 2], [bad, 0], {}, ramp(1)), `dy ${bad}`).toBe(0);
      expect(move([0, 0, 2, 2], [0, bad], {}, ramp(1)), `dx ${bad}`).toBe(0);
    }
  });

  it.each(["round", "real"] as const)("equals the mean with zero offsets (%s)", (coords) => {
    const rois = manyBoxes;
    const attrs: Attrs = { ...mean, coords, output_size: { y: 3, x: 2 }, spatial_scale: 0.75 };
    const offset = makeArray([rois.shape[0]!, 2, 3, 2]);
    const plain = roi_pool({ input: ramp(1), rois }, attrs);
    expect(roi_pool({ input: ramp(1), rois, offset }, attrs)).toEqual(plain);
    expect(plain.data.filter((value) => value > 0).length).toBeGreaterThan(12);
  });

  it("leaves nothing out by clipping", () => {
    const map = ramp(1, 0.5);
    let compared = 0;
    for (const [dy, dx] of [
      [0.5, -0.25],
      [-2.25, 3.5],
      [4, 4],
      [-7.125, -6],
    ] as const) {
      for (const [x1, y1, x2, y2] of [
        [-5, -3, 1, 2],
        [2, 1, 9, 8],
        [-8, -8, 11, 12],
      ] as const) {
        let total = 0;
        for (let y = y1; y <= y2; y++) {
          for (let x = x1; x <= x2; x++) total += sampleZeros(map, 0, 0, y + dy, x + dx);
        }
        const [h, w] = [y2 - y1 + 1, x2 - x1 + 1];
        const got = move([x1, y1, x2, y2], [dy / h, dx / w], { gamma: 1 }, map);
        expect(got).toBeCloseTo(total / (h * w), 12);
        if (total !== 0) compared++;
      }
    }
    expect(compared).toBeGreaterThan(6);
  });
});

describe("roi_align", () => {
  const run = (
    box: readonly [number, number, number, number],
    attrs: Attrs = {},
    map = ramp(),
  ): number => roi_align({ input: map, rois: boxes(box) }, { output_size: one, ...attrs }).data[0]!;

  it("samples bin centres, shifted by half a pixel if aligned", () => {
    expect(run([0, 0, 2, 2], { sampling_ratio: 1 })).toBe(5);
    expect(run([0, 0, 2, 2], { sampling_ratio: 1, aligned: true })).toBe(2.5);
    expect(run([0, 0, 2, 2])).toBe(5);
    expect(run([0, 0, 2, 2], { sampling_ratio: 0 })).toBe(5);
  });

  it("takes the largest sample, or the largest weighted corner", () => {
    // Samples at 0.5 and 1.5; the last one is a quarter each of 5, 6, 9 and 10.
    expect(run([0, 0, 2, 2], { mode: "max" })).toBe(7.5);
    expect(run([0, 0, 2, 2], { mode: "max_corner" })).toBe(2.5);
    expect(run([0, 0, 2, 2], { mode: "max" }, ramp(-1, 0))).toBe(-1);
    expect(run([0, 0, 2, 2], { mode: "max_corner" }, ramp(-1, 0))).toBe(-0.25);
  });

  it("moves samples up to a pixel beyond the map onto it, both ends included", () => {
    const attrs = { sampling_ratio: 1 };
    expect(run([-2, -2, 0, 0], attrs, ramp(1))).toBe(1);
    expect(run([3, 3, 5, 5], attrs, ramp(1))).toBe(16);
    // At (3.5, 3.25): one corner has all the weight, and so the largest weighted value.
    expect(run([2.25, 2.5, 4.25, 4.5], { ...attrs, mode: "max_corner" }, ramp(1))).toBe(16);
    expect(run([-2.125, -2, -0.125, 0], attrs, ramp(1))).toBe(0);
    expect(run([3, 3.125, 5, 5.125], attrs, ramp(1))).toBe(0);
  });

  it("counts samples beyond the map as 0, in maxima too", () => {
    // Columns -4 and 0 of a map of -1.
    const attrs = { sampling_ratio: 2 };
    expect(run([-6, 0, 2, 2], attrs, ramp(-1, 0))).toBe(-0.5);
    for (const mode of ["max", "max_corner"] as const) {
      expect(run([-6, 0, 2, 2], { ...attrs, mode }, ramp(-1, 0))).toBe(0);
      expect(run([9, 9, 11, 11], { ...attrs, mode }, ramp(-1, 0))).toBe(0);
    }
  });

  it("has no samples in an aligned RoI without size, unless their number is given", () => {
    for (const mode of ["avg", "max", "max_corner"] as const) {
      expect(run([2, 2, 2, 2], { aligned: true, mode }, ramp(-99))).toBe(0);
      expect(run([3, 3, 1, 1], { aligned: true, mode }, ramp(-99))).toBe(0);
    }
    expect(run([2, 2, 2, 2], { aligned: true, sampling_ratio: 2 })).toBe(7.5);
    // From 2.5 backwards to 0.5.
    expect(run([3, 3, 1, 1], { aligned: true, sampling_ratio: 2 })).toBe(7.5);
    // Every sample at exactly -1, which still lies near the map.
    expect(run([-0.5, 2.5, -0.5, 2.5], { aligned: true, sampling_ratio: 2 }, ramp(1))).toBe(9);
    expect(run([2, 2, 2, 2])).toBe(12.5);
  });

  it.each([
    { aligned: false },
    { aligned: true },
    { aligned: true, sampling_ratio: 3 },
    { aligned: false, mode: "max" },
    { aligned: true, mode: "max", sampling_ratio: 2 },
    { aligned: true, mode: "max" },
  ] as const)("leaves nothing out by clipping: %o", (attrs) => {
    const map = ramp(-7, 1.25);
    const scale = 1.5;
    const [PH, PW] = [2, 3];
    const full: Attrs = { ...attrs, output_size: { y: PH, x: PW }, spatial_scale: scale };
    const got = roi_align({ input: map, rois: manyBoxes }, full);
    const ratio = "sampling_ratio" in attrs ? attrs.sampling_ratio : 0;
    const positions = (low: number, high: number, p: number, k: number) => {
      const shift = attrs.aligned ? 0.5 : 0;
      const side = Math.max((high - low) * scale, attrs.aligned ? -Infinity : 1);
      const count = ratio || Math.max(Math.ceil(side / k), 0);
      const at = (i: number) => low * scale - shift + (side / k) * (p + (i + 0.5) / count);
      return Array.from({ length: count }, (_, i) => at(i));
    };
    let nonzero = 0;
    for (let r = 0; r < manyBoxes.shape[0]!; r++) {
      const [x1, y1, x2, y2] = manyBoxes.data.slice(5 * r + 1, 5 * r + 5) as unknown as number[];
      for (let ph = 0; ph < PH; ph++) {
        for (let pw = 0; pw < PW; pw++) {
          const values = positions(y1!, y2!, ph, PH).flatMap((y) =>
            positions(x1!, x2!, pw, PW).map((x) =>
              (cornersClamped(map, 0, 0, y, x) ?? [0]).reduce((sum, corner) => sum + corner, 0),
            ),
          );
          const sum = values.reduce((total, value) => total + value, 0);
          const expected =
            "mode" in attrs
              ? values.length
                ? Math.max(...values)
                : 0
              : sum / (values.length || 1);
          expect(got.data[(r * PH + ph) * PW + pw], `roi ${r} bin ${ph} ${pw}`).toBeCloseTo(
            expected,
            10,
          );
          if (expected !== 0) nonzero++;
        }
      }
    }
    expect(nonzero).toBeGreaterThan(15);
  });
});
