// Which branch of which condition each value is needed in. A value needed in several branches is computed
// once, before the condition that they share; one needed in a single branch is computed there only.

import type { Expr } from "../ir/expr.ts";
import { children, visit } from "../ir/walk.ts";

type Select = Extract<Expr, { kind: "select" }>;

/** A branch of a condition, inside the branch that the condition itself is in; the root has no parent. */
export interface Context {
  readonly parent: Context | undefined;
  readonly depth: number;
}

/** The branch in which each value is needed. */
export interface Contexts {
  /** The innermost context that covers every use of `e`; absent for values made while placing. */
  readonly of: (e: Expr) => Context | undefined;
  readonly branch: (e: Select, taken: "then" | "else") => Context;
  readonly root: Context;
}

/** Is `inner` the context `outer`, or inside it? */
export function isInside(inner: Context, outer: Context): boolean {
  let c: Context | undefined = inner;
  while (c && c.depth > outer.depth) c = c.parent;
  return c === outer;
}

function meet(a: Context, b: Context): Context {
  let [x, y] = [a, b];
  while (x !== y) {
    if (x.depth >= y.depth) x = x.parent!;
    else y = y.parent!;
  }
  return x;
}

/** The context outside of every branch. */
export const rootContext = (): Context => ({ parent: undefined, depth: 0 });

/** The contexts of everything inside `roots`, each of which is needed in a context of its own. */
export function findContexts(
  roots: readonly { readonly e: Expr; readonly context: Context }[],
  root: Context,
): Contexts {
  const contexts = new Map<Expr, Context>();
  for (const { e, context } of roots) {
    const known = contexts.get(e);
    contexts.set(e, known ? meet(known, context) : context);
  }
  const branches = new Map<Expr, { readonly then: Context; readonly else: Context }>();
  const order: Expr[] = [];
  visit(
    roots.map(({ e }) => e),
    (e) => void order.push(e),
  );

  // Users come before what they use, so a context is final when it is passed on.
  for (const e of order.toReversed()) {
    const own = contexts.get(e) ?? root;
    const need = (operand: Expr, context: Context) => {
      const known = contexts.get(operand);
      contexts.set(operand, known ? meet(known, context) : context);
    };
    if (e.kind !== "select") {
      for (const operand of children(e)) need(operand, own);
      continue;
    }
    const inner = (): Context => ({ parent: own, depth: own.depth + 1 });
    const taken = { then: inner(), else: inner() };
    branches.set(e, taken);
    need(e.cond, own);
    need(e.then, taken.then);
    need(e.else, taken.else);
  }
  return {
    of: (e) => contexts.get(e),
    branch: (e, taken) => branches.get(e)?.[taken] ?? root,
    root,
  };
}
