// The factors of a term, and how they divide into two sides with output axes of their own.

import { conjuncts, make } from "../../ir/build.ts";
import { constant, type Expr, isZero, kindOf, type Loop } from "../../ir/expr.ts";
import { freeLoops } from "../../ir/walk.ts";

/**
 * What a term is the product of. A choice between a number and 0 is a product with its tests, which come as
 * factors that are tests (booleans).
 */
export function factorsOf(e: Expr): readonly Expr[] {
  if (e.kind === "op" && e.op === "mul") return e.args.flatMap(factorsOf);
  if (e.kind === "op" && e.op === "neg") return [constant(-1, "acc"), ...factorsOf(e.args[0]!)];
  if (e.kind === "select" && isZero(e.else)) return [...conjuncts(e.cond), ...factorsOf(e.then)];
  if (e.kind === "select" && isZero(e.then)) return [make("not", e.cond), ...factorsOf(e.else)];
  return [e];
}

/** Factors in two sides, and the output axes by the side that they are in. */
export interface Sides {
  readonly f: readonly Expr[];
  readonly s: readonly Expr[];
  /** Of both sides, or of neither. */
  readonly b: readonly Loop[];
  /** Of F alone. */
  readonly m: readonly Loop[];
  /** Of S alone; the innermost axis that is not of both is one of them. */
  readonly p: readonly Loop[];
}

/** More factors than this are not divided; each way to do so is looked at. */
const most = 10;

/**
 * The two sides that share the fewest axes of `domain`, each with a number and with axes of its own; undefined
 * where there are none. A factor that fits both is in F.
 */
export function divideFactors(
  factors: readonly Expr[],
  domain: readonly Loop[],
): Sides | undefined {
  if (factors.length > most) return undefined;
  const needs = factors.map((e) => freeLoops(e));
  let best: Sides | undefined;
  for (let chosen = 1; chosen < 2 ** factors.length - 1; chosen++) {
    const isS = (i: number): boolean => (chosen >> i) % 2 === 1;
    const of = (l: Loop, side: boolean) => needs.some((own, i) => isS(i) === side && own.has(l));
    const m = domain.filter((l) => of(l, false) && !of(l, true));
    const p = domain.filter((l) => of(l, true) && !of(l, false));
    const b = domain.filter((l) => !m.includes(l) && !p.includes(l));
    if (m.length === 0 || p.length === 0) continue;
    if (domain.findLast((l) => !b.includes(l)) !== p.at(-1)) continue;
    const [f, s] = [false, true].map((side) => factors.filter((_, i) => isS(i) === side));
    if (![f!, s!].every((side) => side.some((e) => kindOf(e) !== "bool"))) continue;
    if (b.length < (best?.b.length ?? Number.POSITIVE_INFINITY)) best = { f: f!, s: s!, b, m, p };
  }
  return best;
}
