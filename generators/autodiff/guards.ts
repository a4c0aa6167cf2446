// What is added under a condition: 0 otherwise, so nothing needs to be added. Conditions inside a product are
// conditions of the product; said as such, 0 times infinity does not arise.

import { allOf, conjuncts, convert, extentOf, make, select } from "../ir/build.ts";
import { cast, type Expr, int, isZero, kindOf } from "../ir/expr.ts";
import type { Facts } from "../ir/facts.ts";
import { isWithin } from "../ir/ranges.ts";
import { visit } from "../ir/walk.ts";

/** A value that counts only where its tests hold. */
export interface Guarded {
  /** All must hold, else the value is 0. */
  readonly tests: readonly Expr[];
  readonly value: Expr;
}

/** A value under the tests that are not in `known`. */
const under = ({ tests, value }: Guarded, known: readonly Expr[]): Expr =>
  valueWhere(
    tests.filter((e) => !known.includes(e)),
    value,
    convert(kindOf(value), int(0)),
  );

/**
 * `value` where all tests hold, else `otherwise`. All tests of one choice may be evaluated, so what reads at a place
 * that was computed, as one that is found by turning around what chose an element, stands inside of the others,
 * which say that the place is there.
 */
export function valueWhere(tests: readonly Expr[], value: Expr, otherwise: Expr): Expr {
  const { first, last } = inTurn(tests);
  return [last, first].reduce((inside, some) => {
    const test = allOf(some);
    return test ? select(test, inside, otherwise) : inside;
  }, value);
}

/**
 * Do all tests hold? Evaluated in the order of `valueWhere`, where a position is not certainly on its axis; the
 * other tests stay conjuncts of their own.
 */
export function allInTurn(tests: readonly Expr[], facts: Facts): Expr {
  const { first, last } = inTurn(tests, facts);
  const [test, inside] = [allOf(first), allOf(last)];
  const guarded = test && inside ? [select(test, inside, no)] : last;
  return allOf([...first, ...guarded]) ?? yes;
}

const yes = make("le", int(0), int(0));
const no = make("lt", int(0), int(0));

/** The tests that may always be evaluated, and those that may be only where the others hold. */
const inTurn = (tests: readonly Expr[], facts?: Facts) => ({
  first: tests.filter((e) => !readsFound(e, facts)),
  last: tests.filter((e) => readsFound(e, facts)),
});

/**
 * Does a test read, by no rule of borders, at a place that is neither an index nor of a block of indices, nor by
 * `facts` certainly on its axis?
 */
function readsFound(test: Expr, facts?: Facts): boolean {
  let found = false;
  visit([test], (e) => {
    if (e.kind !== "read" || e.border === "zero" || e.border === "clamp") return;
    const open = e.at.filter((p, d) => {
      const axis = e.axes[d];
      return !facts || axis === undefined || !liesOn(p, extentOf(axis), facts);
    });
    visit(open, (p) => {
      if (p.kind === "op" && p.op !== "owner" && p.op !== "member") found = true;
    });
  });
  return found;
}

/** Is `p` certainly on an axis of this size, also as the group i * groups / all that an index belongs to? */
function liesOn(p: Expr, extent: Expr, facts: Facts): boolean {
  if (isWithin(p, extent, facts)) return true;
  if (p.kind !== "op" || p.op !== "idiv") return false;
  const [product, all] = p.args;
  if (product?.kind !== "op" || product.op !== "mul") return false;
  const [i, groups] = product.args;
  return facts.same(groups!, extent) && isWithin(i!, all!, facts);
}

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
