// Conversions between types.

import { bitsOfFloat, floatOfBits, flush, type Rounding, roundFloat, saturate } from "../floats.ts";
import { type Assembly, type Form, form } from "../forms.ts";
import { narrow } from "../halves.ts";
import { readLong, readNumber, writeNumber } from "../lift.ts";
import type { Op } from "../machine.ts";
import { bytesOf, type Scalar } from "../types.ts";
import { larger, oddOfLong, smaller } from "../wide.ts";

const section = "Data Movement and Conversion Instructions: cvt";
const integers = "u8|u16|u32|u64|s8|s16|s32|s64";
const isSigned = (type: Scalar): boolean => type.startsWith("s");

interface Ends {
  readonly to: Scalar;
  readonly from: Scalar;
}

const endsOf = ({ mods }: Assembly): Ends => ({ to: mods.to as Scalar, from: mods.from as Scalar });

/** The least and the greatest number of a type. */
function rangeOf(type: Scalar): readonly [bigint, bigint] {
  const bits = BigInt(bytesOf(type) * 8);
  return isSigned(type)
    ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]
    : [0n, (1n << bits) - 1n];
}

const clamp = (value: bigint, [least, most]: readonly [bigint, bigint]): bigint =>
  smaller(larger(value, least), most);

/** Writes a whole number, extended over all of a register that is wider than its type. */
function writeWhole(a: Assembly, to: Scalar): (base: number, value: bigint) => void {
  const slot = a.target(0, to, true);
  const { ints, longs } = a.machine;
  const bits = bytesOf(to) * 8;
  const cut = isSigned(to) ? BigInt.asIntN : BigInt.asUintN;
  if (a.widthOf(a.operands[0]!) === 8 || bits === 64)
    return (b, value) => {
      longs[(b + slot) >> 1] = cut(bits, value);
    };
  return (b, value) => {
    ints[b + slot] = Number(cut(bits, value));
  };
}

function wholeToWhole(a: Assembly): Op {
  const { to, from } = endsOf(a);
  const x = a.source(1, from, true);
  const { ints } = a.machine;
  // Addresses are made by these two all the time.
  if (to.endsWith("64") && from.endsWith("32") && !a.mods.sat) {
    const d = a.target(0, to);
    const signed = isSigned(from);
    return (b) => {
      const low = ints[b + x]!;
      ints[b + d] = low;
      ints[b + d + 1] = signed ? low >> 31 : 0;
    };
  }
  const write = writeWhole(a, to);
  const read = readLong(a.machine, from, x);
  const range = rangeOf(to);
  return a.mods.sat ? (b) => write(b, clamp(read(b), range)) : (b) => write(b, read(b));
}

/** Halves go to the even number. */
function nearestEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

const whole: Readonly<Record<string, (value: number) => number>> = {
  rni: nearestEven,
  rzi: Math.trunc,
  rmi: Math.floor,
  rpi: Math.ceil,
};

/** Rounding to a whole number keeps a zero's sign. */
const keepSign = (f: (value: number) => number) => (value: number) => {
  const result = f(value);
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
};

function floatToWhole(a: Assembly): Op {
  const { to, from } = endsOf(a);
  const round = whole[a.mods.rnd!]!;
  const read = readNumber(a.machine, from, a.source(1, from, true));
  const cut = a.mods.ftz ? flush : (value: number) => value;
  const [least, most] = rangeOf(to);
  // What NaN becomes depends on the widths.
  const wide = from === "f64" || bytesOf(to) === 8;
  const none = wide ? 1n << BigInt(bytesOf(to) * 8 - 1) : 0n;
  if (bytesOf(to) === 4 && !wide) {
    const d = a.target(0, to, true);
    if (a.widthOf(a.operands[0]!) !== 8) {
      const [low, high] = [Number(least), Number(most)];
      const { ints } = a.machine;
      return (b) => {
        const value = round(cut(read(b)));
        // Results saturate; NaN is 0 as it is in an array of integers.
        ints[b + d] = Math.min(Math.max(value, low), high);
      };
    }
  }
  const write = writeWhole(a, to);
  return (b) => {
    const value = round(cut(read(b)));
    if (Number.isNaN(value)) write(b, none);
    else if (value === Number.POSITIVE_INFINITY) write(b, most);
    else if (value === Number.NEGATIVE_INFINITY) write(b, least);
    else write(b, clamp(BigInt(value), [least, most]));
  };
}

/** Writes a double that stands for the exact value, in a direction. */
function writeRounded(a: Assembly, to: Scalar): (base: number, value: number) => void {
  const slot = a.target(0, to);
  const rounding = (a.mods.rnd ?? "rn") as Rounding;
  const write = writeNumber(a.machine, to, slot);
  const { ints } = a.machine;
  if (to === "f16" || to === "bf16")
    return (b, value) => {
      ints[b + slot] = narrow[to].write(value, rounding);
    };
  if (to === "f32") return (b, value) => write(b, roundFloat(value, rounding));
  return write;
}

function wholeToFloat(a: Assembly): Op {
  const { to, from } = endsOf(a);
  const x = a.source(1, from, true);
  const { machine, mods } = a;
  if (bytesOf(from) === 8) {
    if (to === "f64" && mods.rnd !== "rn")
      return a.refuse("64 bits are made a float64 by rounding to the nearest only");
    const write = writeRounded(a, to);
    const read = readLong(machine, from, x);
    if (to === "f64") return (b) => write(b, Number(read(b)));
    return (b) => write(b, oddOfLong(read(b)));
  }
  const write = writeRounded(a, to);
  const read = readNumber(machine, from, x);
  return (b) => write(b, read(b));
}

function floatToFloat(a: Assembly): Op {
  const { to, from } = endsOf(a);
  const { rnd, ftz, sat, relu } = a.mods;
  const wider = bytesOf(to) > bytesOf(from);
  const rounds = rnd !== undefined && Object.hasOwn(whole, rnd);
  if (rounds && to !== from) return a.refuse("rounding to whole numbers keeps the type");
  if (!rounds && to !== from && wider !== (rnd === undefined))
    return a.refuse("a conversion is rounded where it loses digits, and only there");
  if (!rounds && to === from && rnd !== undefined) return a.refuse("a copy is not rounded");
  const read = readNumber(a.machine, from, a.source(1, from));
  const cut = ftz && from === "f32" ? flush : (value: number) => value;
  const after = ftz && to === "f32" ? flush : (value: number) => value;
  const round = rounds ? keepSign(whole[rnd]!) : (value: number) => value;
  const last = sat ? saturate : relu ? positive : (value: number) => value;
  if (rounds) {
    const write = writeNumber(a.machine, to, a.target(0, to));
    return (b) => write(b, last(round(cut(read(b)))));
  }
  const write = writeRounded(a, to);
  return (b) => write(b, last(after(cut(read(b)))));
}

const positive = (value: number): number => (value < 0 || Object.is(value, -0) ? 0 : value);

/** Two float32 become two halves of one register, the first one above. */
function pack(a: Assembly): Op {
  const type = a.mods.to === "f16x2" ? "f16" : "bf16";
  const { floats, ints } = a.machine;
  const [d, x, y] = [a.target(0, "b32"), a.source(1, "f32"), a.source(2, "f32")];
  const rounding = a.mods.rnd as Rounding;
  const last = a.mods.relu ? positive : (value: number) => value;
  const make = (value: number) => narrow[type].write(last(value), rounding);
  return (b) => {
    ints[b + d] = (make(floats[b + x]!) << 16) | make(floats[b + y]!);
  };
}

/** To 10 bits after the point, ties away from zero. */
export function roundToTensor(value: number): number {
  if (!Number.isFinite(value)) return value;
  return floatOfBits((bitsOfFloat(value) + 0x1000) & ~0x1fff);
}

function toTensor(a: Assembly): Op {
  const [d, x] = [a.target(0, "b32"), a.source(1, "f32")];
  const { floats } = a.machine;
  return (b) => {
    floats[b + d] = roundToTensor(floats[b + x]!);
  };
}

/** The rows of conversions. */
export const converting: readonly Form[] = [
  form("cvt", `{sat} (to:${integers}) (from:${integers})`, section, wholeToWhole),
  form(
    "cvt",
    `(rnd:rni|rzi|rmi|rpi) {ftz} {sat} (to:${integers}) (from:f16|bf16|f32|f64)`,
    section,
    floatToWhole,
  ),
  form("cvt", `(rnd:rn|rz|rm|rp) (to:f16|bf16|f32|f64) (from:${integers})`, section, wholeToFloat),
  form(
    "cvt",
    "{rnd:rn|rz|rm|rp|rni|rzi|rmi|rpi} {ftz} {sat} (to:f16|f32|f64) (from:f16|f32|f64)",
    section,
    floatToFloat,
  ),
  form("cvt", "{rnd:rn|rz|rm|rp} {relu} (to:bf16|f16) (from:f32)", section, floatToFloat),
  form("cvt", "{rnd:rn} (to:f32|bf16) (from:bf16)", section, floatToFloat),
  form("cvt", "(rnd:rn|rz) {relu} (to:f16x2|bf16x2) (from:f32)", section, pack),
  form("cvt", "rna (to:tf32) (from:f32)", section, toTensor),
];
