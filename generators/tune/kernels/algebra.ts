// Rules of transforms as data: the formulas that refuse a schedule, made of expressions over a space's parameters.

import type { Algebra } from "../../schedule/rules.ts";
import type { BinaryOp, Expr, Value } from "../space/expr.ts";

const binary = (op: BinaryOp, left: Expr, right: Expr): Expr => ({
  kind: "binary",
  op,
  left,
  right,
});

const isZero = (e: Expr): boolean => e.kind === "value" && e.value === 0;

/** A value as an expression. */
export const constantOf = (value: Value): Expr => ({ kind: "value", value });

/** A parameter as an expression. */
export const parameterOf = (name: string): Expr => ({ kind: "parameter", name });

/** Formulas of expressions. */
export const expressions: Algebra<Expr> = {
  of: constantOf,
  add: (a, b) => (isZero(b) ? a : binary("+", a, b)),
  mul: (a, b) => binary("*", a, b),
  div: (a, b) => binary("/", a, b),
  rem: (a, b) => binary("%", a, b),
  max: (a, b) => binary("max", a, b),
  le: (a, b) => binary("<=", a, b),
  eq: (a, b) => binary("==", a, b),
  and: (a, b) => binary("and", a, b),
  or: (a, b) => binary("or", a, b),
};

/** Whether a parameter has one of some values. */
export function isOneOf(name: string, values: readonly Value[]): Expr {
  const of = parameterOf(name);
  const [first] = values;
  return first !== undefined && values.length === 1
    ? binary("==", of, constantOf(first))
    : { kind: "in", of, values };
}
