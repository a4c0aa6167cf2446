// Walking nests: what is inside an expression, a statement, a block.

import { unreachable } from "./expr.ts";
import type { Block, NestExpr, Stmt, WarpProduct } from "./nest.ts";

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
    case "lane":
      return [e.of];
    case "select":
      return [e.cond, e.then, e.else];
    default:
      return unreachable(e);
  }
}

/** `e` with `f` applied to each expression directly inside; `e` itself where that changes none of them. */
export function mapOperands(e: NestExpr, f: (e: NestExpr) => NestExpr): NestExpr {
  switch (e.kind) {
    case "const":
    case "var":
      return e;
    case "load": {
      const address = f(e.address);
      return address === e.address ? e : { ...e, address };
    }
    case "op": {
      const args = e.args.map(f);
      return args.every((arg, i) => arg === e.args[i]) ? e : { ...e, args };
    }
    case "cast": {
      const arg = f(e.arg);
      return arg === e.arg ? e : { ...e, arg };
    }
    case "lane": {
      const of = f(e.of);
      return of === e.of ? e : { ...e, of };
    }
    case "select": {
      const [cond, then, otherwise] = [f(e.cond), f(e.then), f(e.else)];
      return cond === e.cond && then === e.then && otherwise === e.else
        ? e
        : { ...e, cond, then, else: otherwise };
    }
    default:
      return unreachable(e);
  }
}

/** The expressions of a statement itself, not of those inside it. */
export function expressionsOf(s: Stmt): readonly NestExpr[] {
  switch (s.kind) {
    case "for":
      return s.product
        ? [s.lo, s.hi, s.product.lane, s.product.f.address, s.product.s.address]
        : [s.lo, s.hi];
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

/** `s` with each expression of its own (not those of statements inside it) replaced by `f` of it. */
export function mapExprs(s: Stmt, f: (e: NestExpr) => NestExpr): Stmt {
  switch (s.kind) {
    case "for":
      return {
        ...s,
        lo: f(s.lo),
        hi: f(s.hi),
        ...(s.product && { product: mapProduct(s.product, f) }),
      };
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
      return unreachable(s);
  }
}

function mapProduct(product: WarpProduct, change: (e: NestExpr) => NestExpr): WarpProduct {
  const { lane, f, s } = product;
  return {
    ...product,
    lane: change(lane),
    f: { ...f, address: change(f.address) },
    s: { ...s, address: change(s.address) },
  };
}

/** The blocks directly inside a statement. */
export const blocksOf = (s: Stmt): readonly Block[] =>
  s.kind === "for" ? [s.body] : s.kind === "if" ? [s.then, s.else] : [];

/** Calls `f` on `e` and everything inside it, operands first. */
export function visitNestExpr(e: NestExpr, f: (e: NestExpr) => void): void {
  for (const operand of operandsOf(e)) visitNestExpr(operand, f);
  f(e);
}

/** The variables of `e`, one for each use. */
export function variablesOf(e: NestExpr): readonly string[] {
  const names: string[] = [];
  collectVariables(e, names);
  return names;
}

function collectVariables(e: NestExpr, names: string[]): void {
  if (e.kind === "var") names.push(e.name);
  else for (const arg of operandsOf(e)) collectVariables(arg, names);
}

/** Calls `f` on every statement of a block and inside it, outer ones first. */
export function visitBlock(block: Block, f: (s: Stmt) => void): void {
  for (const s of block) {
    f(s);
    for (const inner of blocksOf(s)) visitBlock(inner, f);
  }
}
