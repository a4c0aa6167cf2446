// Addresses as sums of products, so that it can be told how they change with a loop's variable and how far
// apart two of them lie.

import type { NestExpr } from "./nest.ts";
import { dumpNestExpr } from "./nestDump.ts";
import { mapOperands, variablesOf } from "./nestWalk.ts";

/** A whole number as a sum: by product (its factors in order, "" for 1), how often it is in the sum. */
export type Sum = ReadonlyMap<string, number>;

/** What names stand for, where that is known. */
export type Values = ReadonlyMap<string, NestExpr>;

const separator = " · ";

function plus(a: Sum, b: Sum, times: number): Sum {
  const sum = new Map(a);
  for (const [product, n] of b) {
    const next = (sum.get(product) ?? 0) + n * times;
    if (next === 0) sum.delete(product);
    else sum.set(product, next);
  }
  return sum;
}

function product(a: Sum, b: Sum): Sum {
  let sum: Sum = new Map();
  for (const [left, n] of a)
    for (const [right, m] of b) {
      const factors = [left, right].flatMap((f) => (f === "" ? [] : f.split(separator)));
      sum = plus(sum, new Map([[factors.sort().join(separator), n * m]]), 1);
    }
  return sum;
}

/** `e` with what its names stand for in their place. */
export function expand(e: NestExpr, values: Values): NestExpr {
  if (e.kind === "var") {
    const value = values.get(e.name);
    return value ? expand(value, values) : e;
  }
  return mapOperands(e, (x) => expand(x, values));
}

/** A whole number as a sum of products; what is neither is a factor as it stands. */
export function sumOf(e: NestExpr): Sum {
  if (e.kind === "const") return e.value === 0 ? new Map() : new Map([["", e.value]]);
  if (e.kind === "op") {
    const [a, b] = e.args;
    switch (e.op) {
      case "add":
        return plus(sumOf(a!), sumOf(b!), 1);
      case "sub":
        return plus(sumOf(a!), sumOf(b!), -1);
      case "mul":
        return product(sumOf(a!), sumOf(b!));
      case "neg":
        return plus(new Map(), sumOf(a!), -1);
      default:
        break;
    }
  }
  return new Map([[dumpNestExpr(e, 8), 1]]);
}

/** `a - b`, where that is a known number. */
export function distance(a: Sum, b: Sum): number | undefined {
  const rest = plus(a, b, -1);
  if (rest.size === 0) return 0;
  return rest.size === 1 ? rest.get("") : undefined;
}

/** How much `e` grows with each step of `variable`, and what it is at 0; undefined where it is not so even. */
export function strideOf(
  e: NestExpr,
  variable: string,
): { readonly stride: number; readonly start: Sum } | undefined {
  const sum = sumOf(e);
  const stride = sum.get(variable) ?? 0;
  const start = plus(sum, new Map([[variable, stride]]), -1);
  if (stride === 0 && ![...variablesOf(e)].includes(variable)) return { stride, start };
  for (const factors of start.keys()) if (mentions(factors, variable)) return undefined;
  return { stride, start };
}

const mentions = (text: string, name: string): boolean =>
  [...text.matchAll(/[A-Za-z_$][\w$]*/g)].some(([word]) => word === name);
