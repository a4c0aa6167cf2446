// The operators of expressions.

import { ts } from "ts-morph";
import { make } from "../ir/build.ts";
import { constant, int, option } from "../ir/expr.ts";
import { optionValues } from "../ir/kernel.ts";
import type { OpName } from "../ir/ops.ts";
import { exprOf, fail, type Run } from "./run.ts";
import { describe, type Scope, scalar, type Value } from "./values.ts";

const arithmetic: Readonly<Record<string, OpName>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "<": "lt",
  "<=": "le",
};
/** The IR has one direction of each comparison. */
const swapped: Readonly<Record<string, OpName>> = { ">": "lt", ">=": "le" };

const instead: Readonly<Record<string, string>> = {
  "%": "use mod",
  "**": "multiply, or use exp and log",
  "==": "use ===",
  "!=": "use !==",
};

const bool = (value: boolean): Value => scalar(constant(Number(value), "bool"));

/** Is the value known to be true or false before anything runs? */
export function isTruthy(v: Value): boolean | undefined {
  switch (v.is) {
    case "absent":
      return false;
    case "tensor":
      return true;
    case "scalar":
      return v.expr.kind === "const" ? v.expr.value !== 0 : undefined;
    default:
      return undefined;
  }
}

/** `-a`, `+a` and `!a` */
export function negate(
  run: Run,
  operator: ts.PrefixUnaryOperator,
  of: Value,
  node: ts.Node,
): Value {
  switch (operator) {
    case ts.SyntaxKind.MinusToken: {
      const e = exprOf(run, of, node);
      // An int has no -0.
      return scalar(e === int(0) ? constant(-0, "coord") : make("neg", e));
    }
    case ts.SyntaxKind.PlusToken:
      return scalar(exprOf(run, of, node));
    case ts.SyntaxKind.ExclamationToken: {
      const known = isTruthy(of);
      return known === undefined ? scalar(make("not", exprOf(run, of, node))) : bool(!known);
    }
    default:
      return fail(run, "WW110", node, `${ts.tokenToString(operator)} is not part of the language`);
  }
}

/** `a op b`; `&&`, `||` and `??` leave the right side alone where the left decides. */
export function evaluateBinary(
  run: Run,
  node: ts.BinaryExpression,
  scope: Scope | undefined,
): Value {
  const text = node.operatorToken.getText();
  const left = run.evaluate(node.left, scope);
  const right = (): Value => run.evaluate(node.right, scope);
  switch (text) {
    case "??":
      return left.is === "absent" ? right() : left;
    case "&&":
    case "||": {
      const known = isTruthy(left);
      if (known !== undefined) return known === (text === "&&") ? right() : left;
      const b = exprOf(run, right(), node.right);
      return scalar(make(text === "&&" ? "and" : "or", exprOf(run, left, node.left), b));
    }
    case "===":
      return compare(run, left, right(), node);
    case "!==": {
      const same = exprOf(run, compare(run, left, right(), node), node);
      return scalar(make("not", same));
    }
  }
  const name = arithmetic[text] ?? swapped[text];
  if (!name) {
    const why = instead[text] ?? "values are computed with + - * /, and do not change";
    return fail(run, "WW110", node, `\`${text}\` is not part of the language: ${why}`);
  }
  const a = exprOf(run, left, node.left);
  const b = exprOf(run, right(), node.right);
  return scalar(text in swapped ? make(name, b, a) : make(name, a, b));
}

/** `===` of numbers, of strings, of an option and a string, or with undefined. */
function compare(run: Run, a: Value, b: Value, node: ts.Node): Value {
  if (a.is === "absent" || b.is === "absent") return bool(a.is === b.is);
  if (a.is === "text" && b.is === "text") return bool(a.text === b.text);
  if (a.is === "choice" && b.is === "text") return isChosen(run, a, b.text, node);
  if (a.is === "text" && b.is === "choice") return isChosen(run, b, a.text, node);
  if (a.is === "scalar" && b.is === "scalar") return scalar(make("eq", a.expr, b.expr));
  const both = `${describe(a)} with ${describe(b)}`;
  return fail(run, "WW134", node, `=== compares numbers, or a string with an option, not ${both}`);
}

function isChosen(
  run: Run,
  { attr }: Extract<Value, { is: "choice" }>,
  text: string,
  node: ts.Node,
): Value {
  const values = optionValues(attr);
  const i = values.indexOf(text);
  if (i >= 0) return scalar(make("eq", option(attr.name), int(i)));
  return fail(run, "WW134", node, `${attr.name} is one of ${values.join(", ")}, not "${text}"`);
}
