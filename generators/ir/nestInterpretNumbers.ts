// The numbers of a nest's run: in f64 mode real values are never rounded, in f32 mode each
// operation is rounded to its type; integers are checked in both.

import { totalOf } from "./fixed.ts";
import type { NestOp, Scalar } from "./nest.ts";
import { ops } from "./ops.ts";

/** f64: what the formula means; f32: what a device with correctly rounded operations computes. */
export type Mode = "f64" | "f32";

/** Makes a value one of a machine type: rounds a real one, refuses an integer out of range. */
export type Fit = (x: number) => number;

function refuseInteger(x: number, type: Scalar): never {
  throw new RangeError(
    Number.isInteger(x)
      ? `${x} does not fit ${type}`
      : `${x} is not a whole number, as ${type} must be`,
  );
}

// -0 is not an integer of any machine: what is given is what the operator makes of it.
const fitSigned: Fit = (x) => ((x | 0) === x ? x | 0 : refuseInteger(x, "i32"));
const fitUnsigned: Fit = (x) => (x >>> 0 === x ? x >>> 0 : refuseInteger(x, "u32"));

const fitBool: Fit = (x) => {
  if (x === 0 || x === 1) return x;
  throw new RangeError(`${x} is not a truth value`);
};

const bits = new DataView(new ArrayBuffer(4));

/** The nearest f16, ties to even. */
export function roundHalf(x: number): number {
  const value = Math.abs(x);
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return x;
  bits.setFloat32(0, value);
  const exponent = Math.max((bits.getUint32(0) >>> 23) - 127, -14);
  const unit = 2 ** (exponent - 10);
  const scaled = value / unit;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const up = rest > 0.5 || (rest === 0.5 && low % 2 === 1);
  const rounded = (up ? low + 1 : low) * unit;
  return Math.sign(x) * (rounded > 65504 ? Number.POSITIVE_INFINITY : rounded);
}

const wide = new DataView(new ArrayBuffer(8));

/** The nearest bf16, ties to even: as f32 is, with 8 bits of precision. */
export function roundBrain(x: number): number {
  const value = Math.abs(x);
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return x;
  // Of the f64 itself: by way of f32 it would be rounded twice.
  wide.setFloat64(0, value);
  const exponent = Math.max((wide.getUint32(0) >>> 20) - 1023, -126);
  const unit = 2 ** (exponent - 7);
  const scaled = value / unit;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const up = rest > 0.5 || (rest === 0.5 && low % 2 === 1);
  const rounded = (up ? low + 1 : low) * unit;
  return Math.sign(x) * (rounded > largestBrain ? Number.POSITIVE_INFINITY : rounded);
}

const largestBrain = (2 - 2 ** -7) * 2 ** 127;

const same: Fit = (x) => x;

/** How a value becomes one of `type` in `mode`. */
export function fitTo(type: Scalar, mode: Mode): Fit {
  const table: Readonly<Record<Scalar, Fit>> = {
    i32: fitSigned,
    u32: fitUnsigned,
    f16: mode === "f64" ? same : roundHalf,
    bf16: mode === "f64" ? same : roundBrain,
    f32: mode === "f64" ? same : Math.fround,
    f64: same,
    bool: fitBool,
  };
  return table[type];
}

const divides: ReadonlySet<NestOp> = new Set(["idiv", "mod", "quot", "rem"]);

/** What an operation computes, before it is fitted to its type. */
export function computeOf(op: NestOp): (...x: readonly number[]) => number {
  const plain: (...x: readonly number[]) => number =
    op === "quot"
      ? (a, b) => Math.trunc(a! / b!)
      : op === "rem"
        ? (a, b) => a! % b!
        : op === "total"
          ? (...words) => totalOf(words)
          : ops[op].value;
  if (!divides.has(op)) return plain;
  return (a, b) => {
    const floors = op === "idiv" || op === "mod";
    if (b === 0 || (floors && b! < 0)) throw new RangeError(`${op} by ${b}`);
    // Plain division rounds towards zero: it may stand for idiv only where nothing is negative.
    if (!floors && (a! < 0 || b! < 0)) throw new RangeError(`${op} of ${a} by ${b}, a negative`);
    return plain(a!, b!);
  };
}

/** What memory holds before anything is written to it. */
export const poisonOf = (type: Scalar): number =>
  type === "i32" || type === "u32" ? 2130640639 : Number.NaN;

/** A reproducible order of `0 … n - 1`. */
export type Order = "forward" | "reverse" | "shuffled";

/** Gives orders; each shuffled one is another, all follow from the seed. */
export function makeOrders(order: Order, seed: number): (n: number) => readonly number[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return (n) => {
    const list = Array.from({ length: n }, (_, i) => i);
    if (order === "reverse") return list.reverse();
    if (order === "forward") return list;
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  };
}
