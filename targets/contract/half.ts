// float16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. Node 20 has no Float16Array.

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
