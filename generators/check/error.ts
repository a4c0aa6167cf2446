// Error analysis, operation by operation: what an operation makes of operands that are off by at most
// `ea` and `eb`, before its own rounding; and how a step or a test may come out.

import type { OpName } from "../ir/ops.ts";
import { type Approximate, huge, type Rules, tiny, unit } from "./rules.ts";

/** How far the exact result may move: `v` is the result of operands `a` and `b`. */
export type Moves = (v: number, a: number, ea: number, b: number, eb: number) => number;

/** May a test of operands that are off by `ea` and `eb` come out true; may it come out false? */
interface Outcomes {
  readonly yes: (a: number, ea: number, b: number, eb: number) => boolean;
  readonly no: (a: number, ea: number, b: number, eb: number) => boolean;
}

/** What an operation does to errors of its operands. */
export type Behaviour =
  /** Continuous. `rounds`: correctly, not at all (the result is one of the operands), or by a target's rule. */
  | {
      readonly kind: "smooth";
      readonly moves: Moves;
      readonly rounds: "yes" | "no" | Approximate;
    }
  /** Real to whole: constant between jumps, and never falling. */
  | { readonly kind: "step" }
  | { readonly kind: "test"; readonly outcomes: Outcomes }
  /** Of ints or tests only, which are exact. */
  | { readonly kind: "exact" };

const smooth = (moves: Moves, rounds: "yes" | "no" | Approximate = "yes"): Behaviour => ({
  kind: "smooth",
  moves,
  rounds,
});

/** Of a rising function: the farther of the two ends. */
const rising = (f: (x: number) => number, rounds: Approximate): Behaviour =>
  smooth((v, a, ea) => (ea === 0 ? 0 : Math.max(f(a + ea) - v, v - f(a - ea))), rounds);

const sums: Moves = (_, __, ea, ___, eb) => ea + eb;
const same: Moves = (_, __, ea) => ea;
/** 0 stays 0 whatever an inexact partner is. */
const times = (x: number, e: number): number => (x === 0 || e === 0 ? 0 : Math.abs(x) * e);

const step: Behaviour = { kind: "step" };
const exact: Behaviour = { kind: "exact" };
const test = (yes: Outcomes["yes"], no: Outcomes["no"]): Behaviour => ({
  kind: "test",
  outcomes: { yes, no },
});

/** How each operation treats errors; the compiler demands a row for a new operation. */
export const behaviours: Readonly<Record<OpName, Behaviour>> = {
  add: smooth(sums),
  sub: smooth(sums),
  mul: smooth((_, a, ea, b, eb) => times(a, eb) + times(b, ea) + times(ea, eb)),
  div: smooth((v, _, ea, b, eb) => {
    if (ea === 0 && eb === 0) return 0;
    const nearest = Math.abs(b) - eb;
    return nearest > 0 ? (ea + times(v, eb)) / nearest : Number.POSITIVE_INFINITY;
  }, "div"),
  minimum: smooth((_, a, ea, b, eb) => {
    if (Number.isNaN(a) || a + ea <= b - eb) return ea;
    return b + eb < a - ea ? eb : Math.max(ea, eb);
  }, "no"),
  maximum: smooth((_, a, ea, b, eb) => {
    if (Number.isNaN(a) || a - ea >= b + eb) return ea;
    return b - eb > a + ea ? eb : Math.max(ea, eb);
  }, "no"),
  neg: smooth(same, "no"),
  abs: smooth(same, "no"),
  sqrt: rising((x) => Math.sqrt(Math.max(x, 0)), "sqrt"),
  exp: rising(Math.exp, "exp"),
  log: rising((x) => (x > 0 ? Math.log(x) : Number.NEGATIVE_INFINITY), "log"),
  sin: smooth(same, "sin"),
  cos: smooth(same, "cos"),
  tanh: rising(Math.tanh, "tanh"),
  floor: step,
  ceil: step,
  round: step,
  floorf: step,
  ceilf: step,
  roundf: step,
  rintf: step,
  lt: test(
    (a, ea, b, eb) => a - ea < b + eb,
    (a, ea, b, eb) => !(a + ea < b - eb),
  ),
  le: test(
    (a, ea, b, eb) => a - ea <= b + eb,
    (a, ea, b, eb) => !(a + ea <= b - eb),
  ),
  eq: test(
    (a, ea, b, eb) => (ea + eb === 0 ? a === b : Math.abs(a - b) <= ea + eb),
    (a, ea, b, eb) => ea + eb > 0 || a !== b,
  ),
  idiv: exact,
  mod: exact,
  owner: exact,
  member: exact,
  and: exact,
  or: exact,
  not: exact,
};

/**
 * The error of a result `v` that was already off by `moved`, after rounding by `rounds`. A result that f32
 * holds exactly, of exact operands, has none.
 */
export function rounded(
  v: number,
  moved: number,
  rounds: "yes" | "no" | Approximate,
  rules: Rules,
  x: number,
): number {
  if (rounds === "no") return moved;
  if (!Number.isFinite(v)) return Number.isFinite(moved) ? 0 : moved;
  // A quotient or root that is exact is assumed to come out so; an adapter that misses one fails visibly.
  const exact = rounds === "yes" || rounds === "div" || rounds === "sqrt";
  if (exact && moved === 0 && Math.fround(v) === v) return flushed(v, 0);
  const size = Math.abs(v) + moved;
  const own = rounds === "yes" ? rules.unit * size : rules.errors[rounds](size, x);
  return flushed(v, moved + own);
}

/** With the error of flushing a subnormal to zero. */
export const flushed = (v: number, e: number): number =>
  v !== 0 && Math.abs(v) < tiny ? e + tiny : e;

/** Is `v`, off by at most `e`, certainly beyond f32, so that it becomes infinite? */
export const overflows = (v: number, e: number): boolean => Math.abs(v) - e > huge * (1 + unit);

/** Does f32 hold `v` and all that is within `e` of it? False for NaN. */
export const withinRange = (v: number, e: number): boolean => Math.abs(v) + e <= huge;
