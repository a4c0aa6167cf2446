// Contributions of the two branches of a choice. Where both hand the same amount on, to the same element or to
// elements at the same indices in another order, they are one contribution that chooses its indices.

import { allOf, conjuncts, convert, select } from "../ir/build.ts";
import { type Expr, int, kindOf } from "../ir/expr.ts";
import type { Contribution } from "./adjoint.ts";
import { pullGuards, valueWhere } from "./guards.ts";
import { type Place, type Read, type Target, targetsOf } from "./places.ts";
import { negate } from "./terms.ts";

/** A contribution, and the positions of its read in terms of the element that it adds to. */
export interface Meeting {
  readonly contribution: Contribution;
  readonly targets: readonly Target[];
}

/** Contributions to `place`, with those joined that are branches of one choice, also of another order. */
export function joinBranches(
  place: Place,
  contributions: readonly Contribution[],
  orders: "any" | "same",
): readonly Meeting[] {
  const joined: Meeting[] = [];
  const left = [...contributions];
  for (let one = left.shift(); one; one = left.shift()) {
    let meeting: Meeting = { contribution: one, targets: targetsOf(place, one.read) };
    for (const [i, other] of left.entries()) {
      const same = other.read.axes.every((axis, d) => axis === one.read.axes[d]);
      const both = orders === "any" || same ? join(place, meeting, other) : undefined;
      if (!both) continue;
      meeting = both;
      left.splice(i, 1);
      break;
    }
    joined.push(meeting);
  }
  return joined;
}

/** Both as one, if the one counts exactly where the other does not and they are otherwise equal. */
function join(place: Place, one: Meeting, b: Contribution): Meeting | undefined {
  const a = one.contribution;
  if (a.loops.length !== b.loops.length || a.loops.some((l, d) => l !== b.loops[d])) return;
  const [x, y] = [pullGuards(a.value), pullGuards(b.value)];
  if (x.value !== y.value) return;
  const [ofA, ofB] = [x.tests, y.tests].map((tests, i, all) =>
    tests.filter((test) => !all[1 - i]!.includes(test)),
  ) as [Expr[], Expr[]];
  if (!areOpposite(ofA, ofB)) return;
  const order = orderOf(a.read, b.read);
  if (!order || order.some((from, d) => b.read.at[from] !== a.read.at[d])) return;
  const seen = targetsOf(place, b.read);
  const test = allOf(ofA)!;
  const shared = x.tests.filter((e) => y.tests.includes(e));
  const value = valueWhere(shared, x.value, convert(kindOf(x.value), int(0)));
  return {
    contribution: { ...a, value },
    targets: one.targets.map(({ at, extent }, d) => ({
      at: chooseIndex(test, at, seen[order[d]!]!.at),
      extent,
    })),
  };
}

/** The test in its plain form, so that a choice reads the same wherever it is made. */
const chooseIndex = (test: Expr, then: Expr, otherwise: Expr): Expr =>
  test.kind === "op" && test.op === "not"
    ? select(negate(test), otherwise, then)
    : select(test, then, otherwise);

/** Is the one list of tests what does not hold where the other does? */
function areOpposite(a: readonly Expr[], b: readonly Expr[]): boolean {
  const denies = (tests: readonly Expr[], denied: readonly Expr[]): boolean => {
    const [only, ...more] = tests;
    if (!only || more.length > 0 || denied.length === 0) return false;
    const parts = conjuncts(negate(only));
    return parts.length === denied.length && parts.every((e) => denied.includes(e));
  };
  return denies(a, b) || denies(b, a);
}

/** Where `b` has each axis of `a`; undefined where they differ in more than the order of their axes. */
function orderOf(a: Read, b: Read): readonly number[] | undefined {
  if (a.from !== b.from || a.border !== b.border || a.part !== b.part) return undefined;
  if (a.axes.length === 0) return a.at.map((_, d) => d);
  const order = a.axes.map((axis) => b.axes.indexOf(axis));
  // A size that stands twice says nothing of which is which, unless the order is the same.
  if (a.axes.every((axis, d) => axis === b.axes[d])) return a.axes.map((_, d) => d);
  return new Set(order).size === a.axes.length && !order.includes(-1) ? order : undefined;
}
