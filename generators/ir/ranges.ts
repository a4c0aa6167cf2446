// What is known of the range of an index, from how it was made: enough to leave out tests that cannot fail.

import { make } from "./build.ts";
import { type Expr, isZero, kindOf } from "./expr.ts";
import type { Facts } from "./facts.ts";

/** Is `e` an int that is certainly not negative? */
export function isNonNegative(e: Expr): boolean {
  switch (e.kind) {
    case "const":
      return e.value >= 0;
    case "size":
    case "option":
      return true;
    case "index":
      return isNonNegative(e.loop.lo);
    case "select":
      return isNonNegative(e.then) && isNonNegative(e.else);
    case "op":
      switch (e.op) {
        case "add":
        case "mul":
        case "idiv":
        case "mod":
        case "owner":
        case "member":
        case "minimum":
          return kindOf(e) === "int" && e.args.every(isNonNegative);
        case "maximum":
          // Also of a real number, up to NaN, which becomes 0 as an int.
          return e.args.some(isNonNegative);
        case "floor":
          return isNonNegative(e.args[0]!);
        default:
          return false;
      }
    default:
      return false;
  }
}

/** Is `e` certainly less than `limit`? Where `reals`, also by comparison as real numbers. */
function isBelow(e: Expr, limit: Expr, facts: Facts, reals: boolean): boolean {
  const below = (arg: Expr): boolean => isBelow(arg, limit, facts, reals);
  if (e.kind === "const") return limit.kind === "const" && e.value < limit.value;
  if (e.kind === "select")
    return (isTestedBelow(e.cond, e.then, limit, facts) || below(e.then)) && below(e.else);
  if (e.kind === "index") return isAtMost(e.loop.hi, limit, facts);
  if (e.kind === "cast") return reals && below(e.arg);
  if (e.kind !== "op") return false;
  if (isInRun(e, limit, facts)) return true;
  const [a, b, c, d] = e.args;
  switch (e.op) {
    case "add":
      return b!.kind === "index" && facts.isSlab(a!, b!.loop.hi, limit);
    case "floor":
      return reals && below(a!);
    case "owner":
      // Of an index of the whole, where blocks are of one size.
      return facts.same(c!, limit) && isWithin(a!, b!, facts) && facts.divides(c!, b!);
    case "member":
      return (
        facts.same(c!, limit) &&
        isWithin(a!, d!, facts) &&
        isWithin(b!, make("idiv", c!, d!), facts)
      );
    case "mod":
      return facts.same(b!, limit);
    case "minimum":
      return e.args.some(below);
    case "maximum":
      // An axis that is read has an element, so 0 is below its size.
      return e.args.every((arg) => below(arg) || isZero(arg));
    case "sub":
      return facts.same(a!, limit) && b!.kind === "const" && b!.value > 0;
    default:
      return false;
  }
}

/** Is `cond` the test that `e` is less than `limit`? */
const isTestedBelow = (cond: Expr, e: Expr, limit: Expr, facts: Facts): boolean =>
  cond.kind === "op" &&
  cond.op === "lt" &&
  kindOf(e) === "int" &&
  cond.args[0] === e &&
  facts.same(cond.args[1]!, limit);

/**
 * Is `e` place `q` of run `b` of an axis cut into runs of `by`: `b * by + q`? In range are all places of whole
 * runs, and the first of the last run that may be cut short.
 */
function isInRun(e: Expr, limit: Expr, facts: Facts): boolean {
  if (e.kind !== "op") return false;
  if (e.op === "add") {
    const [start, q] = e.args;
    const by = runLength(start!);
    return (
      by !== undefined && q!.kind === "const" && q!.value < by && isWhole(start!, limit, facts)
    );
  }
  return runLength(e) !== undefined && (isWhole(e, limit, facts) || isCeiled(e, limit, facts));
}

type Op = Extract<Expr, { kind: "op" }>;
const asOp = (e: Expr | undefined, name: Op["op"]): Op | undefined =>
  e?.kind === "op" && e.op === name ? e : undefined;

/** How long the runs are, if `start` is where the run of a loop's index starts. */
function runLength(start: Expr): number | undefined {
  const [b, by] = asOp(start, "mul")?.args ?? [];
  if (b?.kind !== "index" || by?.kind !== "const" || by.value < 1) return undefined;
  const runs = asOp(b.loop.hi, "idiv");
  return runs?.args[1] === by ? by.value : undefined;
}

const runsOf = (start: Expr): Expr | undefined => {
  const [b] = asOp(start, "mul")?.args ?? [];
  return b?.kind === "index" ? asOp(b.loop.hi, "idiv")?.args[0] : undefined;
};

/** Are there only as many runs as `limit` has whole ones? */
const isWhole = (start: Expr, limit: Expr, facts: Facts): boolean =>
  facts.same(runsOf(start)!, limit);

/** Are there as many as `limit` begins? */
function isCeiled(start: Expr, limit: Expr, facts: Facts): boolean {
  const [all, more] = asOp(runsOf(start), "add")?.args ?? [];
  return more?.kind === "const" && more.value < runLength(start)! && facts.same(all!, limit);
}

function isAtMost(e: Expr, limit: Expr, facts: Facts): boolean {
  const atMost = (arg: Expr): boolean => isAtMost(arg, limit, facts);
  if (facts.same(e, limit) || (isZero(e) && isNonNegative(limit))) return true;
  if (e.kind === "const") return limit.kind === "const" && e.value <= limit.value;
  if (e.kind === "select") return atMost(e.then) && atMost(e.else);
  return e.kind === "op" && e.op === "minimum" && e.args.some(atMost);
}

/** Does `e` certainly lie on an axis of this size (which has an element)? */
export const isWithin = (e: Expr, extent: Expr, facts: Facts): boolean =>
  isNonNegative(e) && isBelow(e, extent, facts, false);

/**
 * Does it, when sizes are compared as real numbers? Then no test is needed, but a size beyond 2^24 is rounded
 * as a real number, so an address made of `e` is not certain to lie in memory.
 */
export const isWithinAsReal = (e: Expr, extent: Expr, facts: Facts): boolean =>
  isNonNegative(e) && isBelow(e, extent, facts, true);
