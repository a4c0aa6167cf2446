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
  const known = [n, first, step].map(finiteTest).reduce((a, b) => make("and", a, b));
  const still = make("eq", step, int(0));
  const before = make("div", make("sub", make("neg", reach), first), step);
  const after = make("div", make("sub", make("add", clampTop(axis), reach), first), step);
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
