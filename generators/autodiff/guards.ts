// What is added under a condition: 0 otherwise, so nothing needs to be added. Conditions inside a product are
// conditions of the product; said as such, 0 times infinity does not arise.

import { allOf, conjuncts, convert, make, select } from "../ir/build.ts";
import { cast, type Expr, int, kindOf } from "../ir/expr.ts";

/** A value that counts only where its tests hold. */
export interface Guarded {
  /** All must hold, else the value is 0. */
  readonly tests: readonly Expr[];
  readonly value: Expr;
}

/** A value under the tests that are not in `known`. */
function under({ tests, value }: Guarded, known: readonly Expr[]): Expr {
  const test = allOf(tests.filter((e) => !known.includes(e)));
  return test ? select(test, value, convert(kindOf(value), int(0))) : value;
}

const isZero = (e: Expr): boolean => e.kind === "const" && e.value === 0;

/** `e` as a value and the tests under which it is not 0. */
export function pullGuards(e: Expr): Guarded {
  switch (e.kind) {
    case "select": {
      if (!isZero(e.then) && !isZero(e.else)) return { tests: [], value: e };
      const taken = isZero(e.else);
      const { tests, value } = pullGuards(taken ? e.then : e.else);
      return { tests: [...conjuncts(taken ? e.cond : make("not", e.cond)), ...tests], value };
    }
    case "cast": {
      const { tests, value } = pullGuards(e.arg);
      return { tests, value: cast(e.to, value) };
    }
    case "op": {
      const [a, b] = e.args;
      if (e.op === "neg") {
        const { tests, value } = pullGuards(a!);
        return { tests, value: make("neg", value) };
      }
      if (e.op === "div") {
        const { tests, value } = pullGuards(a!);
        return { tests, value: make("div", value, b!) };
      }
      if (e.op !== "mul" && e.op !== "add" && e.op !== "sub") return { tests: [], value: e };
      const [left, right] = [pullGuards(a!), pullGuards(b!)];
      if (e.op !== "mul") {
        // Of a sum, what both sides have in common.
        const tests = left.tests.filter((test) => right.tests.includes(test));
        return { tests, value: make(e.op, under(left, tests), under(right, tests)) };
      }
      return {
        tests: [...left.tests, ...right.tests],
        value: make("mul", left.value, right.value),
      };
    }
    default:
      return { tests: [], value: e };
  }
}
