import fc from "fast-check";
import { expect, test } from "vitest";
import { checkGroups, coverGroups, nextDispatch, Pace } from "../../targets/wgsl/dispatch.ts";
import { fillBits } from "../../targets/wgsl/fill.ts";
import { readTar } from "../../targets/wgsl/unpack.ts";

test("every group runs exactly once, however the work is cut", () => {
  const cut = fc.record({
    total: fc.integer({ min: 1, max: 400 }),
    perDimension: fc.integer({ min: 1, max: 20 }),
    most: fc.double({ min: 0.5, max: 500, noNaN: true }),
  });
  fc.assert(
    fc.property(cut, ({ total, perDimension, most }) => {
      const runs = new Uint8Array(total);
      for (let base = 0; base < total; ) {
        const { dispatch, next } = nextDispatch(base, total, most, perDimension);
        expect(dispatch.base).toBe(base);
        expect(Math.max(dispatch.x, dispatch.y)).toBeLessThanOrEqual(perDimension);
        for (let id = base; id < base + dispatch.x * dispatch.y; id++)
          if (id < total) runs[id]! += 1;
        expect(next).toBeGreaterThan(base);
        base = next;
      }
      expect(runs.every((count) => count === 1)).toBe(true);
    }),
  );
});

test("real limits: one row, folding, and splitting beyond both dimensions", () => {
  expect(coverGroups(0, 65535)).toEqual([]);
  expect(coverGroups(65535, 65535)).toEqual([{ base: 0, x: 65535, y: 1 }]);
  expect(coverGroups(65536, 65535)).toEqual([{ base: 0, x: 32768, y: 2 }]);
  expect(coverGroups(65535 ** 2 + 1, 65535)).toEqual([
    { base: 0, x: 65535, y: 65535 },
    { base: 65535 ** 2, x: 1, y: 1 },
  ]);
});

test("group counts that a 32-bit id cannot number are refused", () => {
  checkGroups("k", 2 ** 32 - 1 - 65535, 65535);
  expect(() => checkGroups("k", 2 ** 32 - 65535, 65535)).toThrow(
    /k: 4294901761 groups; .* at most/,
  );
  expect(() => checkGroups("k", 1.5, 65535)).toThrow("integer");
  expect(() => checkGroups("k", -1, 65535)).toThrow("integer");
});

test("the pace grows at most eightfold and follows the measured cost", () => {
  const pace = new Pace(100, 50);
  expect(pace.groups).toBe(100);
  pace.measured(100, 0);
  expect(pace.groups).toBe(800);
  pace.measured(800, 10);
  expect(pace.groups).toBe(4000);
  pace.measured(4000, 400);
  expect(pace.groups).toBe(500);
  pace.measured(500, 1e9);
  expect(pace.groups).toBe(1);
});

test.each([
  ["f32", 1, 0x3f800000],
  ["f32", -0, 0x80000000],
  ["f32", Number.NaN, 0x7fc00000],
  ["i32", -1, 0xffffffff],
  ["u32", 4294967295, 0xffffffff],
  ["f16", 0, 0],
  ["f16", -0, 0x80008000],
  ["f16", 1, 0x3c003c00],
  ["f16", -65504, 0xfbfffbff],
  ["f16", 2 ** -24, 0x00010001],
  ["f16", 2 ** -14, 0x04000400],
  ["f16", -Infinity, 0xfc00fc00],
] as const)("the bits of a fill: %s %d", (dtype, value, bits) => {
  expect(fillBits(dtype, value) >>> 0).toBe(bits);
});

test("what a fill cannot hold is refused", () => {
  expect(() => fillBits("f16", 65536)).toThrow("not exact in f16");
  expect(() => fillBits("f64", 0)).toThrow("WGSL has no f64");
});

test("a tar archive is read, and a damaged one refused", () => {
  const archive = new Uint8Array(512 * 4);
  const put = (at: number, text: string) => archive.set(new TextEncoder().encode(text), at);
  put(0, "lib/a.so");
  put(100, "0000755\0");
  put(124, "00000000003\0");
  put(156, "0");
  put(512, "abc");
  expect(readTar(archive)).toEqual([
    { name: "lib/a.so", mode: 0o755, bytes: new TextEncoder().encode("abc") },
  ]);
  expect(() => readTar(archive.subarray(0, 513))).toThrow("damaged at lib/a.so");
  put(156, "2");
  expect(() => readTar(archive)).toThrow("kind 2");
});
