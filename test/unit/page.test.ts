// The parts of examples/page that do not need a browser.

import { describe, expect, it, test } from "vitest";
import { readPrograms } from "../../examples/page/kernels.ts";
import { boundOf, largestDifference } from "../../examples/page/src/bound.ts";
import { attributesOf, type Call, scalarsOf, tensorsOf } from "../../examples/page/src/engine.ts";
import { createField } from "../../examples/page/src/field.ts";
import { filterNames, filters, weightsOf } from "../../examples/page/src/filters.ts";
import { fitPhoto } from "../../examples/page/src/fit.ts";
import {
  dragTap,
  placesAt,
  regularShape,
  regularTaps,
  type Shape,
  slopesOf,
  swirlOf,
  undoSwirl,
  unmoved,
} from "../../examples/page/src/geometry.ts";
import { createDescent, gradientAt, lossOf, sumGradients } from "../../examples/page/src/loss.ts";
import { presets } from "../../examples/page/src/presets.ts";
import { followSwirl } from "../../examples/quickstart/swirl.ts";
import { deform_conv2d } from "../../generated/js/deform_conv2d.js";
import { deform_conv2d_backward } from "../../generated/js/deform_conv2d_backward.js";
import { judge } from "../../generators/check/judge.ts";
import { loosest } from "../../generators/check/rules.ts";
import { openOperator } from "../../generators/cli/operators.ts";

const photo = { height: 19, width: 26 };
const plain = { size: 3, stride: 1, dilation: 2, stretch: 1, rotation: 0, swirl: 0 } as const;
const shape: Shape = {
  ...plain,
  ...{ stretch: 1.3, rotation: 25, swirl: 70 },
  moved: unmoved(3).map((_, tap) => ({ y: 0.31 * tap - 1, x: 0.7 - 0.23 * tap })),
};
const pixel = { y: 8, x: 11 };

/** A smooth picture, so that finite differences say something. */
const input = Float32Array.from({ length: 3 * 19 * 26 }, (_, i) => {
  const [y, x] = [Math.floor((i % (19 * 26)) / 26), i % 26];
  return 0.5 + 0.25 * Math.sin(0.4 * y + i / 999) + 0.2 * Math.cos(0.3 * x + 0.2 * y);
});

const callOf = (of: Shape, filter: (typeof filterNames)[number] = "blur"): Call => ({
  photo,
  shape: of,
  input,
  offsets: createField().update(photo, of),
  weight: weightsOf(filter, of.size),
});
const resultOf = (call: Call) => deform_conv2d(tensorsOf(call), attributesOf(call));

describe("the geometry", () => {
  it("takes a swirl back, and knows its slopes", () => {
    const swirl = swirlOf(photo, shape);
    const place = { y: 6.3, x: 14.2 };
    const back = undoSwirl(swirl, followSwirl(swirl, place));
    expect(Math.hypot(back.y - place.y, back.x - place.x)).toBeLessThan(1e-12);
    const h = 1e-6;
    const along = (dy: number, dx: number) => {
      const [a, b] = [1, -1].map((s) =>
        followSwirl(swirl, { y: place.y + s * dy, x: place.x + s * dx }),
      );
      return [(a!.y - b!.y) / 2 / h, (a!.x - b!.x) / 2 / h];
    };
    const [yy, yx, xy, xx] = slopesOf(swirl, place);
    const [byY, byX] = [along(h, 0), along(0, h)];
    for (const [slope, found] of [
      [yy, byY[0]!],
      [xy, byY[1]!],
      [yx, byX[0]!],
      [xx, byX[1]!],
    ])
      expect(slope).toBeCloseTo(found!, 6);
  });

  it("drags a tap to where the pointer is, and no other", () => {
    const place = { y: 3.2, x: 15.1 };
    const before = placesAt(photo, shape, pixel);
    const after = placesAt(photo, dragTap(photo, shape, pixel, 5, place), pixel);
    for (const [tap, { y, x }] of after.entries()) {
      const to = tap === 5 ? place : before[tap]!;
      expect(Math.hypot(y - to.y, x - to.x)).toBeLessThan(1e-12);
    }
  });

  it("makes the offsets that lead to the places that are drawn", () => {
    const { data } = createField().update(photo, shape);
    const at = (channel: number) =>
      data[(channel * photo.height + pixel.y) * photo.width + pixel.x]!;
    for (const [tap, { y, x }] of placesAt(photo, shape, pixel).entries()) {
      const regular = regularTaps(shape)[tap]!;
      expect(pixel.y + regular.y + at(2 * tap)).toBeCloseTo(y, 4);
      expect(pixel.x + regular.x + at(2 * tap + 1)).toBeCloseTo(x, 4);
    }
  });

  it("writes only the planes of taps that moved", () => {
    const field = createField();
    const first = field.update(photo, shape).versions;
    const moved = dragTap(photo, shape, pixel, 2, { y: 1, x: 1 });
    const second = field.update(photo, moved);
    expect(second.versions.flatMap((v, tap) => (v === first[tap] ? [] : [tap]))).toEqual([2]);
    expect(second.data).toEqual(createField().update(photo, moved).data);
  });

  it("of a regular kernel asks for no offsets; presets change only what they say", () => {
    expect(
      createField()
        .update(photo, regularShape(shape))
        .data.every((v) => v === 0),
    ).toBe(true);
    for (const make of Object.values(presets)) {
      const five = make({ ...plain, size: 5, moved: unmoved(5) });
      expect(five.moved).toHaveLength(25);
    }
  });
});

test("filters smooth with sum 1 and find differences with sum 0", () => {
  for (const name of filterNames)
    for (const size of [3, 5]) {
      const sum = weightsOf(name, size)
        .subarray(0, size * size)
        .reduce((a, b) => a + b, 0);
      expect(sum, name).toBeCloseTo(filters[name].signed ? 0 : 1, 6);
    }
});

describe("the bound", () => {
  it("is no less than what the checker derives for any value", () => {
    const operator = openOperator("deform_conv2d");
    // A small one, since the checker takes its time.
    const little = { height: 8, width: 9 };
    const offsets = createField().update(little, shape);
    const weight = weightsOf("edges", shape.size);
    const call = { photo: little, shape, input: input.slice(0, 3 * 72), offsets, weight };
    const { padding, ...sizes } = { padding: attributesOf(call).padding, ...scalarsOf(call) };
    const attrs = Object.fromEntries([
      ...["stride", "dilation"].flatMap((n) =>
        [`${n}.y`, `${n}.x`].map((k) => [k, call.shape[n as "stride"]]),
      ),
      ...["top", "left", "bottom", "right"].map((side) => [`padding.${side}`, padding]),
    ]);
    const options = { border: 0, offset_order: 0, edge_grad: 0 };
    const numbers = { sizes, attrs, options };
    const [verdict] = judge(operator.kernel([]), tensorsOf(call), numbers, loosest).outputs.output!;
    const greatest = Math.max(...verdict!.bound);
    expect(greatest).toBeGreaterThan(0);
    expect(boundOf(little, shape, weight)).toBeGreaterThan(2 * greatest);
  });

  it("is exceeded by a wrong value, and by one that is not a number", () => {
    const { data } = resultOf(callOf(shape));
    const bound = boundOf(photo, shape, weightsOf("blur", 3));
    for (const wrong of [data[100]! + 1e-4, Number.NaN]) {
      const spoilt = data.slice();
      spoilt[100] = wrong;
      expect(largestDifference(data, spoilt) <= bound).toBe(false);
    }
    expect(largestDifference(data, data.slice())).toBe(0);
  });
});

describe("learning", () => {
  const target = resultOf(callOf(regularShape(shape))).data;
  const lossAt = (moved: Shape["moved"]) => {
    const call = callOf({ ...shape, moved });
    return { call, ...lossOf(resultOf(call).data, target) };
  };
  const gradientOf = ({ call, gradient }: ReturnType<typeof lossAt>) => {
    const grad_output = { data: gradient, shape: [1, 3, photo.height, photo.width] };
    const tensors = { ...tensorsOf(call), grad_output };
    return deform_conv2d_backward(tensors, attributesOf(call), { wanted: ["grad_offset"] })
      .grad_offset.data;
  };

  it("has the gradient that finite differences find, through the swirl", () => {
    const gradOffset = gradientOf(lossAt(shape.moved));
    const sums = sumGradients(gradOffset, photo, shape);
    for (const tap of [0, 4, 7])
      for (const way of ["y", "x"] as const) {
        const h = 1e-3;
        const [more, less] = [h, -h].map((by) =>
          lossAt(shape.moved.map((p, i) => (i === tap ? { ...p, [way]: p[way] + by } : p))),
        );
        const found = (more!.value - less!.value) / 2 / h;
        expect(Math.abs(sums[tap]![way] - found)).toBeLessThan(0.02 * Math.abs(found) + 1e-7);
      }
    const one = gradientAt(gradOffset, photo, shape, pixel);
    expect(one[3]!.x).toBe(gradOffset[7 * 19 * 26 + 8 * 26 + 11]);
  });

  it("descends", () => {
    const descent = createDescent(0.1);
    let now = shape.moved;
    const before = lossAt(now).value;
    for (let step = 0; step < 25; step++) {
      const gradient = gradientOf(lossAt(now));
      now = descent.step(now, sumGradients(gradient, photo, shape));
    }
    expect(lossAt(now).value).toBeLessThan(0.6 * before);
  });
});

describe("photos", () => {
  const room = { longest: 640, maxBytes: 2 ** 27, bytesPerPixel: 200 };

  it("stay as they are where they fit", () => {
    expect(fitPhoto({ height: 427, width: 640 }, room)).toEqual({ height: 427, width: 640 });
  });

  it("are scaled to what is chosen, or to what the adapter allows", () => {
    const large = { height: 4000, width: 6000 };
    expect(fitPhoto(large, room)).toEqual({
      ...{ height: 426, width: 640 },
      because: "to be computed live",
    });
    const small = fitPhoto(large, { ...room, maxBytes: 2 ** 21 });
    expect(small.because).toContain("hold at most 2 MB");
    expect(small.height * small.width * 200).toBeLessThanOrEqual(2 ** 21);
  });
});

test("the page's kernels are those that were generated; others are missed in a sentence", () => {
  const { forward, backward } = readPrograms("generated");
  for (const { entry, source } of [forward, backward])
    for (const step of entry.steps)
      if (step.kind === "launch") expect(source).toContain(`fn ${step.function}(`);
  expect(backward.entry.tensors.map(({ name }) => name)).toContain("grad_offset");
  expect(() => readPrograms("examples")).toThrow();
});
