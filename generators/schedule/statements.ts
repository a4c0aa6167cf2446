// Small views of nest statements and expressions that the passes share.

import type { Block, NestExpr, Stmt } from "../ir/nest.ts";

/** The expressions directly inside `e`. */
export function operandsOf(e: NestExpr): readonly NestExpr[] {
  switch (e.kind) {
    case "const":
    case "var":
      return [];
    case "load":
      return [e.address];
    case "op":
      return e.args;
    case "cast":
      return [e.arg];
    case "select":
      return [e.cond, e.then, e.else];
    default:
      return e satisfies never;
  }
}

/** `e` with `f` applied to each expression directly inside. */
export function mapOperands(e: NestExpr, f: (e: NestExpr) => NestExpr): NestExpr {
  switch (e.kind) {
    case "const":
    case "var":
      return e;
    case "load":
      return { ...e, address: f(e.address) };
    case "op":
      return { ...e, args: e.args.map(f) };
    case "cast":
      return { ...e, arg: f(e.arg) };
    case "select":
      return { ...e, cond: f(e.cond), then: f(e.then), else: f(e.else) };
    default:
      return e satisfies never;
  }
}

/** The expressions of a statement's own, not those of statements inside it. */
export function exprsOf(s: Stmt): readonly NestExpr[] {
  const found: NestExpr[] = [];
  mapExprs(s, (e) => {
    found.push(e);
    return e;
  });
  return found;
}

/** The variables of `e`, one for each use. */
export function* variablesOf(e: NestExpr): Generator<string> {
  if (e.kind === "var") yield e.name;
  for (const arg of operandsOf(e)) yield* variablesOf(arg);
}

/** Calls `f` on every statement, outer ones first. */
export function eachStatement(block: Block, f: (s: Stmt) => void): void {
  for (const s of block) {
    f(s);
    if (s.kind === "for") eachStatement(s.body, f);
    if (s.kind === "if") {
      eachStatement(s.then, f);
      eachStatement(s.else, f);
    }
  }
}

/** `s` with each expression of its own (not those of statements inside it) replaced by `f` of it. */
export function mapExprs(s: Stmt, f: (e: NestExpr) => NestExpr): Stmt {
  switch (s.kind) {
    case "for":
      return { ...s, lo: f(s.lo), hi: f(s.hi) };
    case "if":
      return { ...s, cond: f(s.cond) };
    case "let":
    case "set":
      return { ...s, value: f(s.value) };
    case "local":
      return { ...s, init: f(s.init) };
    case "store":
    case "accumulate":
      return { ...s, address: f(s.address), value: f(s.value) };
    case "barrier":
      return s;
    default:
      return s satisfies never;
  }
}
