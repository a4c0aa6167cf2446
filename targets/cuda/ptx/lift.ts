// Functions on numbers as instructions on registers. The types that kernels use most read and write their views of
// the registers directly; the others go through a reader for each operand.

import type { Assembly } from "./forms.ts";
import { narrow } from "./halves.ts";
import type { Machine, Op } from "./machine.ts";
import type { Scalar } from "./types.ts";

type Reader = (base: number) => number;
type Writer = (base: number, value: number) => void;
type Function1 = (a: number) => number;
type Function2 = (a: number, b: number) => number;
type Function3 = (a: number, b: number, c: number) => number;

/** The NaN that arithmetic on float32 makes. */
const nan = 0x7fffffff;

/** Reads a slot as a number; types of 64 bits that are no floats have `readLong`. */
export function readNumber(
  { ints, uints, floats, doubles }: Machine,
  type: Scalar,
  slot: number,
): Reader {
  switch (type) {
    case "pred":
    case "b32":
    case "s32":
      return (b) => ints[b + slot]!;
    case "u32":
      return (b) => uints[b + slot]!;
    case "b8":
    case "u8":
      return (b) => ints[b + slot]! & 0xff;
    case "s8":
      return (b) => (ints[b + slot]! << 24) >> 24;
    case "b16":
    case "u16":
      return (b) => ints[b + slot]! & 0xffff;
    case "s16":
      return (b) => (ints[b + slot]! << 16) >> 16;
    case "f16":
    case "bf16": {
      const { read } = narrow[type];
      return (b) => read(ints[b + slot]! & 0xffff);
    }
    case "f32":
      return (b) => floats[b + slot]!;
    case "f64":
      return (b) => doubles[(b + slot) >> 1]!;
    case "b64":
    case "s64":
    case "u64":
    case "f16x2":
    case "bf16x2":
      throw new Error(`${type} is not read as one number`);
    default:
      throw new Error(`there is no type ${type satisfies never}`);
  }
}

/** Writes a number to a slot: rounded to the nearest where the type is narrower. */
export function writeNumber(
  { ints, floats, doubles }: Machine,
  type: Scalar,
  slot: number,
): Writer {
  switch (type) {
    case "pred":
    case "b8":
    case "b16":
    case "b32":
    case "s8":
    case "s16":
    case "s32":
    case "u32":
      return (b, value) => {
        ints[b + slot] = value;
      };
    case "u8":
      return (b, value) => {
        ints[b + slot] = value & 0xff;
      };
    case "u16":
      return (b, value) => {
        ints[b + slot] = value & 0xffff;
      };
    case "f16":
    case "bf16": {
      const { write } = narrow[type];
      return (b, value) => {
        ints[b + slot] = write(value, "rn");
      };
    }
    case "f32":
      return (b, value) => {
        if (Number.isNaN(value)) ints[b + slot] = nan;
        else floats[b + slot] = value;
      };
    case "f64":
      return (b, value) => {
        doubles[(b + slot) >> 1] = value;
      };
    case "b64":
    case "s64":
    case "u64":
    case "f16x2":
    case "bf16x2":
      throw new Error(`${type} is not written as one number`);
    default:
      throw new Error(`there is no type ${type satisfies never}`);
  }
}

/** Reads a slot as a whole number of any width. */
export function readLong(machine: Machine, type: Scalar, slot: number): (base: number) => bigint {
  const { longs, ulongs } = machine;
  if (type === "s64") return (b) => longs[(b + slot) >> 1]!;
  if (type === "u64" || type === "b64") return (b) => ulongs[(b + slot) >> 1]!;
  const read = readNumber(machine, type === "b32" ? "u32" : type, slot);
  return (b) => BigInt(read(b));
}

/** Writes the low bits of a whole number to a slot. */
export function writeLong(machine: Machine, type: Scalar, slot: number) {
  const { ulongs } = machine;
  if (type === "s64" || type === "u64" || type === "b64")
    return (b: number, value: bigint): void => {
      ulongs[(b + slot) >> 1] = value;
    };
  const write = writeNumber(machine, type, slot);
  return (b: number, value: bigint): void => write(b, Number(BigInt.asIntN(32, value)));
}

/** d = f(a). */
export function lift1(a: Assembly, type: Scalar, f: Function1, of: Scalar = type): Op {
  const write = writeNumber(a.machine, type, a.target(0, type));
  const read = readNumber(a.machine, of, a.source(1, of));
  return (b) => write(b, f(read(b)));
}

/** d = f(a, b), all of one type. */
export function lift2(a: Assembly, type: Scalar, f: Function2): Op {
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints, floats } = a.machine;
  switch (type) {
    case "s32":
    case "b32":
      return (b) => {
        ints[b + d] = f(ints[b + x]!, ints[b + y]!);
      };
    case "f32":
      return (b) => {
        const value = f(floats[b + x]!, floats[b + y]!);
        if (Number.isNaN(value)) ints[b + d] = nan;
        else floats[b + d] = value;
      };
    default: {
      const write = writeNumber(a.machine, type, d);
      const [first, second] = [readNumber(a.machine, type, x), readNumber(a.machine, type, y)];
      return (b) => write(b, f(first(b), second(b)));
    }
  }
}

/** d = f(a, b, c), all of one type. */
export function lift3(a: Assembly, type: Scalar, f: Function3): Op {
  const [d, x, y, z] = [a.target(0, type), a.source(1, type), a.source(2, type), a.source(3, type)];
  const { ints } = a.machine;
  if (type === "s32" || type === "b32")
    return (b) => {
      ints[b + d] = f(ints[b + x]!, ints[b + y]!, ints[b + z]!);
    };
  const write = writeNumber(a.machine, type, d);
  const [first, second] = [readNumber(a.machine, type, x), readNumber(a.machine, type, y)];
  const third = readNumber(a.machine, type, z);
  return (b) => write(b, f(first(b), second(b), third(b)));
}

/** The same on whole numbers of any width: exact, and slower. */
export function liftLongs(
  a: Assembly,
  type: Scalar,
  of: readonly Scalar[],
  f: (...values: bigint[]) => bigint,
): Op {
  const write = writeLong(a.machine, type, a.target(0, type));
  const reads = of.map((t, i) => readLong(a.machine, t, a.source(i + 1, t)));
  return (b) => write(b, f(...reads.map((read) => read(b))));
}

/** Both halves of 32 bits, each as a function of 16 bits says. */
export function liftPairs(
  a: Assembly,
  type: "f16" | "bf16",
  count: number,
  f: (...values: number[]) => number,
): Op {
  const { ints } = a.machine;
  const pair: Scalar = `${type}x2`;
  const d = a.target(0, pair);
  const sources = Array.from({ length: count }, (_, i) => a.source(i + 1, pair));
  const { read, write } = narrow[type];
  return (b) => {
    const low = f(...sources.map((slot) => read(ints[b + slot]! & 0xffff)));
    const high = f(...sources.map((slot) => read(ints[b + slot]! >>> 16)));
    ints[b + d] = (write(high, "rn") << 16) | write(low, "rn");
  };
}
