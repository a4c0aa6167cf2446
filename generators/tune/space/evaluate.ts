// Expressions as functions: a tree is walked once, not at each of millions of points.

import { TuningError } from "./error.ts";
import type { BinaryOp, Expr, Value } from "./expr.ts";
import type { Configuration } from "./space.ts";

/** A function of the values of parameters, each in its slot. */
export type Evaluator = (values: readonly Value[]) => Value;

type Arithmetic = (left: number, right: number) => number;

/** What divides by zero is not a number, which no comparison but `!=` holds of. */
const modulo: Arithmetic = (a, b) => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

/** By the rest, which is exact: `1 // 0.1` is 9, though `1 / 0.1` rounds to 10. */
const floorDivide: Arithmetic = (a, b) =>
  b === 0 ? Number.NaN : Math.round((a - modulo(a, b)) / b);

const arithmetic = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? Number.NaN : a / b),
  "//": floorDivide,
  "%": modulo,
  "**": (a, b) => a ** b,
  min: Math.min,
  max: Math.max,
} as const satisfies Partial<Record<BinaryOp, Arithmetic>>;

const comparisons = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
} as const satisfies Partial<Record<BinaryOp, (left: never, right: never) => boolean>> as Record<
  "<" | "<=" | ">" | ">=",
  (left: Value, right: Value) => boolean
>;

/** Whether two values are the same; true is 1 and false is 0, and texts equal only texts. */
export function equals(a: Value, b: Value): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return Number(a) === Number(b);
}

function numberOf(value: Value, op: string): number {
  if (typeof value !== "string") return Number(value);
  throw new TuningError(`"${value}" is text, which \`${op}\` does not take`);
}

/** A function of an expression; `slotOf` says where the value of a parameter will be. */
export function compileExpr(expr: Expr, slotOf: (name: string) => number): Evaluator {
  switch (expr.kind) {
    case "value": {
      const { value } = expr;
      return () => value;
    }
    case "parameter": {
      const slot = slotOf(expr.name);
      return (values) => values[slot]!;
    }
    case "not": {
      const of = compileExpr(expr.of, slotOf);
      return (values) => !of(values);
    }
    case "negate": {
      const of = compileExpr(expr.of, slotOf);
      return (values) => 0 - numberOf(of(values), "-");
    }
    case "in": {
      const of = compileExpr(expr.of, slotOf);
      return (values) => {
        const value = of(values);
        return expr.values.some((other) => equals(value, other));
      };
    }
    case "binary":
      return compileBinary(
        expr.op,
        compileExpr(expr.left, slotOf),
        compileExpr(expr.right, slotOf),
      );
    default:
      return expr satisfies never;
  }
}

function compileBinary(op: BinaryOp, left: Evaluator, right: Evaluator): Evaluator {
  switch (op) {
    case "and":
      return (values) => left(values) && right(values);
    case "or":
      return (values) => left(values) || right(values);
    case "==":
      return (values) => equals(left(values), right(values));
    case "!=":
      return (values) => !equals(left(values), right(values));
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const compare = comparisons[op];
      return (values) => {
        const [a, b] = [left(values), right(values)];
        if (typeof a === "string" && typeof b === "string") return compare(a, b);
        return compare(numberOf(a, op), numberOf(b, op));
      };
    }
    case "+":
    case "-":
    case "*":
    case "/":
    case "//":
    case "%":
    case "**":
    case "min":
    case "max": {
      const compute: Arithmetic = arithmetic[op];
      return (values) => compute(numberOf(left(values), op), numberOf(right(values), op));
    }
    default:
      return op satisfies never;
  }
}

/** The value of an expression at a configuration. */
export function evaluate(expr: Expr, configuration: Configuration): Value {
  const names = [...parametersOf(expr)];
  const values = names.map((name) => {
    const value = Object.hasOwn(configuration, name) ? configuration[name] : undefined;
    if (value === undefined) throw new TuningError(`the configuration has no value of ${name}`);
    return value;
  });
  return compileExpr(expr, (name) => names.indexOf(name))(values);
}

/** The parameters that an expression reads. */
export function parametersOf(expr: Expr): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (of: Expr): void => {
    switch (of.kind) {
      case "value":
        return;
      case "parameter":
        names.add(of.name);
        return;
      case "not":
      case "negate":
      case "in":
        visit(of.of);
        return;
      case "binary":
        visit(of.left);
        visit(of.right);
        return;
      default:
        of satisfies never;
    }
  };
  visit(expr);
  return names;
}
