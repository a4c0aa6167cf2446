// What is added under a condition: 0 otherwise, so nothing needs to be added. Conditions inside a product are
// conditions of the product; said as such, 0 times infinity does not arise.

import { conjuncts, make } from "../ir/build.ts";
import { cast, type Expr } from "../ir/expr.ts";

export interface Guarded {
  /** All must hold, else the value is 0. */
  readonly tests: readonly Expr[];
  readonly value: Expr;
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
      if (e.op !== "mul") return { tests: [], value: e };
      const [left, right] = [pullGuards(a!), pullGuards(b!)];
      return {
        tests: [...left.tests, ...right.tests],
        value: make("mul", left.value, right.value),
      };
    }
    default:
      return { tests: [], value: e };
  }
}
