// The arithmetic of PTX on random bits: fused products against the system's own, directed roundings against what
// must hold of them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addFloats,
  divideFloats,
  floatOfBits,
  fuseFloats,
  multiplyFloats,
  nextFloat,
  type Rounding,
  rootFloat,
} from "../../targets/cuda/ptx/floats.ts";
import { narrow } from "../../targets/cuda/ptx/halves.ts";
import { fuseDoubles } from "../../targets/cuda/ptx/wide.ts";
import { loadKoffi } from "../../targets/native/koffi.ts";

const runs = { numRuns: 3000, seed: 11 };

// Any bits, bits whose exponents are near each other's, and numbers of few digits, of which sums and products tie.
const anyFloat = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => floatOfBits(bits >>> 0));
const nearFloat = fc
  .tuple(fc.integer({ min: -0x7fffff, max: 0x7fffff }), fc.integer({ min: -30, max: 30 }))
  .map(([digits, exponent]) => Math.fround(digits * 2 ** exponent));
const shortFloat = fc
  .tuple(fc.integer({ min: -4200, max: 4200 }), fc.integer({ min: -149, max: 40 }))
  .map(([digits, exponent]) => Math.fround(digits * 2 ** exponent));
const float = fc.oneof(anyFloat, nearFloat, shortFloat);
const double = fc.oneof(
  fc.double(),
  fc.tuple(float, float).map(([a, b]) => a + b * 2 ** -40),
);

const koffi = process.platform === "linux" ? await loadKoffi() : undefined;
if (!koffi) console.warn("Skipped: fused products against the system's need Linux and koffi.");

describe.skipIf(!koffi)("fused products are the system's", () => {
  const library = koffi?.load("libm.so.6");
  const fmaf = library?.func("float fmaf(float, float, float)") as (...of: number[]) => number;
  const fma = library?.func("double fma(double, double, double)") as (...of: number[]) => number;

  test("float32", () => {
    fc.assert(
      fc.property(float, float, float, (a, b, c) => {
        expect(fuseFloats(a, b, c, "rn")).toBe(fmaf(a, b, c));
        // Near what the product cancels with, where one rounding counts.
        const against = -Math.fround(a * b);
        expect(fuseFloats(a, b, against, "rn")).toBe(fmaf(a, b, against));
      }),
      runs,
    );
  });

  test("float64", () => {
    fc.assert(
      fc.property(double, double, double, (a, b, c) => {
        expect(fuseDoubles(a, b, c, "rn")).toBe(fma(a, b, c));
        expect(fuseDoubles(a, b, -(a * b), "rn")).toBe(fma(a, b, -(a * b)));
      }),
      runs,
    );
  });
});

const operations = {
  add: (a: number, b: number, _: number, rounding: Rounding) => addFloats(a, b, rounding),
  multiply: (a: number, b: number, _: number, rounding: Rounding) => multiplyFloats(a, b, rounding),
  fuse: fuseFloats,
  divide: (a: number, b: number, _: number, rounding: Rounding) => divideFloats(a, b, rounding),
  root: (a: number, _: number, __: number, rounding: Rounding) => rootFloat(Math.abs(a), rounding),
} as const;

test.each(Object.entries(operations))("directions of %s enclose the nearest", (_, compute) => {
  fc.assert(
    fc.property(float, float, float, (a, b, c) => {
      const [nearest, zero, down, up] = (["rn", "rz", "rm", "rp"] as const).map((rounding) =>
        compute(a, b, c, rounding),
      );
      if (Number.isNaN(nearest)) return;
      expect([down, up]).toContainEqual(nearest! + 0 === 0 ? expect.closeTo(0) : nearest);
      expect(Math.abs(zero!)).toBe(Math.min(Math.abs(down!), Math.abs(up!)));
      // Down and up are equal where the result is exact, and neighbours elsewhere.
      if (down !== up) expect(nextFloat(down!, true) + 0).toBe(up! + 0);
    }),
    runs,
  );
});

test.each(["f16", "bf16"] as const)(
  "every %s is what it was after being read and written",
  (type) => {
    const { read, write } = narrow[type];
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = read(bits);
      for (const rounding of ["rn", "rz", "rm", "rp"] as const)
        if (write(value, rounding) !== (Number.isNaN(value) ? 0x7fff : bits))
          throw new Error(`${bits.toString(16)} ${rounding}`);
    }
  },
);

test.each(["f16", "bf16"] as const)(
  "%s is the nearer of two neighbours, the even one of a tie",
  (type) => {
    const { read, write } = narrow[type];
    for (let bits = 0; bits < (type === "f16" ? 0x7bff : 0x7f7f); bits++) {
      const [low, high] = [read(bits), read(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits & 1 ? bits + 1 : bits;
      const step = (high - low) / 2 ** 20;
      const got = [middle - step, middle, middle + step].map((value) => write(value, "rn"));
      if (String(got) !== String([bits, even, bits + 1])) throw new Error(`${bits}: ${got}`);
      const directed = (["rz", "rm", "rp"] as const).map((rounding) => write(middle, rounding));
      if (String(directed) !== String([bits, bits, bits + 1]))
        throw new Error(`${bits}: ${directed}`);
      const below = (["rz", "rm", "rp"] as const).map(
        (rounding) => write(-middle, rounding) & 0x7fff,
      );
      if (String(below) !== String([bits, bits + 1, bits])) throw new Error(`-${bits}: ${below}`);
    }
  },
);
