// float16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. Node 20 has no Float16Array.
// bfloat16: the upper half of a float32, 8 exponent bits (bias 127), 7 fraction bits.

import type { Data, DType } from "./program.ts";

const scratch = new DataView(new ArrayBuffer(8));

function exponentOf(value: number): number {
  scratch.setFloat64(0, value);
  return ((scratch.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

function roundToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** The number that a float16 pattern means. */
export function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The float16 pattern nearest to a number; halves go to the even one, as IEEE 754 says. */
export function halfOfFloat(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // 65520 lies halfway between the greatest float16 and the next power of two, which is infinite.
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = exponentOf(size);
  // Rounding up to 2048 carries into the exponent, as it should.
  return sign | ((exponent + 14) * 1024 + roundToEven(size * 2 ** (10 - exponent)));
}

/** The numbers of float16 patterns; every one is exact in float32. */
export function floatsOfHalves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, floatOfHalf);
}

/** The nearest float16 patterns of numbers. */
export function halvesOfFloats(values: Float32Array | Float64Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = halfOfFloat(values[i]!);
  return bits;
}

/** The number that a bfloat16 pattern means. */
export function floatOfBrain(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** The bfloat16 pattern nearest to a number; halves go to the even one, as IEEE 754 says. */
export function brainOfFloat(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Halfway between the greatest bfloat16 and the next power of two, which is infinite.
  if (size >= (2 - 2 ** -8) * 2 ** 127) return sign | 0x7f80;
  if (size < 2 ** -126) return sign | roundToEven(size * 2 ** 133);
  const exponent = exponentOf(size);
  return sign | ((exponent + 126) * 128 + roundToEven(size * 2 ** (7 - exponent)));
}

/** A type in which data are stored, 16 bits wide; what is computed of them is f32. */
export type Narrow = "f16" | "bf16";

/** How numbers become words of a narrow type, and what those mean; what each promises. */
export const narrow: Readonly<
  Record<
    Narrow,
    {
      readonly encode: (value: number) => number;
      readonly decode: (bits: number) => number;
      /** Half the distance from 1 to the next number. */
      readonly roundoff: number;
      readonly smallestNormal: number;
      readonly largest: number;
    }
  >
> = {
  f16: {
    encode: halfOfFloat,
    decode: floatOfHalf,
    roundoff: 2 ** -11,
    smallestNormal: 2 ** -14,
    largest: 65504,
  },
  bf16: {
    encode: brainOfFloat,
    decode: floatOfBrain,
    roundoff: 2 ** -8,
    smallestNormal: 2 ** -126,
    largest: (2 - 2 ** -7) * 2 ** 127,
  },
};

/** Is a type of buffers one of 16 bits? */
export const isNarrow = (dtype: DType): dtype is Narrow => dtype === "f16" || dtype === "bf16";

/** Numbers as a buffer of a type takes them: words of the nearest where that is one of 16 bits. */
export const encodeData = (values: Data, dtype: DType): Data =>
  isNarrow(dtype) ? Uint16Array.from(values, narrow[dtype].encode) : values;

/** The numbers that a buffer of a type holds; those of 16 bits are exact in float32. */
export const decodeData = (held: Data, dtype: DType): Data =>
  isNarrow(dtype) ? Float32Array.from(held, narrow[dtype].decode) : held;
