// Arithmetic of float32 and float64: rounded as the instruction says. Approximations are computed exactly and rounded,
// which is within every error that the ISA allows them.

import {
  addFloats,
  divideFloats,
  flush,
  fuseFloats,
  greater,
  lesser,
  multiplyFloats,
  type Rounding,
  rootFloat,
  saturate,
} from "../floats.ts";
import { type Assembly, type Form, form, typeOf } from "../forms.ts";
import { lift1, lift2, lift3, readNumber, writeNumber } from "../lift.ts";
import type { Op } from "../machine.ts";
import { addDoubles, fuseDoubles, multiplyDoubles } from "../wide.ts";

const section = (name: string): string => `Floating-Point Instructions: ${name}`;
const rounded = "{rnd:rn|rz|rm|rp}";
const required = "(rnd:rn|rz|rm|rp)";

const roundingOf = ({ mods }: Assembly): Rounding => (mods.rnd ?? "rn") as Rounding;

type Numbers = (...values: number[]) => number;

/** A function with what `.ftz` does to operands and result, and `.sat` to the result. */
function modify({ mods }: Assembly, f: Numbers): Numbers {
  const flushed: Numbers = mods.ftz ? (...values) => flush(f(...values.map(flush))) : f;
  return mods.sat ? (...values) => saturate(flushed(...values)) : flushed;
}

/** f32, of which the plain case is the most frequent of all. */
function add(a: Assembly): Op {
  const rounding = roundingOf(a);
  if (a.mods.ftz || a.mods.sat || rounding !== "rn")
    return lift2(
      a,
      "f32",
      modify(a, (x, y) => addFloats(x!, y!, rounding)),
    );
  // Writing a float32 rounds to the nearest.
  return lift2(a, "f32", (x, y) => x + y);
}

function subtract(a: Assembly): Op {
  const rounding = roundingOf(a);
  if (a.mods.ftz || a.mods.sat || rounding !== "rn")
    return lift2(
      a,
      "f32",
      modify(a, (x, y) => addFloats(x!, -y!, rounding)),
    );
  return lift2(a, "f32", (x, y) => x - y);
}

function multiply(a: Assembly): Op {
  const rounding = roundingOf(a);
  if (a.mods.ftz || a.mods.sat || rounding !== "rn")
    return lift2(
      a,
      "f32",
      modify(a, (x, y) => multiplyFloats(x!, y!, rounding)),
    );
  return lift2(a, "f32", (x, y) => x * y);
}

const fuse = (a: Assembly): Op => {
  const rounding = roundingOf(a);
  return lift3(
    a,
    "f32",
    modify(a, (x, y, z) => fuseFloats(x!, y!, z!, rounding)),
  );
};

const one = (a: Assembly, f: (value: number) => number): Op =>
  lift1(
    a,
    "f32",
    modify(a, (x) => Math.fround(f(x!))),
  );

/** The smallest or largest of two or three. */
function choose(a: Assembly, pick: (x: number, y: number) => number): Op {
  const type = typeOf(a);
  let f: Numbers = (x, y) => pick(x!, y!);
  if (a.mods.NaN) {
    const plain = f;
    f = (x, y) => (Number.isNaN(x!) || Number.isNaN(y!) ? Number.NaN : plain(x!, y!));
  }
  const both = f;
  if (a.operands.length === 4)
    return lift3(
      a,
      type,
      modify(a, (x, y, z) => f(f(x!, y!), z!)),
    );
  if (a.mods.xorsign)
    f = (x, y) => {
      const negative = isNegative(x!) !== isNegative(y!);
      const size = both(Math.abs(x!), Math.abs(y!));
      return negative ? -size : size;
    };
  return lift2(a, type, modify(a, f));
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

/** Signs are bits, of numbers that are none too. */
function changeSign(a: Assembly, f: (high: number) => number): Op {
  const type = typeOf(a);
  const [d, x] = [a.target(0, type), a.source(1, type)];
  const { ints, floats } = a.machine;
  if (type === "f64")
    return (b) => {
      const high = f(ints[b + x + 1]!);
      ints[b + d] = ints[b + x]!;
      ints[b + d + 1] = high;
    };
  if (a.mods.ftz) {
    const write = writeNumber(a.machine, type, d);
    return (b) => {
      const kept = flush(floats[b + x]!);
      write(b, kept);
      ints[b + d] = f(ints[b + d]!);
    };
  }
  return (b) => {
    ints[b + d] = f(ints[b + x]!);
  };
}

const sign = -0x80000000;
const absolute = (high: number): number => high & 0x7fffffff;
const negate = (high: number): number => high ^ sign;

function copySign(a: Assembly): Op {
  const type = typeOf(a);
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints } = a.machine;
  const top = type === "f64" ? 1 : 0;
  return (b) => {
    const high = (ints[b + x + top]! & sign) | (ints[b + y + top]! & 0x7fffffff);
    if (top) ints[b + d] = ints[b + y]!;
    ints[b + d + top] = high;
  };
}

const tests: Readonly<Record<string, (value: number, least: number) => boolean>> = {
  finite: (value) => Number.isFinite(value),
  infinite: (value) => Math.abs(value) === Number.POSITIVE_INFINITY,
  number: (value) => !Number.isNaN(value),
  notanumber: (value) => Number.isNaN(value),
  // Zeros count as normal.
  normal: (value, least) => value === 0 || (Number.isFinite(value) && Math.abs(value) >= least),
  subnormal: (value, least) => value !== 0 && Math.abs(value) < least,
};

function test(a: Assembly): Op {
  const type = typeOf(a);
  const holds = tests[a.mods.test!]!;
  const least = type === "f32" ? 2 ** -126 : 2 ** -1022;
  const write = writeNumber(a.machine, "pred", a.target(0, "pred"));
  const read = readNumber(a.machine, type, a.source(1, type));
  return (b) => write(b, holds(read(b), least) ? 1 : 0);
}

/** The rows of float32 and float64. */
export const floating: readonly Form[] = [
  form("add", `${rounded} {ftz} {sat} (type:f32)`, section("add"), add),
  form("sub", `${rounded} {ftz} {sat} (type:f32)`, section("sub"), subtract),
  form("mul", `${rounded} {ftz} {sat} (type:f32)`, section("mul"), multiply),
  form("fma", `${required} {ftz} {sat} (type:f32)`, section("fma"), fuse),
  form("mad", `${required} {ftz} {sat} (type:f32)`, section("mad"), fuse),
  form("add", `${rounded} (type:f64)`, section("add"), (a) =>
    lift2(a, "f64", (x, y) => addDoubles(x, y, roundingOf(a))),
  ),
  form("sub", `${rounded} (type:f64)`, section("sub"), (a) =>
    lift2(a, "f64", (x, y) => addDoubles(x, -y, roundingOf(a))),
  ),
  form("mul", `${rounded} (type:f64)`, section("mul"), (a) =>
    lift2(a, "f64", (x, y) => multiplyDoubles(x, y, roundingOf(a))),
  ),
  form("fma", `${required} (type:f64)`, section("fma"), (a) =>
    lift3(a, "f64", (x, y, z) => fuseDoubles(x, y, z, roundingOf(a))),
  ),
  form("mad", `${required} (type:f64)`, section("mad"), (a) =>
    lift3(a, "f64", (x, y, z) => fuseDoubles(x, y, z, roundingOf(a))),
  ),
  form("div", `${required} {ftz} (type:f32)`, section("div"), (a) =>
    lift2(
      a,
      "f32",
      modify(a, (x, y) => divideFloats(x!, y!, roundingOf(a))),
    ),
  ),
  form("div", "(how:approx|full) {ftz} (type:f32)", section("div"), (a) =>
    lift2(
      a,
      "f32",
      modify(a, (x, y) => Math.fround(x! / y!)),
    ),
  ),
  form("div", "rn (type:f64)", section("div"), (a) => lift2(a, "f64", (x, y) => x / y)),
  form("rcp", `${required} {ftz} (type:f32)`, section("rcp"), (a) =>
    lift1(
      a,
      "f32",
      modify(a, (x) => divideFloats(1, x!, roundingOf(a))),
    ),
  ),
  form("rcp", "approx {ftz} (type:f32)", section("rcp"), (a) => one(a, (x) => 1 / x)),
  form("rcp", "rn (type:f64)", section("rcp"), (a) => lift1(a, "f64", (x) => 1 / x)),
  form("sqrt", `${required} {ftz} (type:f32)`, section("sqrt"), (a) =>
    lift1(
      a,
      "f32",
      modify(a, (x) => rootFloat(x!, roundingOf(a))),
    ),
  ),
  form("sqrt", "approx {ftz} (type:f32)", section("sqrt"), (a) => one(a, Math.sqrt)),
  form("sqrt", "rn (type:f64)", section("sqrt"), (a) => lift1(a, "f64", Math.sqrt)),
  form("rsqrt", "approx {ftz} (type:f32)", section("rsqrt"), (a) =>
    one(a, (x) => 1 / Math.sqrt(x)),
  ),
  form("rsqrt", "approx (type:f64)", section("rsqrt"), (a) =>
    lift1(a, "f64", (x) => 1 / Math.sqrt(x)),
  ),
  form("sin", "approx {ftz} (type:f32)", section("sin"), (a) => one(a, Math.sin)),
  form("cos", "approx {ftz} (type:f32)", section("cos"), (a) => one(a, Math.cos)),
  form("lg2", "approx {ftz} (type:f32)", section("lg2"), (a) => one(a, Math.log2)),
  form("ex2", "approx {ftz} (type:f32)", section("ex2"), (a) => one(a, (x) => 2 ** x)),
  form("tanh", "approx (type:f32)", section("tanh"), (a) => one(a, Math.tanh)),
  form("min", "{ftz} {NaN} {xorsign} {abs} (type:f32)", section("min"), (a) => {
    if (!a.mods.xorsign !== !a.mods.abs) a.refuse("xorsign and abs come together");
    return choose(a, lesser);
  }),
  form("max", "{ftz} {NaN} {xorsign} {abs} (type:f32)", section("max"), (a) => {
    if (!a.mods.xorsign !== !a.mods.abs) a.refuse("xorsign and abs come together");
    return choose(a, greater);
  }),
  form("min", "(type:f64)", section("min"), (a) => choose(a, lesser)),
  form("max", "(type:f64)", section("max"), (a) => choose(a, greater)),
  form("abs", "{ftz} (type:f32)", section("abs"), (a) => changeSign(a, absolute)),
  form("abs", "(type:f64)", section("abs"), (a) => changeSign(a, absolute)),
  form("neg", "{ftz} (type:f32)", section("neg"), (a) => changeSign(a, negate)),
  form("neg", "(type:f64)", section("neg"), (a) => changeSign(a, negate)),
  form("copysign", "(type:f32|f64)", section("copysign"), copySign),
  form(
    "testp",
    "(test:finite|infinite|number|notanumber|normal|subnormal) (type:f32|f64)",
    section("testp"),
    test,
  ),
];
