import { describe, expect, it } from "vitest";
import {
  type Digit,
  loadDigits,
  parseDigits,
  shuffle,
  splitDigits,
} from "../../examples/train/digits.ts";
import {
  composePositions,
  effectiveDilation,
  type PositionMap,
  plainMap,
  tapsAround,
} from "../../examples/train/positions.ts";
import { gradeSizes, isOnDigit } from "../../examples/train/sampling.ts";
import { makeScenes, overlap } from "../../examples/train/scenes.ts";
import { full } from "../../examples/train/settings.ts";
import {
  boxOf,
  createImage,
  drawDigit,
  type Pose,
  poseBackward,
  poseForward,
  sampleDigit,
} from "../../examples/train/warp.ts";
import { randomFor } from "../../generators/check/random.ts";

const pose = (change: Partial<Pose> = {}): Pose => ({
  centre: { y: 3.5, x: 3.5 },
  scale: 1,
  angle: 0,
  shear: 0,
  ...change,
});

/** A digit whose pixels are all different. */
const ramp: Digit = { pixels: Float32Array.from({ length: 64 }, (_, i) => i / 64), label: 3 };

describe("digits", () => {
  const digits = loadDigits();

  it("are 1797 with ten labels", () => {
    expect(digits.length).toBe(1797);
    expect([...new Set(digits.map(({ label }) => label))].sort()).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(digits[0]!.label).toBe(0);
    expect([...digits[0]!.pixels.slice(0, 4)]).toEqual([0, 0, 5 / 16, 13 / 16]);
  });

  it("that are not 64 pixels and a label are refused", () => {
    const line = (pixels: number, value: string) =>
      [...Array.from({ length: pixels }, () => value), "7"].join(",");
    expect(parseDigits(`${line(64, "16")}\n`)).toHaveLength(1);
    for (const bad of [line(63, "0"), line(64, "17"), line(64, "x")])
      expect(() => parseDigits(`${line(64, "0")}\n${bad}\n`)).toThrow(/^Line 2 of the digits/);
  });

  it("are on one side each, the same part of each label for testing", () => {
    const { train, test } = splitDigits(digits, 0.25, "a");
    expect(train.length + test.length).toBe(1797);
    expect(new Set([...train, ...test]).size).toBe(1797);
    for (let label = 0; label < 10; label++) {
      const count = (all: readonly Digit[]) => all.filter((digit) => digit.label === label).length;
      expect(count(test)).toBe(Math.round((count(train) + count(test)) / 4));
    }
    expect(splitDigits(digits, 0.25, "a").test).toEqual(test);
    expect(splitDigits(digits, 0.25, "b").test).not.toEqual(test);
  });

  it("with the same pixels stay together", () => {
    const twice = [...digits.slice(0, 200), ...digits.slice(0, 200).map((digit) => ({ ...digit }))];
    const { train, test } = splitDigits(twice, 0.5, "twins");
    const seen = new Set(train.map(({ pixels }) => pixels.join()));
    expect(test.length).toBeGreaterThan(100);
    expect(test.filter(({ pixels }) => seen.has(pixels.join()))).toEqual([]);
  });

  it("are shuffled into each order alike", () => {
    const random = randomFor("orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([1, 2, 3], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 each, with a standard deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("warps", () => {
  it("sample between pixels, and zeros beyond the border", () => {
    const at = (y: number, x: number) => ramp.pixels[y * 8 + x]!;
    expect(sampleDigit(ramp, { y: 2, x: 5 })).toBe(at(2, 5));
    expect(sampleDigit(ramp, { y: 2.5, x: 5 })).toBe((at(2, 5) + at(3, 5)) / 2);
    expect(sampleDigit(ramp, { y: 6, x: 3.25 })).toBe(0.75 * at(6, 3) + 0.25 * at(6, 4));
    expect(sampleDigit(ramp, { y: 7.5, x: 7 })).toBe(at(7, 7) / 2);
    expect(sampleDigit(ramp, { y: 8, x: 7 })).toBe(0);
    expect(sampleDigit(ramp, { y: 3, x: -1 })).toBe(0);
  });

  it("that do nothing give the digit", () => {
    const image = createImage(8);
    drawDigit(image, ramp, pose());
    expect(image.data).toEqual(ramp.pixels);
  });

  it("by a quarter turn carry each pixel to another", () => {
    const image = createImage(8);
    drawDigit(image, ramp, pose({ angle: Math.PI / 2 }));
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++)
        // Clockwise: what was on the left is on top.
        expect(image.data[x * 8 + (7 - y)]).toBeCloseTo(ramp.pixels[y * 8 + x]!, 6);
  });

  it("scale, shear, turn and move places as they say, and back", () => {
    const p = pose({ scale: 2, shear: 0.5, centre: { y: 10, x: 20 } });
    // One to the right and two down: sheared two to the right of the row's middle, then doubled.
    expect(poseForward(p, { y: 5.5, x: 4.5 })).toEqual({ y: 14, x: 24 });
    const turned = pose({ scale: 1.7, shear: -0.3, angle: 0.6, centre: { y: 9, x: 12 } });
    const back = poseBackward(turned, poseForward(turned, { y: 1.25, x: 6.5 }));
    expect(back.y).toBeCloseTo(1.25, 12);
    expect(back.x).toBeCloseTo(6.5, 12);
  });

  it("have boxes around their pixels' outer edges", () => {
    expect(boxOf(pose({ scale: 2, centre: { y: 10, x: 20 } }))).toEqual({
      left: 12,
      top: 2,
      right: 28,
      bottom: 18,
    });
  });
});

describe("scenes", () => {
  const digits = loadDigits().slice(0, 31);

  it("show every digit once, inside, and in the boxes given", () => {
    const scenes = makeScenes(digits, full.boxes.scenes, "a");
    expect(scenes.length).toBe(10);
    expect(scenes.flatMap(({ placed }) => placed.map(({ label }) => label))).toEqual(
      digits.slice(0, 30).map(({ label }) => label),
    );
    for (const { placed, image } of scenes) {
      for (const { box } of placed) {
        expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(-0.5);
        expect(Math.max(box.right, box.bottom)).toBeLessThanOrEqual(image.size - 0.5);
      }
      for (const [i, { box }] of placed.entries())
        for (const other of placed.slice(i + 1)) expect(overlap(box, other.box)).toBe(false);
      // A pixel is influenced from less than one digit's pixel away.
      const reach = 2 * full.boxes.scenes.range.scale[1];
      for (let i = 0; i < image.data.length; i++) {
        const [y, x] = [Math.floor(i / image.size), i % image.size];
        const near = placed.some(
          ({ box }) =>
            x > box.left - reach &&
            x < box.right + reach &&
            y > box.top - reach &&
            y < box.bottom + reach,
        );
        if (!near) expect(image.data[i]).toBe(0);
      }
    }
  });

  it("follow from their name", () => {
    const make = (name: string) => makeScenes(digits, full.digits.scenes, name);
    expect(make("a")).toEqual(make("a"));
    expect(make("a")).not.toEqual(make("b"));
  });

  it("know what lies on a digit, and its third by size", () => {
    const scenes = makeScenes(digits.slice(0, 9), full.digits.scenes, "c");
    for (const scene of scenes) {
      const { centre } = scene.placed[0]!.pose;
      expect(isOnDigit(scene, centre)).toBe(true);
      expect(isOnDigit(scene, { y: centre.y, x: centre.x + 15 })).toBe(false);
    }
    const grades = gradeSizes(scenes);
    for (const size of ["small", "medium", "large"])
      expect(grades.filter((grade) => grade === size)).toHaveLength(3);
  });
});

describe("positions", () => {
  /** A map whose taps are all moved by (dy, dx), or as the position says. */
  const moved = (
    by: (y: number, x: number, k: number) => readonly [number, number],
  ): PositionMap => {
    const map = plainMap(5, 4);
    const data = Float64Array.from(map.data as Float32Array);
    for (let i = 0; i < data.length / 2; i++) {
      const place = Math.floor(i / 9);
      const [dy, dx] = by(Math.floor(place / 4), place % 4, i % 9);
      data[2 * i]! += dy;
      data[2 * i + 1]! += dx;
    }
    return { ...map, data };
  };

  it("of one plain layer are the 3×3 around a unit", () => {
    const places = tapsAround(plainMap(5, 4), { y: 2, x: 1.5 });
    expect(places.map(({ y, x }) => [y, x])).toEqual(
      [1, 2, 3].flatMap((y) => [0.5, 1.5, 2.5].map((x) => [y, x])),
    );
  });

  it("of three plain layers are 729, on 7×7 places, as often as sums of three steps come out", () => {
    const map = plainMap(9, 9);
    const places = composePositions([map, map, map], { y: 4, x: 4 });
    expect(places).toHaveLength(729);
    const ways = [1, 3, 6, 7, 6, 3, 1];
    for (const [i, row] of ways.entries())
      for (const [j, column] of ways.entries()) {
        const here = places.filter(({ y, x }) => y === i + 1 && x === j + 1);
        expect(here).toHaveLength(row * column);
      }
  });

  it("add up what each layer moves, the last layer first", () => {
    const [first, last] = [moved(() => [0, 10]), moved(() => [0.5, -1])];
    const places = composePositions([first, last], { y: 2, x: 2 });
    const mean = (of: (p: { y: number; x: number }) => number) =>
      places.reduce((sum, p) => sum + of(p), 0) / places.length;
    expect(mean(({ y }) => y)).toBeCloseTo(2.5, 12);
    expect(mean(({ x }) => x)).toBeCloseTo(11, 12);
  });

  it("between positions are moved by what lies between, beyond the border by the nearest", () => {
    const map = moved((y, x) => [y / 10, x / 5]);
    const [tap] = tapsAround(map, { y: 1.5, x: 2.25 });
    expect(tap!.y).toBeCloseTo(0.5 + 0.15, 12);
    expect(tap!.x).toBeCloseTo(1.25 + 0.45, 12);
    const [far] = tapsAround(map, { y: -3, x: 8 });
    expect(far!.y).toBeCloseTo(-4, 12);
    expect(far!.x).toBeCloseTo(7 + 0.6, 12);
  });

  it("lie one apart in a plain kernel, and as far as they are spread", () => {
    expect(effectiveDilation(plainMap(5, 4), 2, 1)).toBe(1);
    const spread = moved((_, __, k) => [2 * (Math.floor(k / 3) - 1), 0]);
    // Rows three apart, columns one.
    expect(effectiveDilation(spread, 2, 1)).toBe(2);
  });
});
