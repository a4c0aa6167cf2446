// Arithmetic of float16 and bfloat16, one or two at a time. Products of two are exact in doubles; sums are rounded to
// odd first, so that the one rounding that counts is the last.

import { flush, greater, lesser, roundToOdd, saturate, sumError } from "../floats.ts";
import { type Assembly, type Form, form } from "../forms.ts";
import { lift1, lift2, lift3, liftPairs } from "../lift.ts";
import type { Op } from "../machine.ts";

const section = (name: string): string => `Half Precision Floating-Point Instructions: ${name}`;

type Numbers = (...values: number[]) => number;

const add: Numbers = (x, y) => roundToOdd(x! + y!, sumError(x!, y!));
const subtract: Numbers = (x, y) => add(x!, -y!);
const multiply: Numbers = (x, y) => x! * y!;
const fuse: Numbers = (x, y, z) => add(x! * y!, z!);

/** Subnormal float16 become zeros; bfloat16 has the exponents of float32. */
const flushHalf = (value: number): number =>
  Math.abs(value) < 2 ** -14 ? (value < 0 || Object.is(value, -0) ? -0 : 0) : value;

function modify({ mods }: Assembly, brain: boolean, f: Numbers): Numbers {
  const small = brain ? flush : flushHalf;
  let made = f;
  if (mods.ftz) made = (...values) => small(f(...values.map(small)));
  const before = made;
  if (mods.sat) made = (...values) => saturate(before(...values));
  if (mods.relu) made = (...values) => keepPositive(before(...values));
  return made;
}

/** Below zero becomes zero; a NaN stays one. */
const keepPositive = (value: number): number => Math.max(value, 0);

function lift(a: Assembly, count: 1 | 2 | 3, f: Numbers): Op {
  const type = a.mods.type!;
  const brain = type.startsWith("bf");
  const scalar = brain ? "bf16" : "f16";
  const modified = modify(a, brain, f);
  if (type.endsWith("x2")) return liftPairs(a, scalar, count, modified);
  if (count === 1) return lift1(a, scalar, modified);
  return count === 2 ? lift2(a, scalar, modified) : lift3(a, scalar, modified);
}

/** A sign of each half is a bit, of numbers that are none too. */
function changeSign(a: Assembly, f: (bits: number, signs: number) => number): Op {
  const type = a.mods.type!;
  const pair = type.endsWith("x2");
  const bits = pair ? "b32" : "b16";
  if (a.mods.ftz)
    return a.refuse("subnormal numbers of 16 bits are not flushed where a sign changes");
  const [d, x] = [a.target(0, bits), a.source(1, bits)];
  const { ints } = a.machine;
  const signs = pair ? 0x80008000 | 0 : 0x8000;
  return (b) => {
    ints[b + d] = f(ints[b + x]!, signs);
  };
}

const pick = (a: Assembly, f: (x: number, y: number) => number): Op =>
  lift(a, 2, (x, y) =>
    a.mods.NaN && (Number.isNaN(x!) || Number.isNaN(y!)) ? Number.NaN : f(x!, y!),
  );

const half = "(type:f16|f16x2)";
const brain = "(type:bf16|bf16x2)";
const both = "(type:f16|f16x2|bf16|bf16x2)";

/** The rows of float16 and bfloat16. */
export const halves: readonly Form[] = [
  form("add", `{rn} {ftz} {sat} ${half}`, section("add"), (a) => lift(a, 2, add)),
  form("add", `{rn} ${brain}`, section("add"), (a) => lift(a, 2, add)),
  form("sub", `{rn} {ftz} {sat} ${half}`, section("sub"), (a) => lift(a, 2, subtract)),
  form("sub", `{rn} ${brain}`, section("sub"), (a) => lift(a, 2, subtract)),
  form("mul", `{rn} {ftz} {sat} ${half}`, section("mul"), (a) => lift(a, 2, multiply)),
  form("mul", `{rn} ${brain}`, section("mul"), (a) => lift(a, 2, multiply)),
  form("fma", `rn {ftz} {sat} ${half}`, section("fma"), (a) => lift(a, 3, fuse)),
  form("fma", `rn {ftz} relu ${half}`, section("fma"), (a) => lift(a, 3, fuse)),
  form("fma", `rn {relu} ${brain}`, section("fma"), (a) => lift(a, 3, fuse)),
  form("neg", `{ftz} ${both}`, section("neg"), (a) => changeSign(a, (x, signs) => x ^ signs)),
  form("abs", `{ftz} ${both}`, section("abs"), (a) => changeSign(a, (x, signs) => x & ~signs)),
  form("min", `{ftz} {NaN} ${both}`, section("min"), (a) => pick(a, lesser)),
  form("max", `{ftz} {NaN} ${both}`, section("max"), (a) => pick(a, greater)),
  form("tanh", `approx ${both}`, section("tanh"), (a) => lift(a, 1, (x) => Math.tanh(x!))),
  form("ex2", `approx ${half}`, section("ex2"), (a) => lift(a, 1, (x) => 2 ** x!)),
  form("ex2", `approx ftz ${brain}`, section("ex2"), (a) => lift(a, 1, (x) => 2 ** x!)),
];
