// Symbolic evaluation: what an expression of a declaration means, without running it.

import { ts } from "ts-morph";
import { KindError, select } from "../ir/build.ts";
import { constant, int } from "../ir/expr.ts";
import { callFunction } from "./bind.ts";
import { callMethod, elementOf, memberOf, readElement } from "./members.ts";
import { evaluateBinary, isTruthy, negate } from "./operators.ts";
import { isPrimitive, primitives } from "./primitives.ts";
import { resolveMember, resolveName } from "./resolve.ts";
import { exprOf, fail, type Run } from "./run.ts";
import { describe, list, record, type Scope, scalar, type Value } from "./values.ts";

/** Deeper than any declaration nests calls, and more than any evaluates: beyond is recursion. */
const mostCalls = 100;
const mostSteps = 1_000_000;

/** The value of an expression; a misuse of kinds found on the way is reported there. */
export function evaluate(run: Run, node: ts.Expression, scope: Scope | undefined): Value {
  if (++run.steps > mostSteps)
    return fail(run, "WW113", node, "the declaration does not end: does a function call itself?");
  try {
    return evaluateNode(run, node, scope);
  } catch (error) {
    if (error instanceof KindError) return fail(run, "WW130", node, error.message);
    throw error;
  }
}

function evaluateNode(run: Run, node: ts.Expression, scope: Scope | undefined): Value {
  const go = (inner: ts.Expression): Value => evaluate(run, inner, scope);
  if (ts.isIdentifier(node)) return resolveName(run, node, scope);
  if (ts.isNumericLiteral(node)) return numberOf(Number(node.text));
  if (ts.isStringLiteralLike(node)) return { is: "text", text: node.text };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return scalar(constant(1, "bool"));
  if (node.kind === ts.SyntaxKind.FalseKeyword) return scalar(constant(0, "bool"));
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return go(node.expression);
  if (ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)) return go(node.expression);
  if (ts.isTypeAssertionExpression(node)) return go(node.expression);
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node))
    return { is: "closure", of: node, scope };
  if (ts.isArrayLiteralExpression(node)) return list(spread(run, node.elements, scope));
  if (ts.isObjectLiteralExpression(node)) return evaluateObject(run, node, scope);
  if (ts.isPropertyAccessExpression(node)) {
    const exported = resolveMember(run, node, scope);
    if (exported) return exported;
    const of = go(node.expression);
    if (of.is === "absent" && isOptional(node)) return of;
    return memberOf(run, of, node.name.text, node);
  }
  if (ts.isElementAccessExpression(node)) {
    const of = go(node.expression);
    if (of.is === "absent" && isOptional(node)) return of;
    return elementOf(run, of, go(node.argumentExpression), node);
  }
  if (ts.isCallExpression(node)) {
    const callee = go(node.expression);
    if (callee.is === "absent" && isOptional(node)) return callee;
    return apply(run, callee, spread(run, node.arguments, scope), node);
  }
  if (ts.isConditionalExpression(node)) return evaluateChoice(run, node, scope);
  if (ts.isPrefixUnaryExpression(node)) return negate(run, node.operator, go(node.operand), node);
  if (ts.isBinaryExpression(node)) return evaluateBinary(run, node, scope);
  return refuse(run, node);
}

const isOptional = (node: ts.Node): boolean => (node.flags & ts.NodeFlags.OptionalChain) !== 0;

/** Whole literals are ints where 32 bits hold them, all others are coordinates. */
function numberOf(value: number): Value {
  const isInt = Number.isInteger(value) && value < 2 ** 31;
  return scalar(isInt ? int(value) : constant(value, "coord"));
}

/** The values of arguments or elements, `...list` in place. */
function spread(run: Run, nodes: readonly ts.Expression[], scope: Scope | undefined): Value[] {
  return nodes.flatMap((node) => {
    if (ts.isOmittedExpression(node)) return fail(run, "WW110", node, "an element is missing");
    if (!ts.isSpreadElement(node)) return [evaluate(run, node, scope)];
    const value = evaluate(run, node.expression, scope);
    if (value.is === "list") return value.items;
    return fail(run, "WW110", node, `${describe(value)} cannot be spread: only an array can`);
  });
}

function evaluateObject(
  run: Run,
  node: ts.ObjectLiteralExpression,
  scope: Scope | undefined,
): Value {
  const before = run.declaring;
  const fields = node.properties.map((property): [string, Value] => {
    if (ts.isShorthandPropertyAssignment(property))
      return [property.name.text, resolveName(run, property.name, scope)];
    const { name } = property;
    if (!ts.isPropertyAssignment(property) || !name || !isPlainName(name))
      return fail(run, "WW110", property, "objects have named values only");
    run.declaring = name.text;
    return [name.text, evaluate(run, property.initializer, scope)];
  });
  run.declaring = before;
  return record(fields);
}

const isPlainName = (name: ts.PropertyName): name is ts.Identifier | ts.StringLiteral =>
  ts.isIdentifier(name) || ts.isStringLiteral(name);

/** A call of whatever can be called. */
export function apply(run: Run, callee: Value, args: readonly Value[], node: ts.Node): Value {
  if (run.calls.length >= mostCalls)
    return fail(run, "WW113", node, "calls are nested too deeply: does a function call itself?");
  run.calls.push(node);
  const value = applyInside(run, callee, args, node);
  run.calls.pop();
  return value;
}

function applyInside(run: Run, callee: Value, args: readonly Value[], node: ts.Node): Value {
  switch (callee.is) {
    case "closure":
      return callFunction(run, callee.of, callee.scope, args);
    case "primitive":
      if (!isPrimitive(callee.name)) return fail(run, "WW122", node, `no ${callee.name}`);
      return primitives[callee.name](run, args, node);
    case "method":
      return callMethod(run, callee, args, node);
    case "tensor":
      return readElement(run, callee.source, "inside", args, node);
    case "absent":
      return fail(run, "WW123", node, `${callee.name} may be absent: call it with ?.`);
    case "scalar":
    case "axis":
    case "range":
    case "list":
    case "record":
    case "text":
    case "choice":
      return fail(run, "WW122", node, `${describe(callee)} cannot be called`);
    default:
      return callee satisfies never;
  }
}

/** `? :` takes one branch where the condition is known, else keeps both. */
function evaluateChoice(run: Run, node: ts.ConditionalExpression, scope: Scope | undefined): Value {
  const condition = evaluate(run, node.condition, scope);
  const known = isTruthy(condition);
  if (known !== undefined) return evaluate(run, known ? node.whenTrue : node.whenFalse, scope);
  const then = evaluate(run, node.whenTrue, scope);
  const otherwise = evaluate(run, node.whenFalse, scope);
  return choose(run, condition, then, otherwise, node);
}

function choose(run: Run, condition: Value, a: Value, b: Value, node: ts.Node): Value {
  const cond = exprOf(run, condition, node);
  if (a.is === "scalar" && b.is === "scalar") return scalar(select(cond, a.expr, b.expr));
  if (a.is === "list" && b.is === "list" && a.items.length === b.items.length)
    return list(a.items.map((item, i) => choose(run, condition, item, b.items[i]!, node)));
  if (a.is === "range" && b.is === "range" && a.axis === b.axis)
    return {
      ...a,
      lo: select(cond, a.lo, b.lo),
      hi: select(cond, a.hi, b.hi),
      cover: a.cover && b.cover,
    };
  const forms = a.is === b.is ? `two of ${describe(a)}` : `${describe(a)} and ${describe(b)}`;
  return fail(
    run,
    "WW133",
    node,
    `\`? :\` chooses between numbers, arrays of them or ranges of one axis, not ${forms}`,
  );
}

const reasons: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.AwaitExpression]: "there is nothing to wait for",
  [ts.SyntaxKind.NewExpression]: "there are no objects to construct",
  [ts.SyntaxKind.TemplateExpression]: "strings are literals",
  [ts.SyntaxKind.PostfixUnaryExpression]: "values do not change",
  [ts.SyntaxKind.ClassExpression]: "there are no classes",
  [ts.SyntaxKind.ThisKeyword]: "there is no this",
  [ts.SyntaxKind.NullKeyword]: "an absent tensor is undefined",
};

function refuse(run: Run, node: ts.Expression): never {
  const why = reasons[node.kind];
  const what = "this is not part of the declaration language";
  return fail(run, "WW110", node, why ? `${what}: ${why}` : what);
}
