// The algebra of contributions: terms under tests, factors in common.

import { describe, expect, it } from "vitest";
import { divide, factor, multiply } from "../../generators/autodiff/factors.ts";
import { narrow } from "../../generators/autodiff/narrow.ts";
import { addTerms, chooseTerms, splitTerms } from "../../generators/autodiff/terms.ts";
import { convert, freshLoop, make, partOf, reduce, select } from "../../generators/ir/build.ts";
import { type Expr, index, int, read, size } from "../../generators/ir/expr.ts";
import { visit } from "../../generators/ir/walk.ts";

const element = (from: string): Expr =>
  read({ from, type: "acc", axes: [], at: [int(0)], border: "inside", part: 0 });
const [a, b, c, d, m] = ["a", "b", "c", "d", "m"].map(element) as [Expr, Expr, Expr, Expr, Expr];
const [p, q] = ["N", "M"].map((axis) => make("lt", int(3), size(axis))) as [Expr, Expr];
const not = (e: Expr): Expr => make("not", e);
const add = (x: Expr, y: Expr): Expr => make("add", x, y);
const mul = (x: Expr, y: Expr): Expr => make("mul", x, y);
const where = (test: Expr, value: Expr): Expr => select(test, value, int(0));
const all = () => true;
const chosen = (e: Expr): Expr => chooseTerms(splitTerms(e, all), all, addTerms);

describe("terms", () => {
  it("that exclude each other are branches", () => {
    expect(chosen(add(where(p, a), where(not(p), b)))).toBe(select(p, a, b));
    expect(chosen(add(where(not(p), a), where(p, b)))).toBe(select(p, b, a));
  });
  it("have what they share around them", () => {
    const both = add(where(make("and", p, q), a), where(make("and", p, not(q)), b));
    expect(chosen(both)).toBe(where(p, select(q, a, b)));
  });
  it("that do not exclude each other are added, each under its test", () => {
    expect(chosen(add(where(p, a), where(q, b)))).toBe(add(where(p, a), where(q, b)));
    expect(chosen(add(where(p, a), b))).toBe(add(where(p, a), b));
  });
  it("under one test are one term", () => {
    expect(chosen(add(where(p, a), where(p, b)))).toBe(where(p, add(a, b)));
    expect(chosen(add(where(p, a), where(p, make("neg", b))))).toBe(where(p, make("sub", a, b)));
  });
  it("of a product are under the tests of both factors, and none where these exclude each other", () => {
    expect(chosen(mul(where(p, a), where(q, b)))).toBe(where(make("and", p, q), mul(a, b)));
    expect(chosen(mul(where(p, a), where(not(p), b)))).toBe(int(0));
    expect(chosen(mul(m, select(p, a, b)))).toBe(select(p, mul(m, a), mul(m, b)));
  });
  it("leave a factor whole whose summands count together", () => {
    const sum = add(where(p, a), b);
    expect(chosen(mul(m, sum))).toBe(mul(m, sum));
  });
  it("are parted by the test whose sides have most in common", () => {
    const three = (x: Expr, y: Expr, z: Expr, value: Expr) =>
      where(make("and", make("and", x, y), z), value);
    const r = make("lt", int(5), size("K"));
    const s = make("lt", int(7), size("K"));
    const sum = [three(p, q, r, a), three(not(p), q, r, b), three(p, not(q), s, c)].concat(
      three(not(p), not(q), s, d),
    );
    expect(chosen(sum.reduce(add))).toBe(
      select(q, where(r, select(p, a, b)), where(s, select(p, c, d))),
    );
  });
});

describe("factors", () => {
  it("that all summands have are taken out", () => {
    const e = make("sub", add(mul(m, a), mul(b, m)), mul(m, c));
    const { common, divisors, rest } = factor(e);
    expect(common).toEqual([m]);
    expect(divisors).toEqual([]);
    expect(rest).toBe(make("sub", add(a, b), c));
  });
  it("that stand twice are taken once if the other has them once", () => {
    const { common, rest } = factor(add(mul(mul(m, m), a), mul(m, b)));
    expect(common).toEqual([m]);
    expect(rest).toBe(add(mul(m, a), b));
  });
  it("divide, too", () => {
    const { common, divisors, rest } = factor(
      add(make("div", mul(m, a), d), make("div", mul(m, b), d)),
    );
    expect([common, divisors, rest]).toEqual([[m], [d], add(a, b)]);
    expect(divide(mul(multiply(common), rest!), divisors)).toBe(make("div", mul(m, add(a, b)), d));
  });
  it("are none where summands have nothing in common", () => {
    const e = add(mul(a, b), mul(c, d));
    expect(factor(e)).toEqual({ common: [e], divisors: [], rest: undefined });
  });
  it("of one product are all of them", () => {
    expect(factor(mul(mul(a, b), c)).common).toEqual([a, b, c]);
  });
});

describe("reductions", () => {
  const walk = freshLoop("N", int(0), size("N"));
  const inner = read({
    from: "x",
    type: "acc",
    axes: [],
    at: [index(walk)],
    border: "inside",
    part: 0,
  });
  const zero = convert("acc", int(0));
  const reductionsIn = (e: Expr) => {
    const found = new Set<Expr>();
    visit([e], (x) => void (x.kind === "part" && found.add(x)));
    return [...found].map((x) => (x.kind === "part" ? x.of.bodies.length : 0));
  };
  it("keep the sums that are read", () => {
    const sums = reduce("sum", [walk], [inner, mul(inner, inner)], [zero, zero]);
    const only = partOf(reduce("sum", [walk], [mul(inner, inner)], [zero]), 0);
    expect(narrow(partOf(sums, 1), () => {})).toBe(only);
    const both = add(partOf(sums, 0), partOf(sums, 1));
    expect(narrow(both, () => {})).toBe(both);
  });
  it("keep what a maximum compares", () => {
    const best = reduce("max", [walk], [inner, a, index(walk)], [zero, zero, int(-1)]);
    expect(reductionsIn(narrow(partOf(best, 2), () => {}))).toEqual([2]);
    expect(narrow(partOf(best, 2), () => {})).toBe(
      partOf(reduce("max", [walk], [inner, index(walk)], [zero, int(-1)]), 1),
    );
  });
});
