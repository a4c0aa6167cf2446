// Function bodies: `const` by `const` to the final `return`, and the patterns that take values apart.

import { ts } from "ts-morph";
import { int } from "../ir/expr.ts";
import { elementOf, memberOf } from "./members.ts";
import { fail, type Run } from "./run.ts";
import { list, type Scope, scalar, type Value } from "./values.ts";

type Function = Extract<Value, { is: "closure" }>["of"];

/** An empty scope inside another. */
export const openScope = (parent: Scope | undefined): Scope => ({
  values: new Map(),
  parent,
  pending: new Set(),
});

/** Calls a function: its parameters bound, its body evaluated. */
export function callFunction(
  run: Run,
  of: Function,
  outer: Scope | undefined,
  args: readonly Value[],
): Value {
  const scope = openScope(outer);
  of.parameters.forEach((parameter, i) => {
    if (parameter.initializer)
      fail(run, "WW110", parameter, "parameters have no default values: give the argument");
    const rest = parameter.dotDotDotToken;
    const value = rest ? list(args.slice(i)) : (args[i] ?? { is: "absent", name: "undefined" });
    bindPattern(run, parameter.name, value, scope, false);
  });
  const { body } = of;
  if (of.asteriskToken || of.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword))
    return fail(run, "WW110", of, "async functions and generators are not part of the language");
  if (!body) return fail(run, "WW111", of, "the function has no body");
  return ts.isBlock(body) ? runBlock(run, body, scope) : run.evaluate(body, scope);
}

function runBlock(run: Run, block: ts.Block, scope: Scope): Value {
  for (const statement of block.statements) declareNames(statement, scope);
  for (const statement of block.statements) {
    if (ts.isReturnStatement(statement)) {
      if (!statement.expression)
        return fail(run, "WW111", statement, "`return` gives the function's value");
      return run.evaluate(statement.expression, scope);
    }
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) continue;
    if (ts.isFunctionDeclaration(statement) || ts.isEmptyStatement(statement)) continue;
    if (!ts.isVariableStatement(statement)) return refuse(run, statement);
    if (!(statement.declarationList.flags & ts.NodeFlags.Const))
      return fail(run, "WW111", statement, "values do not change: use const");
    for (const declaration of statement.declarationList.declarations)
      declareConst(run, declaration, scope);
  }
  return fail(run, "WW111", block, "the function ends in `return`");
}

const statements: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.IfStatement]: "there is no `if`: choose between values with `? :`",
  [ts.SyntaxKind.ForStatement]: "there are no loops: walk ranges with sum, mean or max",
  [ts.SyntaxKind.ForOfStatement]: "there are no loops: walk ranges with sum, mean or max",
  [ts.SyntaxKind.ForInStatement]: "there are no loops: walk ranges with sum, mean or max",
  [ts.SyntaxKind.WhileStatement]: "there are no loops: walk ranges with sum, mean or max",
  [ts.SyntaxKind.DoStatement]: "there are no loops: walk ranges with sum, mean or max",
  [ts.SyntaxKind.ThrowStatement]: "nothing is thrown: demands are said in meta",
  [ts.SyntaxKind.TryStatement]: "nothing is thrown or caught",
  [ts.SyntaxKind.ExpressionStatement]: "a statement by itself has no effect",
  [ts.SyntaxKind.ClassDeclaration]: "there are no classes",
  [ts.SyntaxKind.SwitchStatement]: "there is no `switch`: choose between values with `? :`",
};

function refuse(run: Run, statement: ts.Statement): never {
  const why = statements[statement.kind] ?? "this statement is not part of the language";
  return fail(run, "WW111", statement, `${why}; a body is const declarations and one return`);
}

/** Functions are known before they are reached; constants are not. */
function declareNames(statement: ts.Statement, scope: Scope): void {
  if (ts.isFunctionDeclaration(statement) && statement.name)
    scope.values.set(statement.name.text, { is: "closure", of: statement, scope });
  if (ts.isVariableStatement(statement))
    for (const { name } of statement.declarationList.declarations) addNames(name, scope.pending);
}

function addNames(name: ts.BindingName, to: Set<string>): void {
  if (ts.isIdentifier(name)) to.add(name.text);
  else
    for (const element of name.elements)
      if (ts.isBindingElement(element)) addNames(element.name, to);
}

function declareConst(run: Run, declaration: ts.VariableDeclaration, scope: Scope): void {
  const { initializer } = declaration;
  if (!initializer) fail(run, "WW111", declaration, "a const has a value at once");
  const before = run.declaring;
  run.declaring = ts.isIdentifier(declaration.name) ? declaration.name.text : undefined;
  const value = run.evaluate(initializer, scope);
  run.declaring = before;
  bindPattern(run, declaration.name, value, scope, true);
}

/** Gives the names of a pattern their values. */
export function bindPattern(
  run: Run,
  pattern: ts.BindingName,
  value: Value,
  scope: Scope,
  isConst: boolean,
): void {
  if (ts.isIdentifier(pattern)) {
    scope.values.set(pattern.text, value);
    if (value.is === "scalar") run.names.record(pattern.text, value.expr, isConst);
    return;
  }
  pattern.elements.forEach((element, i) => {
    if (ts.isOmittedExpression(element)) return;
    if (element.initializer)
      fail(
        run,
        "WW112",
        element,
        "a pattern has no default values: those of attributes stand in meta.attrs, and what stands for an " +
          "absent tensor is said with ?? where it is used",
      );
    if (element.dotDotDotToken)
      fail(run, "WW112", element, "a pattern has no rest: name the parts");
    const part = ts.isObjectBindingPattern(pattern)
      ? memberOf(run, value, fieldName(run, element), element)
      : elementOf(run, value, scalar(int(i)), element);
    bindPattern(run, element.name, part, scope, isConst);
  });
}

function fieldName(run: Run, element: ts.BindingElement): string {
  const name = element.propertyName ?? element.name;
  if (ts.isIdentifier(name) || ts.isStringLiteral(name)) return name.text;
  return fail(run, "WW112", element, "a field is taken by its name");
}
