// Sums of products with factors in common are products of a sum, and a factor that a walk does not change
// stands outside of it: so that what is multiplied in each step is what differs from step to step.

import { convert, make } from "../ir/build.ts";
import { type Expr, int, kindOf } from "../ir/expr.ts";

/** A summand: what is multiplied, what the product is divided by, and whether it is subtracted. */
interface Product {
  readonly factors: readonly Expr[];
  readonly divisors: readonly Expr[];
  readonly minus: boolean;
}

/** `e` as what all its summands are multiplied and divided by, and the sum of what is left of them. */
export interface Factored {
  readonly common: readonly Expr[];
  readonly divisors: readonly Expr[];
  /** Absent where nothing but the common factors is left. */
  readonly rest: Expr | undefined;
}

/** Longer sums stay as they are. */
const most = 16;

/** What shares an operand must not be taken apart once for each use. */
const known = new WeakMap<Expr, Factored>();

/** Takes what the summands of `e` have in common out of them; a single product is all factors. */
export function factor(e: Expr): Factored {
  const found = known.get(e) ?? findFactors(e);
  known.set(e, found);
  return found;
}

function findFactors(e: Expr): Factored {
  const products = productsOf(e);
  const [first, ...more] = products;
  const alone = { common: [e], divisors: [], rest: undefined };
  if (!first || products.length > most) return alone;
  if (more.length === 0 && !first.minus)
    return { common: first.factors, divisors: first.divisors, rest: undefined };
  const common = more.reduce((taken, p) => shared(taken, p.factors), first.factors);
  const divisors = more.reduce((taken, p) => shared(taken, p.divisors), first.divisors);
  if (common.length + divisors.length === 0) return alone;
  const left = products.map((p) => ({
    factors: except(p.factors, common),
    divisors: except(p.divisors, divisors),
    minus: p.minus,
  }));
  return { common, divisors, rest: sumOf(left) };
}

/** The product of some factors, and 1 of none. */
export const multiply = (factors: readonly Expr[]): Expr =>
  factors.length === 0 ? convert("acc", int(1)) : factors.reduce((a, b) => make("mul", a, b));

/** A number divided by some others, one after another. */
export const divide = (e: Expr, divisors: readonly Expr[]): Expr =>
  divisors.reduce((a, b) => make("div", a, b), e);

/** What stands twice in both is taken twice. */
function shared(a: readonly Expr[], b: readonly Expr[]): readonly Expr[] {
  const left = [...b];
  return a.filter((e) => {
    const at = left.indexOf(e);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function except(factors: readonly Expr[], taken: readonly Expr[]): readonly Expr[] {
  const left = [...taken];
  return factors.filter((e) => {
    const at = left.indexOf(e);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function sumOf(products: readonly Product[]): Expr {
  const quotient = ({ factors, divisors }: Product): Expr => divide(multiply(factors), divisors);
  const add = (values: readonly Expr[]): Expr => values.reduce((a, b) => make("add", a, b));
  const added = products.filter(({ minus }) => !minus).map(quotient);
  const taken = products.filter(({ minus }) => minus).map(quotient);
  if (added.length === 0) return make("neg", add(taken));
  return taken.reduce((a, b) => make("sub", a, b), add(added));
}

function productsOf(e: Expr): readonly Product[] {
  const alone = [{ factors: [e], divisors: [], minus: false }];
  const isReal = kindOf(e) === "acc" || kindOf(e) === "coord";
  if (e.kind !== "op" || !isReal) return alone;
  const [a, b] = e.args;
  const opposite = (p: Product): Product => ({ ...p, minus: !p.minus });
  switch (e.op) {
    case "add":
      return [...productsOf(a!), ...productsOf(b!)];
    case "sub":
      return [...productsOf(a!), ...productsOf(b!).map(opposite)];
    case "neg":
      return productsOf(a!).map(opposite);
    case "mul":
    case "div": {
      const left = factor(a!);
      if (e.op === "div")
        return [{ factors: parts(left), divisors: [...left.divisors, b!], minus: false }];
      const right = factor(b!);
      const factors = [...parts(left), ...parts(right)];
      return [{ factors, divisors: [...left.divisors, ...right.divisors], minus: false }];
    }
    default:
      return alone;
  }
}

const parts = ({ common, rest }: Factored): readonly Expr[] => (rest ? [...common, rest] : common);
