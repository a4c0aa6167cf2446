// The bounds of ranges, as dsl/core.ts computes them.

import { make, select } from "../ir/build.ts";
import { constant, type Expr, int, kindOf } from "../ir/expr.ts";
import { largestF32 } from "../ir/ops.ts";
import type { Axis, Range } from "./values.ts";

const yes = constant(1, "bool");
const largest = constant(largestF32, "coord");

/** Is `p` an ordinary number? An int always is; NaN fails the comparison. */
export function finiteTest(p: Expr): Expr {
  if (kindOf(p) === "int") return yes;
  return make("le", make("abs", p), largest);
}

const clampTop = (axis: Axis): Expr => make("sub", axis.size, int(1));

/** `p` moved into `[0, size - 1]`. */
export const clamp = (axis: Axis, p: Expr): Expr =>
  make("maximum", int(0), make("minimum", p, clampTop(axis)));

/** The element nearest to `p`. */
export const nearest = (axis: Axis, p: Expr): Expr => clamp(axis, make("round", p));

/** The whole axis. */
export const whole = (axis: Axis): Range => ({
  is: "range",
  axis: axis.axis,
  lo: int(0),
  hi: axis.size,
  cover: false,
});

/** The indices from `lo` up to `hi` that lie on the axis; none where a bound is not finite. */
export function span(axis: Axis, lo: Expr, hi: Expr): Range {
  const known = make("and", finiteTest(lo), finiteTest(hi));
  return {
    is: "range",
    axis: axis.axis,
    lo: select(known, make("maximum", make("ceil", lo), int(0)), int(0)),
    hi: select(known, make("minimum", make("ceil", hi), axis.size), int(0)),
    cover: false,
  };
}

/** The indices less than 1 from `[lo, hi]`; none where a bound is not finite. */
export function around(axis: Axis, lo: Expr, hi: Expr): Range {
  const known = make("and", finiteTest(lo), finiteTest(hi));
  const last = make("minimum", make("ceil", hi), clampTop(axis));
  return {
    is: "range",
    axis: axis.axis,
    lo: select(known, make("maximum", make("floor", lo), int(0)), int(0)),
    hi: select(known, make("add", last, int(1)), int(0)),
    cover: true,
  };
}

/** `n` steps from 0. */
export const steps = (n: Expr): Range => ({
  is: "range",
  axis: "step",
  lo: int(0),
  hi: make("ceil", n),
  cover: false,
});

/** The steps whose position `first + a * step` may lie within `reach` of the axis. */
export function samples(axis: Axis, n: Expr, first: Expr, step: Expr, reach: Expr): Range {
  return clipped({ n, first, step }, make("neg", reach), make("add", clampTop(axis), reach), []);
}

/** The steps whose position `first + a * step` may lie in `[lo, hi]`; none where a bound is not finite. */
export const stepsWithin = (n: Expr, first: Expr, step: Expr, lo: Expr, hi: Expr): Range =>
  clipped({ n, first, step }, lo, hi, [lo, hi]);

interface Steps {
  readonly n: Expr;
  readonly first: Expr;
  readonly step: Expr;
}

/** The steps that may lie in `[lo, hi]`; none where one of these and of `doubted` is not finite. */
function clipped({ n, first, step }: Steps, lo: Expr, hi: Expr, doubted: readonly Expr[]): Range {
  const known = [n, first, step, ...doubted].map(finiteTest).reduce((a, b) => make("and", a, b));
  const still = make("eq", step, int(0));
  const before = make("div", make("sub", lo, first), step);
  const after = make("div", make("sub", hi, first), step);
  const low = make("minimum", before, after);
  const high = make("maximum", before, after);
  const from = make("maximum", int(0), make("floor", make("sub", low, slack(low))));
  const to = make("minimum", make("ceil", n), make("ceil", make("add", high, slack(high))));
  return {
    is: "range",
    axis: "step",
    lo: select(known, select(still, int(0), from), int(0)),
    hi: select(known, select(still, make("ceil", n), to), int(0)),
    cover: true,
  };
}

/** How far f32 arithmetic may misplace a step. */
const slack = (a: Expr): Expr =>
  make("add", int(1), make("mul", make("abs", a), constant(2 ** -20, "coord")));

/** What two runs have in common; its ends vanish where those of both do. */
export const both = (a: Range, b: Range): Range => ({
  is: "range",
  axis: a.axis,
  lo: make("maximum", a.lo, b.lo),
  hi: make("minimum", a.hi, b.hi),
  cover: a.cover && b.cover,
});
