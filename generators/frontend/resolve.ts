// What a name means: in the function's own scopes, then in its module, then in the language.

import { ts } from "ts-morph";
import { isLanguage } from "./paths.ts";
import { hostOnly, isPrimitive } from "./primitives.ts";
import { fail, type Run } from "./run.ts";
import type { Scope, Value } from "./values.ts";

/** The value of a name. */
export function resolveName(run: Run, id: ts.Identifier, scope: Scope | undefined): Value {
  const name = id.text;
  for (let s = scope; s; s = s.parent) {
    const value = s.values.get(name);
    if (value) return value;
    if (s.pending.has(name))
      return fail(run, "WW141", id, `${name} is used in its own definition, or before it`);
  }
  if (name === "undefined") return { is: "absent", name };
  const found = ts.isShorthandPropertyAssignment(id.parent)
    ? run.checker.getShorthandAssignmentValueSymbol(id.parent)
    : run.checker.getSymbolAtLocation(id);
  return meaningOf(run, id, found && behind(run, found));
}

/** `w.sum` where `w` is `import * as w`; undefined where the left side is no module. */
export function resolveMember(
  run: Run,
  node: ts.PropertyAccessExpression,
  scope: Scope | undefined,
): Value | undefined {
  const { expression: left, name } = node;
  if (!ts.isIdentifier(left) || isLocal(left.text, scope) || !ts.isIdentifier(name))
    return undefined;
  const module = run.checker.getSymbolAtLocation(left);
  if (!module || !(behind(run, module).flags & ts.SymbolFlags.ValueModule)) return undefined;
  const member = run.checker.getSymbolAtLocation(name);
  return meaningOf(run, name, member && behind(run, member));
}

function isLocal(name: string, scope: Scope | undefined): boolean {
  for (let s = scope; s; s = s.parent) if (s.values.has(name) || s.pending.has(name)) return true;
  return false;
}

/** What an import stands for; anything else is itself. */
const behind = (run: Run, symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? run.checker.getAliasedSymbol(symbol) : symbol;

function meaningOf(run: Run, id: ts.Identifier, symbol: ts.Symbol | undefined): Value {
  const declaration = symbol?.valueDeclaration;
  const file = declaration?.getSourceFile();
  if (!symbol || !declaration || !file || file.isDeclarationFile) return unknown(run, id);
  if (isLanguage(file.fileName)) {
    // The symbol's name, since an import may have renamed it.
    if (isPrimitive(symbol.name)) return { is: "primitive", name: symbol.name };
    if (hostOnly.some((host) => host === symbol.name))
      return fail(run, "WW120", id, `${id.text} is for the reference run, not for declarations`);
  }
  if (ts.isFunctionDeclaration(declaration) && declaration.body)
    return { is: "closure", of: declaration, scope: undefined };
  if (ts.isVariableDeclaration(declaration)) return moduleValue(run, id, declaration);
  return unknown(run, id);
}

function moduleValue(run: Run, id: ts.Identifier, declaration: ts.VariableDeclaration): Value {
  const known = run.modules.get(declaration);
  if (known === "pending") return fail(run, "WW113", id, `${id.text} is defined by itself`);
  if (known) return known;
  const isConst = ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const;
  if (!isConst || !declaration.initializer || !ts.isIdentifier(declaration.name))
    return fail(run, "WW114", id, `${id.text} is not a \`const\` with a value`);
  run.modules.set(declaration, "pending");
  const value = run.evaluate(declaration.initializer, undefined);
  run.modules.set(declaration, value);
  return value;
}

const instead: Readonly<Record<string, string>> = {
  Math: "use the language's own functions (floor, abs, exp, minimum, ...)",
  Number: "numbers need no conversion",
  NaN: "it has no portable meaning in a kernel",
  Infinity: "it has no portable meaning in a kernel",
};

function unknown(run: Run, id: ts.Identifier): never {
  const hint = instead[id.text] ?? "use what warpweave exports, and functions written with it";
  return fail(run, "WW120", id, `${id.text} is not part of the declaration language: ${hint}`);
}
