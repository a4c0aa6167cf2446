// Every scalar operation in instructions of WebAssembly, of numbers and of vectors of four lanes.

import type { Form, Spelling, Text } from "../../generators/emit/target.ts";
import type { PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { byLane, type Code, form, int, lanesOf, prefixOf, twice } from "./code.ts";
import type { helpers } from "./helpers.ts";

type Write = (...args: readonly Text[]) => Code;
type HelperName = keyof typeof helpers;

const textForm = (write: Write): Form => ({ kind: "text", write });

/** An instruction that there is for numbers and vectors of each type: `f32.add`, `i32x4.add`. */
const both = (name: string): Spelling => {
  return (of, args) =>
    textForm((...own) => {
      const lanes = lanesOf(args[0]!);
      return { ...form(`${prefixOf(of, lanes)}.${name}`, ...own), lanes };
    });
};

/** Numbers as `one` says; vectors as `four` does, where there are instructions for them. */
const split = (one: (of: Scalar) => Write, four: (of: Scalar) => Write): Spelling => {
  return (of, args) => textForm(lanesOf(args[0]!) === 1 ? one(of) : vector(four(of)));
};

const vector =
  (write: Write): Write =>
  (...args) => ({ ...write(...args), lanes: 4 });

/** Numbers as `one` says, vectors lane by lane; the result is of type `to`, or of the operands'. */
const lanewise = (one: (of: Scalar) => Write, to?: Scalar): Spelling =>
  split(
    one,
    (of) =>
      (...args) =>
        byLane(args, of, to ?? of, one(of)),
  );

const isInt = (of: Scalar): boolean => of === "i32";

/** Comparisons of whole numbers are signed. */
const signed = (name: string): Spelling =>
  split(
    (of) => (a, b) => form(`${prefixOf(of, 1)}.${name}${isInt(of) ? "_s" : ""}`, a!, b!),
    (of) => (a, b) => form(`${prefixOf(of, 4)}.${name}${isInt(of) ? "_s" : ""}`, a!, b!),
  );

/** One of two numbers: the first, unless `test` of the second and it holds. */
const choose =
  (of: Scalar, test: string, swap: boolean): Write =>
  (a, b) => {
    const [x, y] = [twice(a!), twice(b!)];
    const operands = swap ? [x.again, y.again] : [y.again, x.again];
    const holds = form(`${prefixOf(of, 1)}.${test}`, ...operands);
    return form("select", y.first, x.first, holds);
  };

/** The smaller or larger; the first where one is NaN. */
const extreme = (least: boolean): Spelling =>
  split(
    (of) => choose(of, isInt(of) ? "lt_s" : "lt", !least),
    (of) => (a, b) => {
      const name = `${isInt(of) ? "" : "p"}${least ? "min" : "max"}${isInt(of) ? "_s" : ""}`;
      return form(`${prefixOf(of, 4)}.${name}`, a!, b!);
    },
  );

/** A real number rounded by an instruction, as a whole number: saturating, and 0 for NaN. */
const toInt = (name: "floor" | "ceil"): Spelling =>
  split(
    (of) => (a) => form(`i32.trunc_sat_${of}_s`, form(`${of}.${name}`, a!)),
    (of) => (a) => form("i32x4.trunc_sat_f32x4_s", form(`${prefixOf(of, 4)}.${name}`, a!)),
  );

const callOf = (name: HelperName, ...args: readonly Text[]): Code => form(`call $${name}`, ...args);

const roundAway =
  (of: Scalar): Write =>
  (a) =>
    callOf(of === "f64" ? "round_away_f64" : "round_away_f32", a!);

/** A function of doubles, which the host gives. */
const ofHost = (name: HelperName): Spelling =>
  lanewise((of) => (a) => {
    if (of === "f64") return callOf(name, a!);
    return form("f32.demote_f64", callOf(name, form("f64.promote_f32", a!)));
  });

/** An instruction where no operand is negative, else a function that rounds down. */
const divided =
  (instruction: "div_s" | "rem_s", helper: HelperName): Spelling =>
  (of, args) => {
    const natural = args.every((arg) => arg.natural);
    const one: Write = (a, b) =>
      natural ? form(`i32.${instruction}`, a!, b!) : callOf(helper, a!, b!);
    return textForm(lanesOf(args[0]!) === 1 ? one : (...own) => byLane(own, of, of, one));
  };

const logic = (name: "and" | "or"): Spelling =>
  split(
    () => (a, b) => form(`i32.${name}`, a!, b!),
    () => (a, b) => form(`v128.${name}`, a!, b!),
  );

/** How each operation is written. */
export const spell: Readonly<Record<PlainOp, Spelling>> = {
  add: both("add"),
  sub: both("sub"),
  mul: both("mul"),
  div: both("div"),
  idiv: divided("div_s", "floor_div"),
  mod: divided("rem_s", "floor_mod"),
  quot: lanewise(() => (a, b) => form("i32.div_s", a!, b!)),
  rem: lanewise(() => (a, b) => form("i32.rem_s", a!, b!)),
  minimum: extreme(true),
  maximum: extreme(false),
  neg: split(
    (of) => (a) => (isInt(of) ? form("i32.sub", int(0), a!) : form(`${of}.neg`, a!)),
    (of) => (a) => form(`${prefixOf(of, 4)}.neg`, a!),
  ),
  abs: split(
    (of) => (a) => {
      if (!isInt(of)) return form(`${of}.abs`, a!);
      const { first, again } = twice(a!);
      const negative = form("i32.lt_s", again, int(0));
      return form("select", form("i32.sub", int(0), first), again, negative);
    },
    (of) => (a) => form(`${prefixOf(of, 4)}.abs`, a!),
  ),
  floor: toInt("floor"),
  ceil: toInt("ceil"),
  round: lanewise((of) => (a) => form(`i32.trunc_sat_${of}_s`, roundAway(of)(a!)), "i32"),
  floorf: both("floor"),
  ceilf: both("ceil"),
  roundf: lanewise(roundAway),
  rintf: both("nearest"),
  sqrt: both("sqrt"),
  exp: ofHost("exp"),
  log: ofHost("log"),
  sin: ofHost("sin"),
  cos: ofHost("cos"),
  tanh: ofHost("tanh"),
  lt: signed("lt"),
  le: signed("le"),
  eq: both("eq"),
  and: logic("and"),
  or: logic("or"),
  not: split(
    () => (a) => form("i32.eqz", a!),
    () => (a) => form("v128.not", a!),
  ),
};
