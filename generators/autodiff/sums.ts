// What contributions add to an element, as few sums of as little as possible: what no step of a walk changes
// stands outside of it, whether it is a test, a factor or a walk of its own.

import { convert, freshLoops, make, partOf, reduce, select } from "../ir/build.ts";
import { cast, type Expr, int, isZero, kindOf, type Loop } from "../ir/expr.ts";
import { freeLoops, type Moved, substitute } from "../ir/walk.ts";
import { divide, factor, multiply } from "./factors.ts";
import { type Guarded, pullGuards, valueWhere } from "./guards.ts";
import type { Inverted } from "./invert.ts";
import { addTerms, chooseTerms, splitTerms } from "./terms.ts";

/** The sum of all contributions to an element; those that walk the same ranges are one walk. */
export function sumOf(inverted: readonly Inverted[], moved: Moved): Expr {
  const walks: Inverted[][] = [];
  for (const one of inverted) {
    const walk = walks.find(([first]) => sameWalk(first!.over, one.over));
    if (walk) walk.push(one);
    else walks.push([one]);
  }
  const sums = walks.map((walk) => {
    const { over } = walk[0]!;
    const chosen = new Set<Expr>();
    const terms = walk.flatMap((one) => {
      const to = new Map(one.over.map((l, d) => [l, over[d]!]));
      const [value, ...tests] = substitute([one.value, ...one.tests], to, moved);
      for (const test of tests) if (isOutside(test, over)) chosen.add(test);
      return termsIn(value!, over).map((term) => ({ ...term, tests: [...tests, ...term.tests] }));
    });
    return sumTerms(over, terms, moved, chosen);
  });
  return convert("acc", sums.length === 0 ? int(0) : sums.reduce((a, b) => make("add", a, b)));
}

/** Do two lists of loops walk the same ranges, each of which is the same for all steps of the others? */
export const sameWalk = (a: readonly Loop[], b: readonly Loop[]): boolean =>
  a.length === b.length &&
  a.every((l, d) => {
    const other = b[d]!;
    const fixed = [l.lo, l.hi].every((e) => isOutside(e, a));
    return fixed && l.lo === other.lo && l.hi === other.hi && l.cover === other.cover;
  });

/** Is `e` the same in every step over `loops`? */
const isOutside = (e: Expr, loops: readonly Loop[]): boolean =>
  ![...freeLoops(e)].some((l) => loops.includes(l));

const termsIn = (e: Expr, over: readonly Loop[]): readonly Guarded[] =>
  splitTerms(e, (test) => isOutside(test, over));

/**
 * The sum of terms over a walk, each where its tests hold. Tests that are the same in all steps stand outside
 * of the sum, where all terms have them in common or they part the terms. Terms that count for other elements, by tests
 * that are `chosen`, are walks of their own: what each needs is computed where its elements are, once for all steps.
 */
function sumTerms(
  over: readonly Loop[],
  terms: readonly Guarded[],
  moved: Moved,
  chosen: ReadonlySet<Expr> = new Set(),
): Expr {
  const outside = (e: Expr): boolean => isOutside(e, over);
  return chooseTerms(terms, outside, (left) => {
    const groups = groupBy(left, chosen);
    if (groups.length > 1 && over.length > 0)
      return addTerms(groups.map((g) => ({ ...g, value: sumTerms(over, g.terms, moved) })));
    const { common, divisors, rest } = factor(chooseTerms(left, () => true, addTerms));
    const changes = (e: Expr): boolean => !outside(e);
    const inside = [...common.filter(changes), ...(rest ? [rest] : [])];
    // A sum of what is the same in all steps is left as it is.
    if (inside.length === 0) return walkOver(over, divide(multiply(common), divisors), moved);
    const summand = divide(multiply(inside), divisors.filter(changes));
    const factors = common.filter(outside);
    const sum = sumOfOne(over, summand, moved);
    const product = factors.length === 0 ? sum : make("mul", multiply(factors), sum);
    // What a sum is multiplied by may be wild where the sum counts for nothing.
    return guarded(divide(product, divisors.filter(outside)));
  });
}

/** Terms by which of these tests they have, without them. */
function groupBy(terms: readonly Guarded[], by: ReadonlySet<Expr>) {
  const groups: { readonly tests: readonly Expr[]; readonly terms: Guarded[] }[] = [];
  for (const { tests, value } of terms) {
    const own = tests.filter((test) => by.has(test));
    const rest = { tests: tests.filter((test) => !by.has(test)), value };
    const group = groups.find(
      (one) => one.tests.length === own.length && own.every((test) => one.tests.includes(test)),
    );
    if (group) group.terms.push(rest);
    else groups.push({ tests: own, terms: [rest] });
  }
  return groups;
}

/** A product whose factors count under tests, under these tests itself: 0 times infinity does not arise. */
function guarded(e: Expr): Expr {
  const { tests, value } = pullGuards(e);
  return valueWhere(tests, value, convert(kindOf(value), int(0)));
}

/** A sum over `over` of a sum whose own walk is the same in all steps: its walk then is the outer one. */
function sumOfOne(over: readonly Loop[], e: Expr, moved: Moved): Expr {
  const of = e.kind === "part" ? e.of : undefined;
  const exchangeable =
    over.length > 0 &&
    of?.op === "sum" &&
    of.bodies.length === 1 &&
    isZero(of.from[0]!) &&
    of.over.every((l) => outsideAll([l.lo, l.hi], [...over, ...of.over]));
  if (!of || !exchangeable) return walkOver(over, e, moved);
  const to = freshLoops(of.over, moved);
  const own = [...to.values()];
  const [body] = substitute(of.bodies, to, moved);
  const inner = sumTerms(over, termsIn(body!, over), moved);
  return sumTerms(own, termsIn(inner, own), moved);
}

/**
 * `e` with what no step of its sums changes outside of them: a test there also guards what a sum is multiplied by,
 * which may be wild where the sum counts for nothing.
 */
export function openSums(e: Expr, moved: Moved): Expr {
  const open = (x: Expr): Expr => openSums(x, moved);
  switch (e.kind) {
    case "cast":
      return cast(e.to, open(e.arg));
    case "select":
      return select(e.cond, open(e.then), open(e.else));
    case "op": {
      const [a, b] = e.args;
      if (e.op === "neg") return make("neg", open(a!));
      if (e.op === "div") return make("div", open(a!), b!);
      const both = e.op === "mul" || e.op === "add" || e.op === "sub";
      return both ? make(e.op, open(a!), open(b!)) : e;
    }
    case "part": {
      const { of } = e;
      const plain = of.op === "sum" && of.bodies.length === 1 && isZero(of.from[0]!);
      const own = of.over.every((l) => outsideAll([l.lo, l.hi], of.over));
      if (!plain || !own) return e;
      const to = freshLoops(of.over, moved);
      const over = [...to.values()];
      const [body] = substitute(of.bodies, to, moved);
      return sumTerms(over, termsIn(body!, over), moved);
    }
    default:
      return e;
  }
}

const outsideAll = (es: readonly Expr[], loops: readonly Loop[]): boolean =>
  es.every((e) => isOutside(e, loops));

const walkOver = (over: readonly Loop[], body: Expr, moved: Moved): Expr =>
  over.length === 0
    ? body
    : partOf(reduce("sum", over, [body], [convert(kindOf(body), int(0))], moved), 0);
