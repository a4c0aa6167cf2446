// How whole numbers grow with an index, where that is even: addresses then need no more than an addition a step.

import { make } from "../../ir/build.ts";
import { type Expr, index, int, type Loop } from "../../ir/expr.ts";
import { simplify } from "../../ir/simplify.ts";
import { freeLoops, rewrite, substitute } from "../../ir/walk.ts";

/** By how much `e` grows with each step of `l`; undefined where that is not one known number. */
export function strideAlong(e: Expr, l: Loop): number | undefined {
  if (!freeLoops(e).has(l)) return 0;
  if (e === index(l)) return 1;
  if (e.kind !== "op") return undefined;
  const [a, b] = e.args as readonly [Expr, Expr];
  const of = (arg: Expr) => strideAlong(arg, l);
  const both = (f: (x: number, y: number) => number): number | undefined => {
    const [x, y] = [of(a), of(b)];
    return x === undefined || y === undefined ? undefined : f(x, y);
  };
  switch (e.op) {
    case "add":
      return both((x, y) => x + y);
    case "sub":
      return both((x, y) => x - y);
    case "mul":
      if (b.kind === "const") return both((x) => x * b.value);
      return a.kind === "const" ? both((_, y) => a.value * y) : undefined;
    case "member":
      return e.args.some((arg, i) => i !== 1 && freeLoops(arg).has(l)) ? undefined : of(b);
    default:
      return undefined;
  }
}

/** What `e` is where the index of `l` is 0. */
export const startAlong = (e: Expr, l: Loop): Expr =>
  rewrite(substitute([e], new Map([[l, int(0)]])), (x) => simplify(withoutZero(x)))[0]!;

/** The first index of a block is where the block begins. */
const withoutZero = (e: Expr): Expr => {
  if (e.kind !== "op" || e.op !== "member" || e.args[1] !== int(0)) return e;
  const [block, , whole, blocks] = e.args as readonly [Expr, Expr, Expr, Expr];
  return make("mul", block, make("idiv", whole, blocks));
};
