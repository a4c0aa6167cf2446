// What a test says of some of the values that it is about: where a value is used further out than the test
// can be computed, this much of it guards the value there.

import { make, select } from "../ir/build.ts";
import { constant, type Expr, kindOf } from "../ir/expr.ts";

/** The tests that a test is made of. */
export function leavesOf(test: Expr): readonly Expr[] {
  if (test.kind === "select") return [test.cond, test.then, test.else].flatMap(leavesOf);
  const joins = test.kind === "op" && (test.op === "and" || test.op === "or" || test.op === "not");
  return joins ? test.args.flatMap(leavesOf) : [test];
}

/**
 * A test of those parts of `test` that are kept: it holds wherever `test` does (or, for 0, does not) for some
 * outcome of the others. Undefined where that is always.
 */
export function project(
  test: Expr,
  holds: 0 | 1,
  isKept: (part: Expr) => boolean,
): Expr | undefined {
  if (isKept(test)) return holds === 1 ? test : make("not", test);
  if (test.kind === "select") {
    const [then, other] = [test.then, test.else].map((side) => project(side, holds, isKept));
    if (!then && !other) return undefined;
    if (!isKept(test.cond)) return then && other && make("or", then, other);
    return select(test.cond, then ?? always, other ?? always);
  }
  if (test.kind !== "op" || kindOf(test) !== "bool") return undefined;
  const [a, b] = test.args;
  switch (test.op) {
    case "not":
      return project(a!, holds === 1 ? 0 : 1, isKept);
    case "and":
    case "or": {
      const [left, right] = [project(a!, holds, isKept), project(b!, holds, isKept)];
      // Where either part alone decides, nothing is known unless both are.
      if ((test.op === "and") !== (holds === 1)) return left && right && make("or", left, right);
      return left && right ? make("and", left, right) : (left ?? right);
    }
    default:
      return undefined;
  }
}

const always = constant(1, "bool");
