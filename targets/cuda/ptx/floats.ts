// Exactly rounded arithmetic of float32 in the doubles of JavaScript. A double that was rounded to odd (its last bit
// set where something was cut off) keeps enough to be rounded again, in any direction, as if it were exact.

/** The directions of rounding: to the nearest (ties to even), to zero, down, up. */
export type Rounding = "rn" | "rz" | "rm" | "rp";

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);
const doubles = new Float64Array(1);
const longs = new BigUint64Array(doubles.buffer);
const halves = new Uint32Array(doubles.buffer);

/** The bits of a float32. */
export function bitsOfFloat(value: number): number {
  floats[0] = value;
  return words[0]!;
}

/** The float32 with these bits. */
export function floatOfBits(bits: number): number {
  words[0] = bits;
  return floats[0]!;
}

/** The double next to this one, farther from zero or nearer; it is not zero. */
function moveDouble(value: number, away: boolean): number {
  doubles[0] = value;
  longs[0] = away ? longs[0]! + 1n : longs[0]! - 1n;
  return doubles[0];
}

/** The float32 one step up or down; from zero, the smallest subnormal. */
export function nextFloat(value: number, up: boolean): number {
  if (value === 0) return floatOfBits(up ? 1 : 0x80000001);
  return floatOfBits(bitsOfFloat(value) + (value > 0 === up ? 1 : -1));
}

/** A double for `value + error`, which it stands for when it is rounded to fewer bits. */
export function roundToOdd(value: number, error: number): number {
  if (error === 0 || !Number.isFinite(value)) return value;
  doubles[0] = value;
  if (halves[0]! & 1) return value;
  return moveDouble(value, error > 0 === value > 0);
}

/** What a sum of doubles lost to rounding. */
export function sumError(a: number, b: number): number {
  const sum = a + b;
  if (!Number.isFinite(sum)) return 0;
  const second = sum - a;
  return a - (sum - second) + (b - second);
}

/** A double as a float32. */
export function roundFloat(value: number, rounding: Rounding): number {
  const nearest = Math.fround(value);
  if (rounding === "rn" || nearest === value || Number.isNaN(value)) return nearest;
  switch (rounding) {
    case "rz":
      if (Math.abs(nearest) < Math.abs(value)) return nearest;
      return nextFloat(nearest, value < 0);
    case "rm":
      return nearest < value ? nearest : nextFloat(nearest, false);
    case "rp":
      return nearest > value ? nearest : nextFloat(nearest, true);
    default:
      throw new Error(`there is no rounding ${rounding satisfies never}`);
  }
}

/** a + b. */
export function addFloats(a: number, b: number, rounding: Rounding): number {
  const sum = a + b;
  if (rounding === "rn") return Math.fround(sum);
  // A sum that cancels is -0 where results are rounded down.
  if (sum === 0 && rounding === "rm" && (a !== 0 || Object.is(a, -0) || Object.is(b, -0)))
    return -0;
  return roundFloat(roundToOdd(sum, sumError(a, b)), rounding);
}

/** a · b, which a double holds exactly. */
export function multiplyFloats(a: number, b: number, rounding: Rounding): number {
  return roundFloat(a * b, rounding);
}

/** a · b + c, rounded once. */
export function fuseFloats(a: number, b: number, c: number, rounding: Rounding): number {
  const product = a * b;
  const sum = product + c;
  if (sum === 0 && rounding !== "rn") return addFloats(product, c, rounding);
  return roundFloat(roundToOdd(sum, sumError(product, c)), rounding);
}

/** Moves the nearest float to the other side where the exact value (of this sign from it) is rounded there. */
function direct(nearest: number, rest: number, rounding: Rounding): number {
  if (rounding === "rn" || rest === 0 || !Number.isFinite(rest)) return nearest;
  const above = rest > 0;
  if (rounding === "rp") return above ? nextFloat(nearest, true) : nearest;
  if (rounding === "rm") return above ? nearest : nextFloat(nearest, false);
  const positive = nearest > 0 || (nearest === 0 && above);
  if (positive) return above ? nearest : nextFloat(nearest, false);
  return above ? nextFloat(nearest, true) : nearest;
}

/** a / b. A double's quotient is never so near to a tie that rounding it again goes wrong. */
export function divideFloats(a: number, b: number, rounding: Rounding): number {
  const quotient = a / b;
  const nearest = Math.fround(quotient);
  if (rounding === "rn" || !Number.isFinite(quotient) || b === 0) return nearest;
  if (!Number.isFinite(nearest)) return roundFloat(quotient, rounding);
  if (!Number.isFinite(b)) return nearest;
  const rest = a - nearest * b;
  return direct(nearest, b > 0 ? rest : -rest, rounding);
}

/** The square root. */
export function rootFloat(a: number, rounding: Rounding): number {
  const nearest = Math.fround(Math.sqrt(a));
  if (!Number.isFinite(nearest)) return nearest;
  return direct(nearest, a - nearest * nearest, rounding);
}

/** Subnormal numbers become zeros of their sign. */
export const flush = (value: number): number =>
  Math.abs(value) < 2 ** -126 ? (value < 0 || Object.is(value, -0) ? -0 : 0) : value;

/** From 0 to 1; NaN becomes 0. */
export const saturate = (value: number): number => (value > 0 ? Math.min(value, 1) : 0);

/** The smaller one, where -0 is less than 0; a NaN gives way. */
export const lesser = (a: number, b: number): number =>
  Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b);

/** The larger one, where -0 is less than 0; a NaN gives way. */
export const greater = (a: number, b: number): number =>
  Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
