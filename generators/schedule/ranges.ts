// What is known of the range of an index, from how it was made: enough to leave out tests that cannot fail.

import { type Expr, int, kindOf, size } from "../ir/expr.ts";

const isInt = (e: Expr, value: number): boolean => e === int(value);

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
          return kindOf(e) === "int" && e.args.some(isNonNegative);
        default:
          return false;
      }
    default:
      return false;
  }
}

/** Is `e` certainly less than `limit`? */
function isBelow(e: Expr, limit: Expr): boolean {
  if (e.kind === "const") return limit.kind === "const" && e.value < limit.value;
  if (e.kind === "select") return isBelow(e.then, limit) && isBelow(e.else, limit);
  if (e.kind === "index") return isAtMost(e.loop.hi, limit);
  if (e.kind !== "op") return false;
  switch (e.op) {
    case "owner":
      return e.args[2] === limit;
    case "member":
      return e.args[2] === limit;
    case "minimum":
      return e.args.some((arg) => isBelow(arg, limit));
    case "maximum":
      return e.args.every((arg) => isBelow(arg, limit) || isInt(arg, 0));
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
export const isWithin = (e: Expr, extent: Expr): boolean => isNonNegative(e) && isBelow(e, extent);

/** The size of a named axis; a numeral is its own size. */
export const extentOf = (axis: string): Expr =>
  /^\d+$/.test(axis) ? int(Number(axis)) : size(axis);
