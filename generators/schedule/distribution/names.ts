// Names in statements that are copied or moved.

import type { Block, NestExpr, Stmt } from "../../ir/nest.ts";
import { blocksOf, expressionsOf, mapExprs, mapOperands, variablesOf } from "../../ir/nestWalk.ts";

/** Gives a name that nothing has yet, like another one. */
export type Fresh = (like: string) => string;

/** Does a statement, or one inside it, use or set a variable? */
export const mentions = (s: Stmt, name: string): boolean =>
  (s.kind === "set" && s.name === name) ||
  expressionsOf(s).some((e) => [...variablesOf(e)].includes(name)) ||
  blocksOf(s).some((block) => block.some((inner) => mentions(inner, name)));

/** `e` with what stands for variables in their places. */
export function replace(e: NestExpr, to: ReadonlyMap<string, NestExpr>): NestExpr {
  if (e.kind === "var") return to.get(e.name) ?? e;
  return mapOperands(e, (operand) => replace(operand, to));
}

/** A copy of a block whose own names are others, with what stands for variables of its surroundings. */
export function copyBlock(
  block: Block,
  fresh: Fresh,
  around: ReadonlyMap<string, NestExpr> = new Map(),
): Block {
  const to = new Map(around);
  const nameOf = (name: string): string => {
    const known = to.get(name);
    return known?.kind === "var" ? known.name : name;
  };
  const declare = (name: string, type: Extract<NestExpr, { kind: "var" }>["type"]): string => {
    const next = fresh(name);
    to.set(name, { kind: "var", name: next, type });
    return next;
  };
  return block.map((s): Stmt => {
    const own = mapExprs(s, (e) => replace(e, to));
    switch (own.kind) {
      case "let":
      case "local":
        return { ...own, name: declare(own.name, own.type) };
      case "set":
        return { ...own, name: nameOf(own.name) };
      case "for": {
        const variable = fresh(own.variable);
        const inside = new Map(to).set(own.variable, { kind: "var", name: variable, type: "i32" });
        return { ...own, variable, body: copyBlock(own.body, fresh, inside) };
      }
      case "if":
        return {
          ...own,
          then: copyBlock(own.then, fresh, to),
          else: copyBlock(own.else, fresh, to),
        };
      case "store":
      case "accumulate":
      case "barrier":
        return own;
      default:
        return own satisfies never;
    }
  });
}

/** `body` with each statement replaced by what `f` makes of it, inner ones first. */
export function mapBlock(body: Block, f: (s: Stmt) => Block): Block {
  return body.flatMap((s) => {
    if (s.kind === "for") return f({ ...s, body: mapBlock(s.body, f) });
    if (s.kind === "if") return f({ ...s, then: mapBlock(s.then, f), else: mapBlock(s.else, f) });
    return f(s);
  });
}
