// Values under tests: in which order these are evaluated, where one may be only if others hold.

import { describe, expect, it } from "vitest";
import { allInTurn, pullGuards, valueWhere } from "../../generators/autodiff/guards.ts";
import { freshLoop, make, select } from "../../generators/ir/build.ts";
import { type Expr, index, int, read, size } from "../../generators/ir/expr.ts";
import type { Facts } from "../../generators/ir/facts.ts";

const element = (at: Expr, border: "inside" | "zero" | "clamp" = "inside"): Expr =>
  read({ from: "x", type: "acc", axes: ["N"], at: [at], border, part: 0 });
const value = read({ from: "y", type: "acc", axes: [], at: [int(0)], border: "inside", part: 0 });
const isPositive = (e: Expr): Expr => make("lt", int(0), e);
const found = make("sub", size("K"), int(2));
const [there, here] = [make("le", int(0), found), make("lt", found, size("N"))];
const reading = isPositive(element(found));
const zero = int(0);
/** Nothing but that equal expressions are equal. */
const facts: Facts = { divides: () => false, same: (a, b) => a === b, isSlab: () => false };

describe("a value where tests hold", () => {
  it("is itself without tests, and a choice by all of them", () => {
    expect(valueWhere([], value, zero)).toBe(value);
    expect(valueWhere([there, here], value, zero)).toBe(
      select(make("and", there, here), value, zero),
    );
  });
  it("asks what reads at a place that was found inside of the others, wherever it stood", () => {
    const nested = select(make("and", there, here), select(reading, value, zero), zero);
    expect(valueWhere([reading, there, here], value, zero)).toBe(nested);
    expect(valueWhere([there, here, reading], value, zero)).toBe(nested);
    expect(valueWhere([reading], value, zero)).toBe(select(reading, value, zero));
  });
  it("asks at once what reads at an index, or by a rule of borders", () => {
    for (const test of [
      isPositive(element(int(3))),
      isPositive(element(found, "zero")),
      isPositive(element(found, "clamp")),
    ])
      expect(valueWhere([test, there], value, zero)).toBe(
        select(make("and", test, there), value, zero),
      );
  });
  it("is taken apart into the same tests again", () => {
    const { tests, value: left } = pullGuards(valueWhere([reading, there, here], value, zero));
    expect(tests).toEqual([there, here, reading]);
    expect(left).toBe(value);
  });
});

describe("tests of an addition", () => {
  it("are a conjunction, in which one that reads at a found place is asked where the others hold", () => {
    const guard = make("and", there, here);
    const no = make("lt", int(0), int(0));
    expect(allInTurn([reading, there, here], facts)).toBe(
      make("and", guard, select(guard, reading, no)),
    );
    expect(allInTurn([there, here], facts)).toBe(guard);
    expect(allInTurn([reading], facts)).toBe(reading);
    expect(allInTurn([], facts)).toEqual(make("le", int(0), int(0)));
  });
  it("stay together where the place is certainly on its axis", () => {
    const last = make("maximum", int(0), make("minimum", found, make("sub", size("N"), int(1))));
    const moved = isPositive(element(last));
    expect(allInTurn([moved, there], facts)).toBe(make("and", moved, there));
    // The group of an index: i * N / K, of which there are N.
    const of = index(freshLoop("P", int(0), size("P")));
    const group = make("idiv", make("mul", of, size("N")), size("P"));
    const grouped = isPositive(element(group));
    expect(allInTurn([grouped, there], facts)).toBe(make("and", grouped, there));
  });
});
