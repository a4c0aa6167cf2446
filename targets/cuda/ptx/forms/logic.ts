// Bits: logic, shifts, fields, counts and permutations.

import { type Assembly, type Form, form, typeOf } from "../forms.ts";
import {
  lift1,
  lift2,
  lift3,
  liftLongs,
  readLong,
  readNumber,
  writeLong,
  writeNumber,
} from "../lift.ts";
import type { Op } from "../machine.ts";
import { bytesOf, type Scalar } from "../types.ts";

const logic = (name: string): string => `Logic and Shift Instructions: ${name}`;
const integer = (name: string): string => `Integer Arithmetic Instructions: ${name}`;
const moving = (name: string): string => `Data Movement and Conversion Instructions: ${name}`;

/** The same on both words of 64 bits. */
function combine(a: Assembly, f: (x: number, y: number) => number): Op {
  const type = typeOf(a);
  if (type !== "b64") return lift2(a, type, f);
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints } = a.machine;
  return (b) => {
    const high = f(ints[b + x + 1]!, ints[b + y + 1]!);
    ints[b + d] = f(ints[b + x]!, ints[b + y]!);
    ints[b + d + 1] = high;
  };
}

/** Shifts by 32 bits that are a number; by more than there are is as by as many. */
function shift(
  a: Assembly,
  numbers: (x: number, by: number) => number,
  longs: (x: bigint, by: bigint) => bigint,
): Op {
  const type = typeOf(a);
  const by = readNumber(a.machine, "u32", a.source(2, "u32"));
  const bits = bytesOf(type) * 8;
  if (bits === 64) {
    const write = writeLong(a.machine, type, a.target(0, type));
    const read = readLong(a.machine, type, a.source(1, type));
    return (b) => write(b, longs(read(b), BigInt(Math.min(by(b), 64))));
  }
  const write = writeNumber(a.machine, type, a.target(0, type));
  const read = readNumber(a.machine, type, a.source(1, type));
  return (b) => write(b, numbers(read(b), Math.min(by(b), bits)));
}

const shiftLeft = (x: number, by: number): number => (by > 31 ? 0 : x << by);
const shiftRight = (x: number, by: number): number =>
  x < 0 ? x >> Math.min(by, 31) : by > 31 ? 0 : x >>> by;

const mask = (bits: bigint): bigint => (1n << bits) - 1n;

/** A field of bits, with its sign where the type has one: what lies beyond is the last bit's sign. */
function extract(type: Scalar): (a: bigint, position: bigint, length: bigint) => bigint {
  const signed = type.startsWith("s");
  const bits = bytesOf(type) * 8;
  return (value, position, length) => {
    const [at, count] = [position & 255n, length & 255n];
    if (count === 0n) return 0n;
    if (!signed) return (BigInt.asUintN(bits, value) >> at) & mask(count);
    const top = at + count > BigInt(bits) ? BigInt(bits) : at + count;
    if (at >= BigInt(bits)) return value < 0n ? -1n : 0n;
    return BigInt.asIntN(Number(top - at), value >> at);
  };
}

function insert(type: Scalar): (field: bigint, into: bigint, at: bigint, count: bigint) => bigint {
  const bits = bytesOf(type) * 8;
  return (field, into, position, length) => {
    const place = mask(length & 255n) << (position & 255n);
    const moved = (field << (position & 255n)) & place;
    return BigInt.asUintN(bits, (into & ~place) | moved);
  };
}

/** Any function of three bits, by its table. */
const look3 =
  (table: number) =>
  (x: number, y: number, z: number): number => {
    let result = 0;
    for (let row = 0; row < 8; row++)
      if ((table >> row) & 1)
        result |= (row & 4 ? x : ~x) & (row & 2 ? y : ~y) & (row & 1 ? z : ~z);
    return result;
  };

/** Picks four of eight bytes; a choice of 8 and more repeats the byte's sign. */
export function permute(x: number, y: number, choice: number): number {
  let result = 0;
  for (let i = 0; i < 4; i++) {
    const pick = (choice >>> (4 * i)) & 15;
    const from = pick & 4 ? y : x;
    const byte = (from >>> (8 * (pick & 3))) & 255;
    result |= (pick & 8 ? (byte & 128 ? 255 : 0) : byte) << (8 * i);
  }
  return result;
}

const reverse =
  (bits: number) =>
  (value: bigint): bigint =>
    BigInt(`0b${[...value.toString(2).padStart(bits, "0")].reverse().join("")}`);

const countOnes = (value: bigint): number => value.toString(2).replaceAll("0", "").length;

/** A count of bits, which is of 32 bits whatever is counted. */
function count(a: Assembly, f: (value: bigint) => number): Op {
  const type = typeOf(a);
  const write = writeNumber(a.machine, "u32", a.target(0, "u32"));
  const read = readLong(a.machine, type, a.source(1, type));
  return (b) => write(b, f(read(b)));
}

/** The position of the highest bit that is not the sign. */
function findHighest(a: Assembly): Op {
  const type = typeOf(a);
  const bits = bytesOf(type) * 8;
  return count(a, (value) => {
    const size = value < 0n ? ~value : value;
    if (size === 0n) return 0xffffffff;
    const at = size.toString(2).length - 1;
    return a.mods.shiftamt ? bits - 1 - at : at;
  });
}

/** Two words, shifted as one. */
function funnel(a: Assembly): Op {
  const wrap = a.mods.mode === "wrap";
  const left = a.mods.way === "l";
  return lift3(a, "b32", (low, high, by) => {
    const n = wrap ? by & 31 : Math.min(by >>> 0, 32);
    const both = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    return Number(BigInt.asIntN(32, left ? (both << BigInt(n)) >> 32n : both >> BigInt(n)));
  });
}

function lookUp(a: Assembly): Op {
  const table = a.operands[4];
  if (table?.kind !== "integer") return a.refuse("the table of lop3 is a number");
  return lift3(a, "b32", look3(Number(table.value)));
}

const and = (x: number, y: number): number => x & y;
const or = (x: number, y: number): number => x | y;
const xor = (x: number, y: number): number => x ^ y;
const bits = "(type:pred|b16|b32|b64)";

function invert(a: Assembly): Op {
  const type = typeOf(a);
  if (type === "pred") return lift1(a, type, (x) => x ^ 1);
  return type === "b64" ? liftLongs(a, type, [type], (x) => ~x!) : lift1(a, type, (x) => ~x);
}

const fields = (a: Assembly, f: (...values: bigint[]) => bigint, first: readonly Scalar[]): Op =>
  liftLongs(a, typeOf(a), [...first, "u32", "u32"], f);

/** The rows of bits. */
export const bitwise: readonly Form[] = [
  form("and", bits, logic("and"), (a) => combine(a, and)),
  form("or", bits, logic("or"), (a) => combine(a, or)),
  form("xor", bits, logic("xor"), (a) => combine(a, xor)),
  form("not", bits, logic("not"), invert),
  form("cnot", "(type:b16|b32)", logic("cnot"), (a) =>
    lift1(a, typeOf(a), (x) => (x === 0 ? 1 : 0)),
  ),
  form("lop3", "(type:b32)", logic("lop3"), lookUp),
  form("shf", "(way:l|r) (mode:clamp|wrap) (type:b32)", logic("shf"), funnel),
  form("shl", "(type:b16|b32|b64)", logic("shl"), (a) => shift(a, shiftLeft, (x, by) => x << by)),
  form("shr", "(type:b16|b32|b64|u16|u32|u64|s16|s32|s64)", logic("shr"), (a) => {
    // Bits without a sign are filled with zeros.
    const unsigned = typeOf(a) === "b32";
    const right = unsigned ? (x: number, by: number) => shiftRight(x >>> 0, by) : shiftRight;
    return shift(a, right, (x, by) => x >> by);
  }),
  form("popc", "(type:b32|b64)", integer("popc"), (a) => count(a, countOnes)),
  form("clz", "(type:b32|b64)", integer("clz"), (a) =>
    count(a, (value) => bytesOf(typeOf(a)) * 8 - (value === 0n ? 0 : value.toString(2).length)),
  ),
  form("bfind", "{shiftamt} (type:u32|s32|u64|s64)", integer("bfind"), findHighest),
  form("brev", "(type:b32|b64)", integer("brev"), (a) => {
    const type = typeOf(a);
    const turn = reverse(bytesOf(type) * 8);
    return liftLongs(a, type, [type], (x) => turn(x!));
  }),
  form("bfe", "(type:u32|s32|u64|s64)", integer("bfe"), (a) => {
    const f = extract(typeOf(a));
    return fields(a, (x, at, n) => f(x!, at!, n!), [typeOf(a)]);
  }),
  form("bfi", "(type:b32|b64)", integer("bfi"), (a) => {
    const f = insert(typeOf(a));
    return fields(a, (x, y, at, n) => f(x!, y!, at!, n!), [typeOf(a), typeOf(a)]);
  }),
  form("prmt", "(type:b32)", moving("prmt"), (a) => lift3(a, "b32", permute)),
];
