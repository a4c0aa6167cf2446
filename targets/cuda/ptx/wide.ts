// Exactly rounded float64 where JavaScript has no operation of its own: a fused multiply-add, and other directions.

import type { Rounding } from "./floats.ts";

const doubles = new Float64Array(1);
const longs = new BigUint64Array(doubles.buffer);

/** A finite double as an integer times a power of two. */
function split(value: number): { readonly digits: bigint; readonly exponent: number } {
  doubles[0] = value;
  const bits = longs[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const digits = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  return { digits: value < 0 ? -digits : digits, exponent: Math.max(exponent, 1) - 1075 };
}

const lengthOf = (value: bigint): number => value.toString(2).length;

/** digits · 2^exponent as a double; digits are not 0. */
function join(digits: bigint, exponent: number, rounding: Rounding): number {
  const negative = digits < 0n;
  const size = negative ? -digits : digits;
  // So many bits are dropped that 53 remain, or fewer where the result is subnormal.
  const drop = Math.max(lengthOf(size) - 53, -1074 - exponent, 0);
  let kept = size >> BigInt(drop);
  const rest = size - (kept << BigInt(drop));
  if (rest !== 0n) {
    const half = 1n << BigInt(drop - 1);
    const nearest = rest > half || (rest === half && (kept & 1n) === 1n);
    const up = { rn: nearest, rz: false, rm: negative, rp: !negative }[rounding];
    if (up) kept++;
  }
  const scale = exponent + drop;
  const value = scaleUp(Number(kept), scale);
  if (
    value === Number.POSITIVE_INFINITY &&
    (rounding === "rz" || rounding === (negative ? "rp" : "rm"))
  )
    return negative ? -Number.MAX_VALUE : Number.MAX_VALUE;
  return negative ? -value : value;
}

/** value · 2^scale in steps that are all exact, or infinite. */
function scaleUp(value: number, scale: number): number {
  if (scale > 971) return value === 0 ? 0 : Number.POSITIVE_INFINITY;
  return scale < -1022 ? value * 2 ** -1022 * 2 ** (scale + 1022) : value * 2 ** scale;
}

/** a · b + c, rounded once. */
export function fuseDoubles(a: number, b: number, c: number, rounding: Rounding): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a * b + c;
  // The exact product is finite, though as a double it may not be.
  if (!Number.isFinite(c)) return c;
  const [x, y, z] = [split(a), split(b), split(c)];
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  const digits =
    ((x.digits * y.digits) << BigInt(x.exponent + y.exponent - exponent)) +
    (z.digits << BigInt(z.exponent - exponent));
  if (digits !== 0n) return join(digits, exponent, rounding);
  const signs = [a < 0 || Object.is(a, -0), b < 0 || Object.is(b, -0), c < 0 || Object.is(c, -0)];
  const product = signs[0] !== signs[1];
  // Of zeros that differ in sign, and of what cancels.
  const negative = product === signs[2] ? product : rounding === "rm";
  return negative ? -0 : 0;
}

/** a + b. */
export const addDoubles = (a: number, b: number, rounding: Rounding): number =>
  rounding === "rn" ? a + b : fuseDoubles(a, 1, b, rounding);

/** a · b; what is added keeps the sign of a product that is zero. */
export function multiplyDoubles(a: number, b: number, rounding: Rounding): number {
  const plain = a * b;
  if (rounding === "rn" || !Number.isFinite(a) || !Number.isFinite(b)) return plain;
  return a === 0 || b === 0 ? plain : fuseDoubles(a, b, 0, rounding);
}

/** A whole number of 64 bits as a double that stands for it when it is rounded to float32. */
export function oddOfLong(value: bigint): number {
  if (value === 0n) return 0;
  const size = value < 0n ? -value : value;
  const drop = BigInt(Math.max(lengthOf(size) - 53, 0));
  const kept = size >> drop;
  const odd = kept << drop === size ? kept : kept | 1n;
  const double = Number(odd) * 2 ** Number(drop);
  return value < 0n ? -double : double;
}

/** The smaller of two whole numbers. */
export function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The larger of two whole numbers. */
export function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
