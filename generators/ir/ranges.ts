// What is known of the range of an index, from how it was made: enough to leave out tests that cannot fail.

import { type Expr, kindOf } from "./expr.ts";

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
function isBelow(e: Expr, limit: Expr, reals: boolean): boolean {
  const below = (arg: Expr): boolean => isBelow(arg, limit, reals);
  if (e.kind === "const") return limit.kind === "const" && e.value < limit.value;
  if (e.kind === "select") return below(e.then) && below(e.else);
  if (e.kind === "index") return isAtMost(e.loop.hi, limit);
  if (e.kind === "cast") return reals && below(e.arg);
  if (e.kind !== "op") return false;
  switch (e.op) {
    case "floor":
      return reals && below(e.args[0]!);
    case "owner":
    case "member":
      return e.args[2] === limit;
    case "minimum":
      return e.args.some(below);
    case "maximum":
      // An axis that is read has an element, so 0 is below its size.
      return e.args.every((arg) => below(arg) || (arg.kind === "const" && arg.value === 0));
    case "sub":
      return e.args[0] === limit && e.args[1]!.kind === "const" && e.args[1]!.value > 0;
    default:
      return false;
  }
}

const isAtMost = (e: Expr, limit: Expr): boolean =>
  e === limit ||
  (e.kind === "const" && limit.kind === "const" && e.value <= limit.value) ||
  (e.kind === "op" && e.op === "minimum" && e.args.some((arg) => isAtMost(arg, limit)));

/** Does `e` certainly lie on an axis of this size (which has an element)? */
export const isWithin = (e: Expr, extent: Expr): boolean =>
  isNonNegative(e) && isBelow(e, extent, false);

/**
 * Does it, when sizes are compared as real numbers? Then no test is needed, but a size beyond 2^24 is rounded
 * as a real number, so an address made of `e` is not certain to lie in memory.
 */
export const isWithinAsReal = (e: Expr, extent: Expr): boolean =>
  isNonNegative(e) && isBelow(e, extent, true);
