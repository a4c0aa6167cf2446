// Where a value may stand: scopes are the loop bodies and guarded blocks of the nest being built.

import type { Expr, Loop } from "../ir/expr.ts";
import type { NestExpr, Stmt } from "../ir/nest.ts";
import { type Context, isInside } from "./contexts.ts";

/** A place where statements go: a loop's body, a branch, or the nest itself. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly depth: number;
  /** How many loops are around it. */
  readonly loopDepth: number;
  /** The body of a condition: what is read or walked in it must not be moved out of it. */
  readonly guarded: boolean;
  /** The branch that it is the body of, where it is one. */
  readonly context: Context | undefined;
  readonly bound: ReadonlySet<Loop>;
  readonly body: Stmt[];
  /** What has been computed here. */
  readonly values: Map<Expr, NestExpr>;
}

/** A value and the innermost scope that it depends on. */
export interface Placed {
  readonly value: NestExpr;
  readonly scope: Scope;
}

/** The scope of a whole nest, in which no loop runs yet. */
export const rootScope = (): Scope => ({
  parent: undefined,
  depth: 0,
  loopDepth: 0,
  guarded: false,
  context: undefined,
  bound: new Set(),
  body: [],
  values: new Map(),
});

/** A scope inside `parent`: a loop's body if it binds `loops`, else the body of a condition. */
export function innerScope(
  parent: Scope,
  loops: readonly Loop[] | "guarded",
  context?: Context,
): Scope {
  const guarded = loops === "guarded";
  return {
    parent,
    depth: parent.depth + 1,
    loopDepth: parent.loopDepth + (guarded ? 0 : 1),
    guarded,
    context,
    bound: new Set(guarded ? [] : loops),
    body: [],
    values: new Map(),
  };
}

/** From `scope` outwards. */
export function* outwards(scope: Scope): Generator<Scope> {
  for (let s: Scope | undefined = scope; s; s = s.parent) yield s;
}

/** Are all of `loops` bound in `scope` or around it? */
export const bindsAll = (scope: Scope, loops: ReadonlySet<Loop>): boolean => {
  const around = [...outwards(scope)];
  return [...loops].every((loop) => around.some(({ bound }) => bound.has(loop)));
};

/** The deeper of scopes that lie on one path. */
export const deepest = (scopes: readonly Scope[], root: Scope): Scope =>
  scopes.reduce((a, b) => (b.depth > a.depth ? b : a), root);

/** The innermost guarded scope around, or the root. */
export function innermostGuard(scope: Scope): Scope {
  let last = scope;
  for (const s of outwards(scope)) {
    if (s.guarded) return s;
    last = s;
  }
  return last;
}

/** The outermost scope, not outside `limit`, in which every loop of `loops` is bound. */
export function outermostBinding(here: Scope, loops: ReadonlySet<Loop>, limit: Scope): Scope {
  let result = here;
  for (const s of outwards(here)) {
    result = s;
    if (s === limit || [...s.bound].some((l) => loops.has(l))) break;
  }
  return result;
}

/**
 * Where a pure value goes that depends on nothing inside `base`: there, but inside any condition of `here`
 * that stands in the same loop, so that nothing is computed for a branch not taken.
 */
export function withinGuards(base: Scope, here: Scope): Scope {
  for (const s of outwards(here)) {
    if (s === base) break;
    if (s.guarded && s.loopDepth === base.loopDepth) return s;
  }
  return base;
}

/** The innermost scope around `here` that is in `context`, and still binds what `loops` needs. */
export function leaveBranches(here: Scope, context: Context, loops: ReadonlySet<Loop>): Scope {
  let result = here;
  for (const s of outwards(here)) {
    if ([...s.bound].some((l) => loops.has(l))) break;
    if (s.context && !isInside(context, s.context) && s.parent) result = s.parent;
  }
  return result;
}
