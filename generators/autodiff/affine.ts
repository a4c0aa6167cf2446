// Positions as sums of factors times indices.

import { make } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop } from "../ir/expr.ts";
import { freeLoops } from "../ir/walk.ts";

/** A summand: a factor that no index is part of, times an index where there is one. */
export interface Summand {
  readonly factor: Expr;
  readonly loop: Loop | undefined;
}

/** An int expression as a sum of factors times indices; undefined where it is none. */
export function summandsOf(e: Expr): readonly Summand[] | undefined {
  if (kindOf(e) !== "int") return undefined;
  if (freeLoops(e).size === 0) return [{ factor: e, loop: undefined }];
  if (e.kind === "index") return [{ factor: int(1), loop: e.loop }];
  if (e.kind !== "op") return undefined;
  const [a, b] = e.args;
  switch (e.op) {
    case "add":
    case "sub": {
      const [left, right] = [summandsOf(a!), summandsOf(b!)];
      if (!left || !right) return undefined;
      const minus = (t: Summand): Summand => ({ ...t, factor: make("neg", t.factor) });
      return [...left, ...(e.op === "add" ? right : right.map(minus))];
    }
    case "neg":
      return summandsOf(a!)?.map((t) => ({ ...t, factor: make("neg", t.factor) }));
    case "mul": {
      const [scaled, factor] = freeLoops(a!).size === 0 ? [b!, a!] : [a!, b!];
      if (freeLoops(factor).size > 0) return undefined;
      return summandsOf(scaled)?.map((t) => ({ ...t, factor: make("mul", factor, t.factor) }));
    }
    default:
      return undefined;
  }
}

/** `from` without a summand. */
export function takeAway(from: Expr, { factor, loop }: Summand): Expr {
  const negated = factor.kind === "op" && factor.op === "neg" ? factor.args[0]! : undefined;
  const size = negated ?? factor;
  return make(negated ? "add" : "sub", from, loop ? make("mul", size, index(loop)) : size);
}
