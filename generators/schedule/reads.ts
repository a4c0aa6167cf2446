// Reads become loads at safe addresses.

import { extentOf, select } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import type { NestExpr } from "../ir/nest.ts";
import { type Asking, access } from "./address.ts";
import { onlyHeld } from "./panels.ts";
import { type Case, type Placing, type Source, zeroOf } from "./placing.ts";
import { deepest, innermostGuard, type Placed, type Scope, withinGuards } from "./scope.ts";

export function createReads({ options, hints, typeFor, place, define }: Placing) {
  const { root, sources, facts, beside = false } = options;

  function sourceOf(from: string): Source {
    const source = sources.get(from);
    if (!source) throw new Error(`nothing to read named ${from}`);
    return source;
  }

  const hint = (part: Expr, name: string): void => {
    if (!hints.has(part)) hints.set(part, name);
  };
  const addressOf = (e: Case<"read">, depthOf: Asking["depthOf"] = () => 0) => {
    const source = sourceOf(e.from);
    const tensor = e.axes.length > 0;
    const axes = tensor ? e.axes : source.axes;
    const at = tensor ? e.at : onlyHeld(e.at, source.held);
    const extents = tensor ? axes.map(extentOf) : source.extents;
    return access(e.from, at, extents, axes, facts, { hint, depthOf, beside });
  };

  function computeRead(e: Case<"read">, here: Scope): Placed {
    const { address, exists } = addressOf(e, (p) => place(p, here).scope.loopDepth);
    const placed = place(address, here);
    const test = e.border === "zero" && exists ? place(exists, here) : undefined;
    // A panel holds other elements in each step of the loops around it.
    const { held } = sourceOf(e.from);
    const around = e.at.filter((_, d) => held[d] === false).map((p) => place(p, here).scope);
    const scope = deepest(
      [placed.scope, innermostGuard(here), ...(test ? [test.scope] : []), ...around],
      root,
    );
    return define(
      e,
      loadFrom(e, placed.value, test?.value),
      withinGuards(scope, here),
      `${e.from}_value`,
    );
  }

  function loadFrom(e: Case<"read">, address: NestExpr, exists?: NestExpr): NestExpr {
    const source = sourceOf(e.from);
    const to = typeFor(e.type);
    const dtype = source.dtype(e.part);
    const load: NestExpr = {
      kind: "load",
      buffer: source.buffer(e.part),
      address,
      type: dtype,
      width: 1,
    };
    const value: NestExpr = dtype === to ? load : { kind: "cast", to, arg: load };
    return exists ? { kind: "select", cond: exists, then: value, else: zeroOf(to) } : value;
  }

  /** Two elements of one tensor: read one, at the address of the branch taken. */
  function oneOfTwoElements(e: Case<"select">) {
    const { then, else: other } = e;
    if (then.kind !== "read" || other.kind !== "read") return undefined;
    if (then.from !== other.from || then.part !== other.part) return undefined;
    const [a, b] = [addressOf(then), addressOf(other)];
    if ((then.border === "zero" && a.exists) || (other.border === "zero" && b.exists))
      return undefined;
    return { read: then, address: select(e.cond, a.address, b.address) };
  }

  /** A choice between elements of one tensor, if that is what `e` is. */
  function computeElement(e: Case<"select">, here: Scope): Placed | undefined {
    const one = oneOfTwoElements(e);
    if (!one) return undefined;
    const cond = place(e.cond, here);
    const address = place(one.address, here);
    const scope = deepest([cond.scope, address.scope, innermostGuard(here)], root);
    return define(e, loadFrom(one.read, address.value), scope, `${one.read.from}_value`);
  }

  return {
    computeRead,
    computeElement,
    isElement: (e: Case<"select">): boolean => oneOfTwoElements(e) !== undefined,
  };
}
