// What differs between the iterations of a loop, and how addresses move from one to the next.

import type { Block, NestExpr, Stmt } from "../../ir/nest.ts";
import { blocksOf, expressionsOf, operandsOf, variablesOf, visitBlock } from "../../ir/nestWalk.ts";

/** A loop as a statement. */
export type For = Extract<Stmt, { kind: "for" }>;

/** What is known of the names inside a loop. */
export interface Variance {
  /** May the value differ between iterations? */
  readonly varies: (e: NestExpr) => boolean;
  /** The `let` of a name, where it is one. */
  readonly definition: (name: string) => NestExpr | undefined;
  /** How far the value moves from one iteration to the next, where that is a known number. */
  readonly stride: (e: NestExpr) => number | undefined;
}

/** Looks at a loop of which no iteration reads what another writes. */
export function findVariance(variable: string, body: Block): Variance {
  const definitions = new Map<string, NestExpr>();
  visitBlock(body, (s) => {
    if (s.kind === "let") definitions.set(s.name, s.value);
  });
  const varying = new Set([variable]);
  const varies = (e: NestExpr): boolean => [...variablesOf(e)].some((name) => varying.has(name));
  let known = 0;
  const look = (block: Block, apart: boolean): void => {
    for (const s of block) {
      const here = apart || expressionsOf(s).some(varies);
      if (here && s.kind === "for") varying.add(s.variable);
      if (here && (s.kind === "let" || s.kind === "local" || s.kind === "set")) varying.add(s.name);
      for (const inner of blocksOf(s)) look(inner, here);
    }
  };
  // A variable that is set late may be used early, in the next round of a loop.
  while (known !== varying.size) {
    known = varying.size;
    look(body, false);
  }
  const stride = (e: NestExpr): number | undefined => {
    if (!varies(e)) return 0;
    switch (e.kind) {
      case "var": {
        if (e.name === variable) return 1;
        const value = definitions.get(e.name);
        return value && stride(value);
      }
      case "op": {
        const [a, b] = e.args.map(stride);
        if (a === undefined || b === undefined) return undefined;
        if (e.op === "add") return a + b;
        if (e.op === "sub") return a - b;
        if (e.op !== "mul") return undefined;
        const [x, y] = e.args;
        if (x?.kind === "const") return x.value * b;
        return y?.kind === "const" ? a * y.value : undefined;
      }
      default:
        return undefined;
    }
  };
  return { varies, definition: (name) => definitions.get(name), stride };
}

/** Is a whole number made of others by additions and products alone, so that it may be made anew where it is used? */
export const isAddress = (e: NestExpr): boolean =>
  e.kind === "var" ||
  e.kind === "const" ||
  (e.kind === "op" &&
    e.type === "i32" &&
    (e.op === "add" || e.op === "sub" || e.op === "mul") &&
    e.args.every(isAddress));

/** The loads of an expression. */
export function loadsOf(e: NestExpr): readonly Extract<NestExpr, { kind: "load" }>[] {
  const inner = operandsOf(e).flatMap(loadsOf);
  return e.kind === "load" ? [e, ...inner] : inner;
}
