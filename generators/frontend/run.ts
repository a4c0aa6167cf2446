// What is known and collected while a declaration is evaluated once, for one choice of optional tensors.

import { ts } from "ts-morph";
import type { Expr } from "../ir/expr.ts";
import { kindOf } from "../ir/expr.ts";
import type { AxisDecl, Gather } from "../ir/kernel.ts";
import type { Code } from "./codes.ts";
import { failAt } from "./diagnostics.ts";
import type { Names } from "./names.ts";
import { isLanguage } from "./paths.ts";
import { describe, type Scope, type Value } from "./values.ts";

/** The state of one evaluation; the functions of this folder take it first. */
export interface Run {
  readonly checker: ts.TypeChecker;
  readonly names: Names;
  readonly stages: Gather[];
  /** Axes and names that are in use, so that a new one is another. */
  readonly axes: AxisDecl[];
  readonly taken: Set<string>;
  /** Names that stages must have because they are results. */
  readonly renamed: ReadonlyMap<string, string>;
  /** The calls being evaluated, outermost first. */
  readonly calls: ts.Node[];
  /** Values of module constants, "pending" while being evaluated. */
  readonly modules: Map<ts.Node, Value | "pending">;
  /** The `const` whose value is being evaluated: it names a stage. */
  declaring: string | undefined;
  /** How many walks surround the current expression; stages stand outside of all. */
  depth: number;
  /** Expressions evaluated so far; a bound on it ends recursion. */
  steps: number;
  evaluate(node: ts.Expression, scope: Scope | undefined): Value;
  apply(callee: Value, args: readonly Value[], node: ts.Node): Value;
}

/** Stops with a diagnostic; one inside the language's own text is reported at the author's call of it. */
export function fail(run: Run, code: Code, node: ts.Node, message: string): never {
  const theirs = [...run.calls, node].filter((at) => !isLanguage(at.getSourceFile().fileName));
  const at = isLanguage(node.getSourceFile().fileName) ? (theirs.at(-1) ?? node) : node;
  if (at === node || !ts.isCallExpression(at)) return failAt(code, at, message);
  return failAt(code, at, `in ${at.expression.getText()}: ${message}`);
}

/** The text of an argument of a call, to point at; the call where arguments are spread. */
export function argumentAt(call: ts.Node, i: number): ts.Node {
  if (!ts.isCallExpression(call) || call.arguments.some(ts.isSpreadElement)) return call;
  return call.arguments[i] ?? call;
}

/** The expression of a number or test. */
export function exprOf(run: Run, v: Value | undefined, node: ts.Node): Expr {
  if (v?.is === "scalar") return v.expr;
  if (v?.is === "absent" && v.name !== "undefined")
    return fail(run, "WW123", node, `${v.name} may be absent: say \`?? 0\` or the like`);
  return fail(run, "WW130", node, `expected a number, not ${v ? describe(v) : "nothing"}`);
}

/** A whole number that may be an index. */
export function wholeOf(run: Run, v: Value | undefined, node: ts.Node): Expr {
  const e = positionOf(run, v, node);
  if (kindOf(e) === "int") return e;
  return fail(run, "WW132", node, "an index is whole: use floor, ceil, round or nearest first");
}

/** A number that may be a position: made of indices, sizes, attributes and Coords only. */
export function positionOf(run: Run, v: Value | undefined, node: ts.Node): Expr {
  const e = exprOf(run, v, node);
  const kind = kindOf(e);
  if (kind === "int" || kind === "coord") return e;
  if (kind === "bool") return fail(run, "WW130", node, "a test (boolean) is not a position");
  return fail(
    run,
    "WW131",
    node,
    "a position cannot be made of data: declare the tensor it comes from as Coords",
  );
}
