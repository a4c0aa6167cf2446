// Choices become eager selects where both sides are cheap and safe, and conditions where a side reads or
// walks.

import { select } from "../ir/build.ts";
import { type Expr, kindOf } from "../ir/expr.ts";
import { type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import { children, freeLoops, visit } from "../ir/walk.ts";
import { type Context, isInside } from "./contexts.ts";
import { type Case, type Known, type Placing, zeroOf } from "./placing.ts";
import { leavesOf, project } from "./project.ts";
import type { createReads } from "./reads.ts";
import {
  bindsAll,
  deepest,
  innermostGuard,
  innerScope,
  outermostBinding,
  type Placed,
  type Scope,
  withinGuards,
} from "./scope.ts";

type Local = Extract<Stmt, { kind: "local" }>;

/** The elements and sums that a value is made of. */
function readsOf(e: Expr): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  visit([e], (x) => {
    if (x.kind === "read" || x.kind === "part") found.add(x);
  });
  return found;
}

export function createChoices(placing: Placing, reads: ReturnType<typeof createReads>) {
  const { options, typeFor, find, knownTest, place, define } = placing;
  const { root, names, contexts } = options;

  /** Does `e` need a read or a walk that is needed in `branch` only, and not done yet? */
  function isHeavy(e: Expr, branch: Context, here: Scope): boolean {
    const seen = new Set<Expr>();
    const look = (x: Expr): boolean => {
      if (seen.has(x)) return false;
      seen.add(x);
      const context = contexts.of(x);
      if (find(x, here) || (context && !isInside(context, branch))) return false;
      return x.kind === "read" || x.kind === "part" || children(x).some(look);
    };
    return look(e);
  }

  const isHeavySelect = (e: Case<"select">, here: Scope): boolean =>
    isHeavy(e.then, contexts.branch(e, "then"), here) ||
    isHeavy(e.else, contexts.branch(e, "else"), here);

  /** Is `e` to be written as an `if`? */
  const needsBranches = (e: Case<"select">, here: Scope): boolean =>
    !find(e, here) &&
    knownTest(e.cond, here) === undefined &&
    isHeavySelect(e, here) &&
    !reads.isElement(e);

  function computeSelect(e: Case<"select">, here: Scope): Placed {
    const known = knownTest(e.cond, here);
    if (known) return computeKnown(e, known, here);
    if (!isHeavySelect(e, here)) {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map((arg) => place(arg, here));
      const scopes = [cond!.scope, then!.scope, otherwise!.scope];
      const value: NestExpr = {
        kind: "select",
        cond: cond!.value,
        then: then!.value,
        else: otherwise!.value,
      };
      return define(e, value, withinGuards(deepest(scopes, root), here));
    }
    return reads.computeElement(e, here) ?? computeBranches(e, here);
  }

  /**
   * The branch of `e` that is known to be taken. What is made of it must not leave the condition that tells so,
   * where the other branch may be what keeps it defined. Where loops between would make it again in each step,
   * a choice is made outside of them: by what the condition says there of the branch.
   */
  function computeKnown(e: Case<"select">, { holds, scope }: Known, here: Scope): Placed {
    const [own, other] = holds === 1 ? [e.then, e.else] : [e.else, e.then];
    const taken = place(own, here);
    const outside = scope.parent;
    if (!outside || taken.scope.depth >= scope.depth) return taken;
    const inside: Placed = { value: taken.value, scope };
    if (taken.scope.loopDepth === scope.loopDepth || isHeavySelect(e, outside)) return inside;
    const about = readsOf(own);
    const tests = leavesOf(e.cond).filter((test) => [...readsOf(test)].some((r) => about.has(r)));
    const parts = [other, ...tests];
    // What depends on a loop inside of the condition cannot be said outside of it.
    if (!parts.every((part) => bindsAll(outside, freeLoops(part)))) return inside;
    const scopes = parts.map((part) => place(part, outside).scope);
    const limit = deepest([taken.scope, ...scopes], root);
    if (limit.loopDepth === scope.loopDepth) return inside;
    const isKept = (test: Expr) => place(test, outside).scope.depth <= limit.depth;
    const cond = project(e.cond, holds, isKept);
    return cond ? place(select(cond, own, other), outside) : taken;
  }

  function computeBranches(e: Case<"select">, here: Scope): Placed {
    const scope = outermostBinding(here, freeLoops(e), innermostGuard(here));
    const cond = place(e.cond, scope).value;
    const type = typeFor(kindOf(e));
    const name = names.fresh(names.of(e) ?? "value");
    const init: NestExpr = e.else.kind === "const" ? place(e.else, scope).value : zeroOf(type);
    const local = { kind: "local", name, type, init } as const;
    scope.body.push(local);
    branchInto(local, e, cond, scope);
    const value = variable(name, type);
    scope.values.set(e, value);
    return { value, scope };
  }

  /** Sets `local` to the value of `e`, branch by branch; a branch that is a choice itself needs no variable. */
  function branchInto(local: Local, e: Case<"select">, cond: NestExpr, scope: Scope): void {
    const branch = (taken: "then" | "else"): Stmt[] => {
      const inner = innerScope(scope, "guarded", contexts.branch(e, taken));
      assume(e.cond, taken === "then" ? 1 : 0, inner);
      const value = e[taken];
      if (value.kind === "select" && needsBranches(value, inner) && isOwn(value, inner))
        branchInto(local, value, place(value.cond, inner).value, inner);
      else {
        const result = place(value, inner).value;
        const same = result.kind === "const" && local.init.kind === "const";
        if (!(same && result.value === local.init.value))
          inner.body.push({ kind: "set", name: local.name, value: result });
      }
      return inner.body;
    };
    const then = branch("then");
    scope.body.push({ kind: "if", cond, then, else: branch("else") });
  }

  /** Is `e` needed in the branch of `inner` only? */
  const isOwn = (e: Expr, inner: Scope): boolean => {
    const context = contexts.of(e);
    return context !== undefined && inner.context !== undefined && isInside(context, inner.context);
  };

  /** In a branch the condition is known, and so are the parts of a conjunction that holds. */
  function assume(cond: Expr, holds: 0 | 1, scope: Scope): void {
    scope.values.set(cond, { kind: "const", type: "bool", value: holds });
    if (cond.kind === "op" && cond.op === (holds ? "and" : "or"))
      for (const arg of cond.args) assume(arg, holds, scope);
  }

  return { computeSelect, assume };
}
