// What is added to one element, as terms that each count under tests of their own, and the choice between them
// that the tests make: terms that exclude each other are branches, not summands.

import { conjuncts, convert, make, select } from "../ir/build.ts";
import { cast, type Expr, int, isZero, kindOf } from "../ir/expr.ts";
import { type Guarded, pullGuards, valueWhere } from "./guards.ts";

const zero = int(0);
/** What holds where `e` does not. */
export const negate = (e: Expr): Expr =>
  e.kind === "op" && e.op === "not" ? e.args[0]! : make("not", e);

/** A test and what excludes it. */
const excludes = (a: Expr, b: Expr): boolean => negate(a) === b || a === negate(b);

/** Products are spread over no more terms than these. */
const most = 8;

/** `e` as a sum of terms: the branches of choices by `splits`, and what is added as it stands. */
export function splitTerms(e: Expr, splits: (test: Expr) => boolean): readonly Guarded[] {
  const split = (x: Expr): readonly Guarded[] => splitTerms(x, splits);
  const each = (x: Expr, f: (value: Expr) => Expr): readonly Guarded[] =>
    split(x).map(({ tests, value }) => ({ tests, value: f(value) }));
  if (isZero(e)) return [];
  if (e.kind === "cast") return each(e.arg, (value) => cast(e.to, value));
  if (e.kind === "select") {
    const [yes, no] = [conjuncts(e.cond), [negate(e.cond)]];
    const kind = kindOf(e);
    // A choice of where, rather than of how much, is one value.
    const parts = kind !== "coord" && splits(e.cond);
    if (!isZero(e.then) && !isZero(e.else) && !parts) return [{ tests: [], value: e }];
    return [
      ...under(
        yes,
        each(e.then, (value) => convert(kind, value)),
      ),
      ...under(
        no,
        each(e.else, (value) => convert(kind, value)),
      ),
    ];
  }
  if (e.kind !== "op") return [{ tests: [], value: e }];
  const [a, b] = e.args;
  switch (e.op) {
    case "neg":
      return each(a!, (value) => make("neg", value));
    case "div":
      return each(a!, (value) => make("div", value, b!));
    case "add":
      return joinEqual([...split(a!), ...split(b!)]);
    case "sub":
      return joinEqual([...split(a!), ...each(b!, (value) => make("neg", value))]);
    case "mul": {
      const [left, right] = [factorTerms(a!, split(a!)), factorTerms(b!, split(b!))];
      const product = left.flatMap((x) =>
        right.map((y) => ({
          tests: [...new Set([...x.tests, ...y.tests])],
          value: make("mul", x.value, y.value),
        })),
      );
      const possible = product.filter(isPossible);
      return possible.length <= most ? possible : [{ tests: [], value: e }];
    }
    default:
      return [{ tests: [], value: e }];
  }
}

const under = (tests: readonly Expr[], terms: readonly Guarded[]): readonly Guarded[] =>
  terms
    .map((term) => ({ ...term, tests: [...new Set([...tests, ...term.tests])] }))
    .filter(isPossible);

const isPossible = ({ tests }: Guarded): boolean =>
  !tests.some((a, i) => tests.slice(i + 1).some((b) => excludes(a, b)));

const sameTests = (a: Guarded, b: Guarded): boolean =>
  a.tests.length === b.tests.length && a.tests.every((test) => b.tests.includes(test));

/** A factor's terms where they exclude each other; else it stays one, and is computed once. */
function factorTerms(e: Expr, terms: readonly Guarded[]): readonly Guarded[] {
  const apart = (a: Guarded, b: Guarded) => !isPossible({ ...a, tests: [...a.tests, ...b.tests] });
  const all = terms.every((a, i) => terms.slice(i + 1).every((b) => apart(a, b)));
  return all ? terms : [pullGuards(e)];
}

/** Terms under the same tests are one. */
function joinEqual(terms: readonly Guarded[]): readonly Guarded[] {
  const joined: Guarded[] = [];
  for (const term of terms) {
    const at = joined.findIndex((other) => sameTests(other, term));
    const known = joined[at];
    if (!known) joined.push(term);
    else joined[at] = { ...known, value: subtractOrAdd(known.value, term.value) };
  }
  return joined;
}

/** a + -b is a - b, exactly. */
const subtractOrAdd = (a: Expr, b: Expr): Expr =>
  b.kind === "op" && b.op === "neg" ? make("sub", a, b.args[0]!) : make("add", a, b);

/**
 * The sum of `terms`: what all have in common among the tests that are `usable` stands around it, and where one
 * of these tests parts the terms, it chooses between them. `leaf` adds up the terms that are left, whose
 * other tests are still theirs.
 */
export function chooseTerms(
  terms: readonly Guarded[],
  usable: (test: Expr) => boolean,
  leaf: (terms: readonly Guarded[]) => Expr,
): Expr {
  const [first] = terms;
  if (!first) return zero;
  const shared = sharedTests(terms).filter(usable);
  if (shared.length > 0) {
    const rest = terms.map((term) => without(term, shared));
    return valueWhere(shared, chooseTerms(rest, usable, leaf), zero);
  }
  const found = findParting(terms, usable);
  if (!found) return leaf(terms);
  const { test, taken, other } = found;
  const [yes, no] = [
    taken.map((term) => without(term, [test])),
    other.map((term) => without(term, [negate(test)])),
  ];
  return select(test, chooseTerms(yes, usable, leaf), chooseTerms(no, usable, leaf));
}

const without = ({ tests, value }: Guarded, known: readonly Expr[]): Guarded => ({
  tests: tests.filter((test) => !known.includes(test)),
  value,
});

const sharedTests = (terms: readonly Guarded[]): readonly Expr[] =>
  terms[0]!.tests.filter((test) => terms.every(({ tests }) => tests.includes(test)));

/** A test that chooses between terms: each asks for it or for its opposite. */
interface Parting {
  readonly test: Expr;
  readonly taken: readonly Guarded[];
  readonly other: readonly Guarded[];
}

/** The test that parts the terms, and of several the one whose sides have most in common. */
function findParting(
  terms: readonly Guarded[],
  usable: (test: Expr) => boolean,
): Parting | undefined {
  const plain = (e: Expr) => (e.kind === "op" && e.op === "not" ? negate(e) : e);
  const tests = new Set(terms.flatMap((term) => term.tests.filter(usable).map(plain)));
  let best: (Parting & { readonly common: number }) | undefined;
  for (const test of tests) {
    const taken = terms.filter((term) => term.tests.includes(test));
    const other = terms.filter((term) => term.tests.includes(negate(test)));
    if (taken.length === 0 || other.length === 0) continue;
    if (taken.length + other.length < terms.length) continue;
    const common = sharedTests(taken).length + sharedTests(other).length;
    if (!best || common > best.common) best = { test, taken, other, common };
  }
  return best;
}

/** Terms added up, each where its tests hold. */
export function addTerms(terms: readonly Guarded[]): Expr {
  const values = terms.map(({ tests, value }) => valueWhere(tests, value, zero));
  return values.length === 0 ? zero : values.reduce(subtractOrAdd);
}
