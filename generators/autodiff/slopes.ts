// The derivative of every scalar operation. The type asks for a row for each, so an operation without one
// does not compile.

import { convert, make, select } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import type { OpName } from "../ir/ops.ts";

/**
 * The adjoints of the operands `x` from `d`, the adjoint of the result `y`; `undefined` where an operand has
 * no slope: ints, tests, and what is flat between its jumps. `varies` tells the operands that follow a
 * tensor whose gradient is wanted from those that stay as they are.
 */
export type Slope = (
  d: Expr,
  x: readonly Expr[],
  y: Expr,
  varies: (operand: Expr) => boolean,
) => readonly (Expr | undefined)[];

const flat: Slope = (_, x) => x.map(() => undefined);
const zero = int(0);
const neg = (e: Expr): Expr => make("neg", e);
const mul = (a: Expr, b: Expr): Expr => make("mul", a, b);
const div = (a: Expr, b: Expr): Expr => make("div", a, b);

/**
 * The whole slope goes to the operand that is the result. At a tie with a number that stays it is the slope to
 * the right, as everywhere here: of `maximum` the operand's, of `minimum` 0. Of two that vary the first has it.
 */
const smaller: Slope = (d, [a, b], _, varies) => [
  select(make(varies(b!) ? "lt" : "le", b!, a!), zero, d),
  select(make("lt", b!, a!), d, zero),
];
const larger: Slope = (d, [a, b], _, varies) => [
  select(make("lt", a!, b!), zero, d),
  select(make(varies(a!) ? "lt" : "le", a!, b!), d, zero),
];

/** The derivative of each operation: what the gradient of its result adds to that of each operand. */
export const slopes: Readonly<Record<OpName, Slope>> = {
  add: (d) => [d, d],
  sub: (d) => [d, neg(d)],
  mul: (d, [a, b]) => [mul(d, b!), mul(d, a!)],
  div: (d, [, b], y) => [div(d, b!), neg(div(mul(d, y), b!))],
  minimum: smaller,
  maximum: larger,
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
  rintf: flat,
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
