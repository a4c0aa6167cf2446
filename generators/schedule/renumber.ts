// Names made unique while building leave gaps in their numbers once tidied: here they are counted anew.

import type { Block, NestExpr, Stmt } from "../ir/nest.ts";
import { mapExprs, mapOperands, visitBlock } from "../ir/nestWalk.ts";

/** `block` with each name the first free one of its base: `at`, `at2`, …; `taken` are not free. */
export function renumber(
  block: Block,
  baseOf: (name: string) => string,
  taken: Iterable<string>,
): Block {
  const used = new Set(taken);
  const to = new Map<string, string>();
  const declare = (name: string): void => {
    const base = baseOf(name);
    let next = base;
    for (let n = 2; used.has(next); n++) next = `${base}${n}`;
    used.add(next);
    to.set(name, next);
  };
  visitBlock(block, (s) => {
    if (s.kind === "let" || s.kind === "local") declare(s.name);
    if (s.kind === "for") declare(s.variable);
  });
  const nameOf = (name: string): string => to.get(name) ?? name;
  const rename = (e: NestExpr): NestExpr =>
    e.kind === "var" ? { ...e, name: nameOf(e.name) } : mapOperands(e, rename);
  const renameBlock = (stmts: Block): Block => stmts.map((s) => renameStmt(mapExprs(s, rename)));
  const renameStmt = (s: Stmt): Stmt => {
    switch (s.kind) {
      case "for":
        return { ...s, variable: nameOf(s.variable), body: renameBlock(s.body) };
      case "if":
        return { ...s, then: renameBlock(s.then), else: renameBlock(s.else) };
      case "let":
      case "local":
      case "set":
        return { ...s, name: nameOf(s.name) };
      case "store":
      case "accumulate":
      case "barrier":
        return s;
      default:
        return s satisfies never;
    }
  };
  return renameBlock(block);
}
