// What C, WGSL and JavaScript write alike.

import type { PlainOp } from "../ir/nest.ts";
import { largestF32 } from "../ir/ops.ts";
import { call, infix, level, prefix, type Spelling, type Text } from "./target.ts";

/** An expression that never needs brackets. */
export const primary = (text: string): Text => ({ text, level: level.primary });

/** An operand's text, in brackets where it binds less tightly than it must. */
export const bracket = (arg: Text, atLeast: number): string =>
  arg.level >= atLeast ? arg.text : `(${arg.text})`;

/** Two functions: one of whole numbers, one of real ones. */
export const byKind =
  (int: string, real: string): Spelling =>
  (of) =>
    call(of === "i32" || of === "u32" ? int : real);

/** Operators that mean the same in every C-like language. */
export const operators = {
  add: infix("+", level.add),
  sub: infix("-", level.add),
  mul: infix("*", level.mul),
  div: infix("/", level.mul),
  rem: infix("%", level.mul),
  neg: prefix("-"),
  lt: infix("<", level.compare),
  le: infix("<=", level.compare),
  and: infix("&&", level.and),
  or: infix("||", level.or),
  not: prefix("!"),
} as const satisfies Partial<Record<PlainOp, Spelling>>;

/** The shortest decimal that is the same f32 as `value`, and that does not lie beyond the largest f32. */
export function shortestF32(value: number): string {
  const single = Math.fround(value);
  // Nearest would be 3.4028235e+38, which WGSL refuses because it is more.
  if (Math.abs(single) === largestF32) return `${single < 0 ? "-" : ""}3.4028234e+38`;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(single.toPrecision(digits));
    if (Math.fround(decimal) === single) return tidy(String(decimal));
  }
  return tidy(String(single));
}

/** A number with a point or an exponent, so that it is read as a real one. */
export function tidy(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}
