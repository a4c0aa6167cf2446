// Expressions as text, in the syntax of Python that files of spaces use.

import type { BinaryOp, Expr, Value } from "./expr.ts";

/** How tightly operators bind; comparisons do not chain here. */
const precedence: Readonly<Record<Exclude<BinaryOp, "min" | "max">, number>> = {
  or: 1,
  and: 2,
  "==": 4,
  "!=": 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "//": 6,
  "%": 6,
  "**": 8,
};
const ofNot = 3;
const ofComparison = 4;
const ofNegation = 7;

/** A value as Python writes it. */
export function printValue(value: Value): string {
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return String(value);
    case "string":
      return JSON.stringify(value);
    default:
      return value satisfies never;
  }
}

/** An expression with no more parentheses than it needs. */
export function printExpr(expr: Expr): string {
  return print(expr, 0);
}

/** Text that stands where operators looser than `level` need parentheses. */
function print(expr: Expr, level: number): string {
  const wrap = (own: number, text: string): string => (own < level ? `(${text})` : text);
  switch (expr.kind) {
    case "value": {
      const negative = typeof expr.value === "number" && expr.value < 0;
      return negative ? wrap(ofNegation, printValue(expr.value)) : printValue(expr.value);
    }
    case "parameter":
      return expr.name;
    case "not":
      return wrap(ofNot, `not ${print(expr.of, ofNot)}`);
    case "negate":
      return wrap(ofNegation, `-${print(expr.of, ofNegation + 1)}`);
    case "in": {
      const values = expr.values.map(printValue).join(", ");
      return wrap(ofComparison, `${print(expr.of, ofComparison + 1)} in [${values}]`);
    }
    case "binary": {
      const { op, left, right } = expr;
      if (op === "min" || op === "max") return `${op}(${print(left, 0)}, ${print(right, 0)})`;
      const own = precedence[op];
      // Equal operators stand without parentheses on the left, comparisons and powers on no side.
      const loose = op === "**" || own === ofComparison ? own + 1 : own;
      return wrap(own, `${print(left, loose)} ${op} ${print(right, own + 1)}`);
    }
    default:
      return expr satisfies never;
  }
}
