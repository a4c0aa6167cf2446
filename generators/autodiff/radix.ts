// Positions in mixed radix, `F * i + rest` where the rest is always below F: which i chose an element is a quotient,
// whatever the rest is, so that nothing is summed over i.

import { make } from "../ir/build.ts";
import { type Expr, int, type Loop } from "../ir/expr.ts";
import { freeLoops } from "../ir/walk.ts";
import type { Summand } from "./affine.ts";

/** A polynomial of ints that are 1 or more: each product of some of them with its coefficient; 1 has the empty one. */
type Polynomial = ReadonlyMap<string, number>;

const add = (a: Polynomial, b: Polynomial, times = 1): Polynomial => {
  const sum = new Map(a);
  for (const [product, by] of b) sum.set(product, (sum.get(product) ?? 0) + times * by);
  return sum;
};

const multiply = (a: Polynomial, b: Polynomial): Polynomial => {
  let result: Polynomial = new Map();
  for (const [left, by] of a)
    for (const [right, times] of b) {
      const atoms = [...left.split(" "), ...right.split(" ")].filter((atom) => atom !== "");
      result = add(result, new Map([[atoms.sort().join(" "), by * times]]));
    }
  return result;
};

/** Reads ints as polynomials; `isPositive` says which of them are 1 or more, the others are of unknown sign. */
function startReader(isPositive: (e: Expr) => boolean): (e: Expr) => Polynomial {
  const names = new Map<Expr, string>();
  const atom = (e: Expr): Polynomial => {
    const name = names.get(e) ?? `${isPositive(e) ? "+" : "?"}${names.size}`;
    names.set(e, name);
    return new Map([[name, 1]]);
  };
  const read = (e: Expr): Polynomial => {
    if (e.kind === "const") return new Map([["", e.value]]);
    if (isPositive(e) || e.kind !== "op") return atom(e);
    const [a, b] = e.args;
    switch (e.op) {
      case "add":
      case "sub":
        return add(read(a!), read(b!), e.op === "add" ? 1 : -1);
      case "mul":
        return multiply(read(a!), read(b!));
      case "neg":
        return add(new Map(), read(a!), -1);
      default:
        return atom(e);
    }
  };
  return read;
}

/** Is a polynomial certainly `least` or more, where each product in it is 1 or more? */
function isAtLeast(polynomial: Polynomial, least: number): boolean {
  let total = 0;
  for (const [product, by] of polynomial) {
    if (by === 0) continue;
    if (product !== "" && (by < 0 || product.includes("?"))) return false;
    total += by;
  }
  return total >= least;
}

const isFromZero = (l: Loop): boolean => l.lo === int(0) && freeLoops(l.hi).size === 0;

/**
 * Of the summands of a position, the one whose index is the quotient of the position by its factor: all others
 * together are from 0 to below that factor. Loops that have no index choose nothing, so each is taken to have one.
 */
export function findLeading(
  terms: readonly Summand[],
  open: ReadonlySet<Loop>,
  isPositive: (e: Expr) => boolean,
): (Summand & { readonly loop: Loop }) | undefined {
  const loops = terms.flatMap(({ loop }) => loop ?? []);
  if (loops.length < 2 || new Set(loops).size < loops.length) return undefined;
  if (!loops.every((l) => open.has(l) && isFromZero(l))) return undefined;
  const counts = new Set(loops.map(({ hi }) => hi));
  const read = startReader((e) => counts.has(e) || (e.kind !== "op" && isPositive(e)));
  const isLeading = (leading: Summand): boolean => {
    let [least, most]: Polynomial[] = [new Map<string, number>(), new Map<string, number>()];
    for (const { factor, loop } of terms) {
      if (loop === leading.loop && loop !== undefined) continue;
      const size = read(factor);
      if (loop === undefined) {
        least = add(least!, size);
        most = add(most!, size);
      } else {
        if (!isAtLeast(size, 0)) return false;
        const last = add(read(loop.hi), new Map([["", -1]]));
        most = add(most!, multiply(size, last));
      }
    }
    return isAtLeast(least!, 0) && isAtLeast(add(read(leading.factor), most!, -1), 1);
  };
  for (const term of terms) {
    const { loop } = term;
    if (loop !== undefined && isLeading(term)) return { ...term, loop };
  }
  return undefined;
}

/** The quotient and remainder of a position by a factor that is 1 or more wherever anything is chosen. */
export function divideBy(
  position: Expr,
  factor: Expr,
  isPositive: (e: Expr) => boolean,
): { readonly quotient: Expr; readonly rest: Expr } {
  const by = isPositive(factor) ? factor : make("maximum", factor, int(1));
  return { quotient: make("idiv", position, by), rest: make("mod", position, by) };
}
