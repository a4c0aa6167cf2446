// Numbers of 16 bits: what each pattern means, which one is nearest, and that CUDA's conversions agree.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { roundBrain, roundHalf } from "../../generators/ir/nestInterpretNumbers.ts";
import { decodeData, encodeData, type Narrow, narrow } from "../../targets/contract/half.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { narrow as conversions } from "../../targets/cuda/narrow.ts";
import { entryOf } from "./cuda.fixtures.ts";

const types = ["f16", "bf16"] as const;
const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
const rounding = { f16: roundHalf, bf16: roundBrain } as const;

/** Numbers of all sizes, at and beside what 16 bits hold and halfway between: a third of each sign. */
function drawNumbers(type: Narrow): Float32Array {
  const { decode } = narrow[type];
  const step = type === "f16" ? 7 : 5;
  const numbers: number[] = [];
  for (let i = 0; i < 0x7c00; i += step) {
    const [low, high] = [decode(i), decode(i + 1)];
    const middle = Math.fround((low + high) / 2);
    const bits = new Uint32Array(Float32Array.of(middle).buffer)[0]!;
    const beside = [bits - 1, bits, bits + 1].map(
      (b) => new Float32Array(Uint32Array.of(b >>> 0).buffer)[0]!,
    );
    numbers.push(low, -high, ...beside, ...beside.map((x) => -x));
  }
  return Float32Array.from([...numbers, 0, -0, 1e-45, 65519, 65520, -65536, 3.4e38, 1e38]).filter(
    (x) => !Number.isNaN(x),
  );
}

describe.each(types)("%s", (type) => {
  const { encode, decode, roundoff, largest, smallestNormal } = narrow[type];

  test("every pattern means a number that is encoded as that pattern", () => {
    const wrong = [...patterns].filter((bits) => {
      const x = decode(bits);
      return !Number.isNaN(x) && encode(x) !== bits;
    });
    expect(wrong).toEqual([]);
    expect(Number.isNaN(decode(encode(Number.NaN)))).toBe(true);
  });

  test("numbers become the nearest, ties the even one, as the interpreter of nests rounds", () => {
    const isNearest = (x: number): boolean => {
      const bits = encode(x);
      const own = decode(bits);
      if (!Object.is(own, rounding[type](x))) return false;
      if (!Number.isFinite(own) || own === 0) return true;
      const error = Math.abs(x - own);
      const others = [bits - 1, bits + 1].map((b) => Math.abs(x - decode(b & 0xffff)));
      return others.every((farther) => !(farther < error) && (farther !== error || bits % 2 === 0));
    };
    expect([...drawNumbers(type)].filter((x) => !isNearest(x))).toEqual([]);
  });

  test("its limits are what the table says", () => {
    expect(decode(encode(largest))).toBe(largest);
    expect(decode(encode(largest * (1 + roundoff)))).toBe(Number.POSITIVE_INFINITY);
    expect(decode(encode(1 + 2 * roundoff))).toBe(1 + 2 * roundoff);
    expect(decode(encode(1 + roundoff))).toBe(1);
    expect(decode(encode(smallestNormal))).toBe(smallestNormal);
    // What is not halfway as f64 must not become so on the way.
    expect(decode(encode(1 + roundoff + 2 ** -40))).toBe(1 + 2 * roundoff);
  });

  test("arrays are converted as their type says, and others are passed on", () => {
    const numbers = Float32Array.of(1, -2.5, 0.1);
    const words = encodeData(numbers, type);
    expect(words).toBeInstanceOf(Uint16Array);
    expect(decodeData(words, type)[1]).toBe(-2.5);
    expect(encodeData(numbers, "f32")).toBe(numbers);
    expect(decodeData(numbers, "f32")).toBe(numbers);
  });
});

describe("CUDA's conversions, simulated", { timeout: 120_000 }, async () => {
  const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
  const cuda = await openCuda({ build: "simulation", cache });
  afterAll(async () => {
    if (!("unavailable" in cuda)) await cuda.close();
    rmSync(cache, { recursive: true, force: true });
  });
  if ("unavailable" in cuda) console.warn(`Skipped: CUDA's conversions. ${cuda.unavailable}`);

  const texts = Object.values(conversions).map(({ text }) => text);
  const source = [
    ...texts,
    ...types.flatMap((type) => [
      `extern "C" __global__ void read_${type}(const unsigned short* x, float* y, int N, float a) {
  const int i = blockIdx.x * 64 + threadIdx.x;
  if (i < N) y[i] = float_of_${type}(x[i]);
}`,
      `extern "C" __global__ void write_${type}(const float* x, unsigned short* y, int N, float a) {
  const int i = blockIdx.x * 64 + threadIdx.x;
  if (i < N) y[i] = ${type}_of_float(x[i]);
}`,
    ]),
  ].join("\n");

  async function run(
    name: string,
    from: "f32" | Narrow,
    to: "f32" | Narrow,
    x: Float32Array | Uint16Array,
  ) {
    if ("unavailable" in cuda) throw new Error(cuda.unavailable);
    const entry = entryOf(
      { function: name },
      {
        tensors: [
          { name: "x", role: "input", dtype: from, axes: [["N"]], shape: ["N"] },
          { name: "y", role: "output", dtype: to, axes: [["N"]], shape: ["N"] },
        ],
      },
    );
    const job = { inputs: { x }, scalars: { N: x.length, a: 0 } };
    return (await cuda.run({ entry, source }, job)).y!;
  }

  test.skipIf("unavailable" in cuda).each(types)("read every pattern of %s", async (type) => {
    const got = await run(`read_${type}`, type, "f32", patterns);
    const want = decodeData(patterns, type);
    const wrong = [...patterns].filter((i) => !Object.is(got[i], want[i]));
    expect(wrong).toEqual([]);
  });

  test.skipIf("unavailable" in cuda).each(types)("write the nearest %s", async (type) => {
    const numbers = drawNumbers(type);
    const got = await run(`write_${type}`, "f32", type, numbers);
    const wrong = [...numbers].filter((x, i) => got[i] !== narrow[type].encode(x));
    expect(wrong).toEqual([]);
    const odd = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const [nan, ...infinite] = decodeData(await run(`write_${type}`, "f32", type, odd), type);
    expect([Number.isNaN(nan), ...infinite]).toEqual([true, ...odd.slice(1)]);
  });
});
