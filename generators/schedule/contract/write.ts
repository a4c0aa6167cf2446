// Short names for the statements and values that a blocked product is written with.

import type { Expr, Loop } from "../../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr, type Stmt, typeOf, variable } from "../../ir/nest.ts";
import type { Names } from "../names.ts";
import { innerScope, type Scope } from "../scope.ts";

type Arithmetic = "add" | "sub" | "mul" | "quot" | "rem" | "minimum" | "maximum";

const isConst = (e: NestExpr, value: number): boolean => e.kind === "const" && e.value === value;

/** An operation on two values of one type; sums with 0 and products with 1 are left out. */
export function calculate(op: Arithmetic, a: NestExpr, b: NestExpr): NestExpr {
  const type = typeOf(a);
  if (type === "i32") {
    if (op === "add" && isConst(a, 0)) return b;
    if ((op === "add" || op === "sub") && isConst(b, 0)) return a;
    if (op === "mul" && isConst(a, 1)) return b;
    if ((op === "mul" || op === "quot") && isConst(b, 1)) return a;
    if (op === "mul" && (isConst(a, 0) || isConst(b, 0))) return i32(0);
    if (op === "rem" && isConst(b, 1)) return i32(0);
  }
  return { kind: "op", op, args: [a, b], type };
}

/** A value times a known number. */
export const times = (n: NestExpr, by: number): NestExpr => calculate("mul", n, i32(by));

/** The 0 of sums. */
export const zero: NestExpr = { kind: "const", type: "f32", value: 0 };

/** How many pieces of `by` begin in `n`. */
export const pieces = (n: NestExpr, by: number): NestExpr =>
  calculate("quot", calculate("add", n, i32(by - 1)), i32(by));

/** `n` up to a whole number of pieces. */
export const padded = (n: NestExpr, by: number): NestExpr =>
  calculate("mul", pieces(n, by), i32(by));

/** Is `a` less than `b`? */
export const less = (a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op: "lt",
  args: [a, b],
  type: "bool",
});

/** Are two ints equal? */
export const equal = (a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op: "eq",
  args: [a, b],
  type: "bool",
});

/** One element of a buffer. */
export const load = (
  { name, dtype }: Pick<BufferDecl, "name" | "dtype">,
  at: NestExpr,
): NestExpr => ({
  kind: "load",
  buffer: name,
  address: at,
  type: dtype,
  width: 1,
});

/** Sets one element of a buffer. */
export const store = (buffer: string, address: NestExpr, value: NestExpr): Stmt => ({
  kind: "store",
  buffer,
  address,
  value,
  width: 1,
});

/** A loop from 0 (or `lo`) around what `fill` puts into its scope. */
export function addLoop(
  names: Names,
  scope: Scope,
  { hint, lo = i32(0), hi, by = "serial", binds = [] }: LoopRequest,
  fill: (inner: Scope, at: NestExpr) => void,
): void {
  const name = names.fresh(hint);
  const inner = innerScope(scope, binds);
  fill(inner, variable(name));
  scope.body.push({ kind: "for", variable: name, lo, hi, by, body: inner.body });
}

interface LoopRequest {
  readonly hint: string;
  readonly lo?: NestExpr;
  readonly hi: NestExpr;
  readonly by?: Extract<Stmt, { kind: "for" }>["by"];
  /** Loops of the kernel whose indices its variable decides. */
  readonly binds?: readonly Loop[];
}

/** What a scope knows from now on. */
export const know = (scope: Scope, e: Expr, value: NestExpr): void =>
  void scope.values.set(e, value);
