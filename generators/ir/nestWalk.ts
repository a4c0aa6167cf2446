// Looking at nests: what is inside an expression, a statement, a block.

import { unreachable } from "./expr.ts";
import type { Block, NestExpr, Stmt } from "./nest.ts";

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
      return unreachable(e);
  }
}

/** The expressions of a statement itself, not of those inside it. */
export function expressionsOf(s: Stmt): readonly NestExpr[] {
  switch (s.kind) {
    case "for":
      return [s.lo, s.hi];
    case "if":
      return [s.cond];
    case "let":
    case "set":
      return [s.value];
    case "local":
      return [s.init];
    case "store":
    case "accumulate":
      return [s.address, s.value];
    case "barrier":
      return [];
    default:
      return unreachable(s);
  }
}

/** The blocks directly inside a statement. */
export const blocksOf = (s: Stmt): readonly Block[] =>
  s.kind === "for" ? [s.body] : s.kind === "if" ? [s.then, s.else] : [];

/** Calls `f` on `e` and everything inside it, operands first. */
export function visitNestExpr(e: NestExpr, f: (e: NestExpr) => void): void {
  for (const operand of operandsOf(e)) visitNestExpr(operand, f);
  f(e);
}

/** Calls `f` on every statement of a block and inside it, outer ones first. */
export function visitBlock(block: Block, f: (s: Stmt) => void): void {
  for (const s of block) {
    f(s);
    for (const inner of blocksOf(s)) visitBlock(inner, f);
  }
}
