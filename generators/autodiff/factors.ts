// Sums of products with factors in common are products of a sum, and a factor that a walk does not change
// stands outside of it: so that what is multiplied in each step is what differs from step to step.

import { convert, make } from "../ir/build.ts";
import { type Expr, int, kindOf } from "../ir/expr.ts";

/** A summand: what is multiplied, and whether the product is subtracted. */
interface Product {
  readonly factors: readonly Expr[];
  readonly minus: boolean;
}

/** `e` as the factors that all its summands have in common, and the sum of what is left of them. */
export interface Factored {
  readonly common: readonly Expr[];
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
  if (products.length > most) return { common: [e], rest: undefined };
  const [first, ...more] = products;
  if (!first) return { common: [e], rest: undefined };
  if (more.length === 0 && !first.minus) return { common: first.factors, rest: undefined };
  let common: readonly Expr[] = first.factors;
  for (const { factors } of more) common = shared(common, factors);
  if (common.length === 0) return { common: [e], rest: undefined };
  const left = products.map(({ factors, minus }) => ({ factors: except(factors, common), minus }));
  return { common, rest: sumOf(left) };
}

/** The product of some factors, and 1 of none. */
export const multiply = (factors: readonly Expr[]): Expr =>
  factors.length === 0 ? convert("acc", int(1)) : factors.reduce((a, b) => make("mul", a, b));

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
  const added = products.filter(({ minus }) => !minus).map((p) => multiply(p.factors));
  const taken = products.filter(({ minus }) => minus).map((p) => multiply(p.factors));
  if (added.length === 0)
    return make(
      "neg",
      taken.reduce((a, b) => make("add", a, b)),
    );
  return taken.reduce(
    (a, b) => make("sub", a, b),
    added.reduce((a, b) => make("add", a, b)),
  );
}

function productsOf(e: Expr): readonly Product[] {
  const isReal = kindOf(e) === "acc" || kindOf(e) === "coord";
  if (e.kind !== "op" || !isReal) return [{ factors: [e], minus: false }];
  const [a, b] = e.args;
  const opposite = (p: Product): Product => ({ ...p, minus: !p.minus });
  switch (e.op) {
    case "add":
      return [...productsOf(a!), ...productsOf(b!)];
    case "sub":
      return [...productsOf(a!), ...productsOf(b!).map(opposite)];
    case "neg":
      return productsOf(a!).map(opposite);
    case "mul": {
      const [left, right] = [factor(a!), factor(b!)];
      const factors = [...parts(left), ...parts(right)];
      return [{ factors, minus: false }];
    }
    default:
      return [{ factors: [e], minus: false }];
  }
}

const parts = ({ common, rest }: Factored): readonly Expr[] => (rest ? [...common, rest] : common);
