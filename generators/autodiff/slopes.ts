// The derivative of every scalar operation. The type asks for a row for each, so an operation without one
// does not compile.

import { convert, make, select } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import type { OpName } from "../ir/ops.ts";

/**
 * The adjoints of the operands `x` from `d`, the adjoint of the result `y`; `undefined` where an operand has
 * no slope: ints, tests, and what is flat between its jumps.
 */
export type Slope = (d: Expr, x: readonly Expr[], y: Expr) => readonly (Expr | undefined)[];

const flat: Slope = (_, x) => x.map(() => undefined);
const zero = int(0);
const neg = (e: Expr): Expr => make("neg", e);
const mul = (a: Expr, b: Expr): Expr => make("mul", a, b);
const div = (a: Expr, b: Expr): Expr => make("div", a, b);

/** The whole slope goes to the operand that is the result; a tie goes to the first, as in the value. */
const choose =
  (second: (a: Expr, b: Expr) => Expr): Slope =>
  (d, [a, b]) => {
    const taken = second(a!, b!);
    return [select(taken, zero, d), select(taken, d, zero)];
  };

/** The derivative of each operation: what the gradient of its result adds to that of each operand. */
export const slopes: Readonly<Record<OpName, Slope>> = {
  add: (d) => [d, d],
  sub: (d) => [d, neg(d)],
  mul: (d, [a, b]) => [mul(d, b!), mul(d, a!)],
  div: (d, [, b], y) => [div(d, b!), neg(div(mul(d, y), b!))],
  minimum: choose((a, b) => make("lt", b, a)),
  maximum: choose((a, b) => make("lt", a, b)),
  neg: (d) => [neg(d)],
  // At 0 the slope is that to its right, as everywhere here.
  abs: (d, [a]) => [select(make("lt", a!, zero), neg(d), d)],
  sqrt: (d, _, y) => [div(d, mul(convert("acc", int(2)), y))],
  exp: (d, _, y) => [mul(d, y)],
  log: (d, [a]) => [div(d, a!)],
  sin: (d, [a]) => [mul(d, make("cos", a!))],
  cos: (d, [a]) => [neg(mul(d, make("sin", a!)))],
  tanh: (d, _, y) => [mul(d, make("sub", int(1), mul(y, y)))],

  floor: flat,
  ceil: flat,
  round: flat,
  floorf: flat,
  ceilf: flat,
  roundf: flat,
  idiv: flat,
  mod: flat,
  owner: flat,
  member: flat,
  lt: flat,
  le: flat,
  eq: flat,
  and: flat,
  or: flat,
  not: flat,
};
