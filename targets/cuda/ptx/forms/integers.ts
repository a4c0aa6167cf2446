// Integer arithmetic. 32 bits wrap around in JavaScript's own operations; 64 bits are two words where that is simple,
// since addresses are computed all the time, and BigInt elsewhere.

import { Fault } from "../fault.ts";
import { type Assembly, type Form, form, typeOf } from "../forms.ts";
import { lift1, lift2, lift3, liftLongs } from "../lift.ts";
import type { Op } from "../machine.ts";
import { bytesOf, type Scalar } from "../types.ts";
import { larger, smaller } from "../wide.ts";

const section = (name: string): string => `Integer Arithmetic Instructions: ${name}`;
const all = "(type:s16|s32|s64|u16|u32|u64)";

const isLong = (type: Scalar): boolean => bytesOf(type) === 8;
const clamp = (value: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));

type Numbers = (...values: number[]) => number;
type Longs = (...values: bigint[]) => bigint;

/** d = f(a, …), on numbers or, where the type is long, on BigInt. */
function lift(a: Assembly, count: 1 | 2 | 3, numbers: Numbers, longs: Longs): Op {
  const type = typeOf(a);
  if (isLong(type)) return liftLongs(a, type, Array(count).fill(type) as Scalar[], longs);
  if (count === 1) return lift1(a, type, numbers);
  return count === 2 ? lift2(a, type, numbers) : lift3(a, type, numbers);
}

function addLongs(a: Assembly): Op {
  const type = typeOf(a);
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints, uints } = a.machine;
  return (b) => {
    const low = uints[b + x]! + uints[b + y]!;
    const high = ints[b + x + 1]! + ints[b + y + 1]! + (low > 0xffffffff ? 1 : 0);
    ints[b + d] = low;
    ints[b + d + 1] = high;
  };
}

function subtractLongs(a: Assembly): Op {
  const type = typeOf(a);
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints, uints } = a.machine;
  return (b) => {
    const low = uints[b + x]! - uints[b + y]!;
    const high = ints[b + x + 1]! - ints[b + y + 1]! - (low < 0 ? 1 : 0);
    ints[b + d] = low;
    ints[b + d + 1] = high;
  };
}

/** The product of 32 bits by 32 bits, of which a double holds enough where it is small. */
function multiplyWide(a: Assembly): Op {
  const of = typeOf(a);
  const bytes = bytesOf(of);
  const signed = of.startsWith("s");
  const to: Scalar = bytes === 2 ? (signed ? "s32" : "u32") : signed ? "s64" : "u64";
  if (bytes === 2) {
    const [d, x, y] = [a.target(0, to), a.source(1, of), a.source(2, of)];
    const { ints } = a.machine;
    const cut = signed ? (v: number) => (v << 16) >> 16 : (v: number) => v & 0xffff;
    return (b) => {
      ints[b + d] = Math.imul(cut(ints[b + x]!), cut(ints[b + y]!));
    };
  }
  const [d, x, y] = [a.target(0, to), a.source(1, of), a.source(2, of)];
  const { ints, uints, longs, ulongs } = a.machine;
  const values = signed ? ints : uints;
  const wide = signed ? longs : ulongs;
  return (b) => {
    const [first, second] = [values[b + x]!, values[b + y]!];
    const product = first * second;
    if (Math.abs(product) <= Number.MAX_SAFE_INTEGER) {
      ints[b + d] = Math.imul(first, second);
      ints[b + d + 1] = Math.floor(product / 2 ** 32);
    } else wide[(b + d) >> 1] = BigInt(first) * BigInt(second);
  };
}

function multiplyAddWide(a: Assembly): Op {
  const of = typeOf(a);
  const signed = of.startsWith("s");
  const to: Scalar = bytesOf(of) === 2 ? (signed ? "s32" : "u32") : signed ? "s64" : "u64";
  return liftLongs(a, to, [of, of, to], (x, y, z) => x! * y! + z!);
}

/** The upper half of a product. */
const highOf = (type: Scalar): Longs => {
  const bits = BigInt(bytesOf(type) * 8);
  return (x, y) => (x! * y!) >> bits;
};

const high = (a: Assembly, add: boolean): Op => {
  const type = typeOf(a);
  const half = highOf(type);
  return liftLongs(a, type, add ? [type, type, type] : [type, type], (x, y, z) =>
    add ? half(x!, y!) + z! : half(x!, y!),
  );
};

/** Division by zero has no defined result; a kernel that does it is at fault. */
const divisor = <T extends number | bigint>({ site }: Assembly, value: T): T => {
  if (Number(value) === 0) throw new Fault(site, "a whole number is divided by 0");
  return value;
};

const divide = (a: Assembly): Op =>
  lift(
    a,
    2,
    (x, y) => Math.trunc(x! / divisor(a, y!)),
    (x, y) => x! / divisor(a, y!),
  );
const remainder = (a: Assembly): Op =>
  lift(
    a,
    2,
    (x, y) => x! % divisor(a, y!),
    (x, y) => x! % divisor(a, y!),
  );

/** Sums with the carry flag, which a BigInt shows as one bit more. */
function carrying(a: Assembly, f: Longs, count: number, reads: boolean): Op {
  const type = typeOf(a);
  const unsigned: Scalar = bytesOf(type) === 8 ? "u64" : "u32";
  const bits = BigInt(bytesOf(type) * 8);
  const { ints } = a.machine;
  const { carry } = a;
  let kept = 0;
  const op = liftLongs(a, unsigned, Array(count).fill(unsigned) as Scalar[], (...values) => {
    const value = f(...values, BigInt(kept));
    kept = Number((value >> bits) & 1n);
    return BigInt.asUintN(Number(bits), value);
  });
  return (b) => {
    kept = reads ? ints[b + carry]! : 0;
    op(b);
    if (a.mods.cc) ints[b + carry] = kept;
  };
}

const extended = "Extended-Precision Integer Arithmetic Instructions: ";
const carried = "(type:s32|u32|s64|u64)";
const lowHalf = (value: bigint, a: Assembly): bigint =>
  BigInt.asUintN(bytesOf(typeOf(a)) * 8, value);
const highHalf = (a: Assembly, x: bigint, y: bigint): bigint => {
  const bits = bytesOf(typeOf(a)) * 8;
  const cut = typeOf(a).startsWith("s") ? BigInt.asIntN : BigInt.asUintN;
  return BigInt.asUintN(bits, (cut(bits, x) * cut(bits, y)) >> BigInt(bits));
};
const productOf = (a: Assembly, x: bigint, y: bigint): bigint =>
  a.mods.half === "hi" ? highHalf(a, x, y) : lowHalf(x * y, a);

/** The rows of integer arithmetic. */
export const integers: readonly Form[] = [
  form("add", "(type:s16|s32|u16|u32)", section("add"), (a) =>
    lift2(a, typeOf(a), (x, y) => x + y),
  ),
  form("add", "(type:s64|u64)", section("add"), addLongs),
  form("add", "sat (type:s32)", section("add"), (a) => lift2(a, "s32", (x, y) => clamp(x + y))),
  form("sub", "(type:s16|s32|u16|u32)", section("sub"), (a) =>
    lift2(a, typeOf(a), (x, y) => x - y),
  ),
  form("sub", "(type:s64|u64)", section("sub"), subtractLongs),
  form("sub", "sat (type:s32)", section("sub"), (a) => lift2(a, "s32", (x, y) => clamp(x - y))),
  form("mul", `lo ${all}`, section("mul"), (a) => lift(a, 2, Math.imul, (x, y) => x! * y!)),
  form("mul", `hi ${all}`, section("mul"), (a) => high(a, false)),
  form("mul", "wide (type:s16|u16|s32|u32)", section("mul"), multiplyWide),
  form("mad", `lo ${all}`, section("mad"), (a) =>
    lift(
      a,
      3,
      (x, y, z) => Math.imul(x!, y!) + z!,
      (x, y, z) => x! * y! + z!,
    ),
  ),
  form("mad", `hi ${all}`, section("mad"), (a) => high(a, true)),
  form("mad", "wide (type:s16|u16|s32|u32)", section("mad"), multiplyAddWide),
  form("mul24", "lo (type:s32|u32)", section("mul24"), (a) =>
    lift2(a, typeOf(a), (x, y) =>
      a.mods.type === "s32"
        ? Math.imul((x << 8) >> 8, (y << 8) >> 8)
        : Math.imul(x & 0xffffff, y & 0xffffff),
    ),
  ),
  form("sad", "(type:s32|u32)", section("sad"), (a) =>
    lift3(a, typeOf(a), (x, y, z) => z + Math.abs(x - y)),
  ),
  form("div", all, section("div"), divide),
  form("rem", all, section("rem"), remainder),
  form("abs", "(type:s16|s32|s64)", section("abs"), (a) =>
    lift(
      a,
      1,
      (x) => Math.abs(x!),
      (x) => (x! < 0n ? -x! : x!),
    ),
  ),
  form("neg", "(type:s16|s32|s64)", section("neg"), (a) =>
    lift(
      a,
      1,
      (x) => -x!,
      (x) => -x!,
    ),
  ),
  form("min", all, section("min"), (a) => lift(a, 2, Math.min, (x, y) => smaller(x!, y!))),
  form("max", all, section("max"), (a) => lift(a, 2, Math.max, (x, y) => larger(x!, y!))),
  form("add", `(cc) ${carried}`, `${extended}add.cc`, (a) =>
    carrying(a, (x, y) => x! + y!, 2, false),
  ),
  form("addc", `{cc} ${carried}`, `${extended}addc`, (a) =>
    carrying(a, (x, y, c) => x! + y! + c!, 2, true),
  ),
  form("sub", `(cc) ${carried}`, `${extended}sub.cc`, (a) =>
    carrying(a, (x, y) => x! - y!, 2, false),
  ),
  form("subc", `{cc} ${carried}`, `${extended}subc`, (a) =>
    carrying(a, (x, y, c) => x! - y! - c!, 2, true),
  ),
  form("mad", `(half:lo|hi) (cc) ${carried}`, `${extended}mad.cc`, (a) =>
    carrying(a, (x, y, z) => productOf(a, x!, y!) + z!, 3, false),
  ),
  form("madc", `(half:lo|hi) {cc} ${carried}`, `${extended}madc`, (a) =>
    carrying(a, (x, y, z, c) => productOf(a, x!, y!) + z! + c!, 3, true),
  ),
];
