// What the pieces of a nest under construction share, and the loops they begin with.

import { index, int, type Loop } from "../ir/expr.ts";
import { product } from "../ir/host.ts";
import type { Stage } from "../ir/kernel.ts";
import type { NestExpr, Stmt } from "../ir/nest.ts";
import type { PlanBuffer } from "../ir/plan.ts";
import { freeLoops, visit } from "../ir/walk.ts";
import type { Walk } from "./domain.ts";
import { loopName, type Names } from "./names.ts";
import type { Placer } from "./placing.ts";
import type { Region } from "./regions.ts";
import type { Scope } from "./scope.ts";

/** A nest under construction. */
export interface Site {
  readonly placer: Placer;
  readonly names: Names;
  readonly stages: readonly Stage[];
  /** What is added, by the tests under which it is. */
  readonly region: Region;
  /** How its steps are walked. */
  readonly walk: readonly Walk[];
  /** The loops of a walk that does not part. */
  readonly domain: readonly Loop[];
  readonly bufferOf: (part: number) => PlanBuffer;
}

/** An operation on ints. */
export const int32 = (op: "add" | "mul" | "quot" | "rem", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op,
  args: [a, b],
  type: "i32",
});

/** The leading loops whose extents the host knows run at the same time; what follows is walked by each. */
export function splitDomain(domain: readonly Loop[]) {
  const isKnown = (l: Loop): boolean => {
    let reads = false;
    visit([l.hi], (e) => {
      reads ||= e.kind === "read" || e.kind === "part";
    });
    return l.lo === int(0) && freeLoops(l.hi).size === 0 && !reads;
  };
  const first = domain.findIndex((l) => !isKnown(l));
  const flat = first < 0 ? domain : domain.slice(0, first);
  return { flat, walked: domain.slice(flat.length) };
}

/** A loop as a statement. */
export const loopOf = (
  variableName: string,
  lo: NestExpr,
  hi: NestExpr,
  by: Extract<Stmt, { kind: "for" }>["by"],
  body: readonly Stmt[],
): Stmt => ({ kind: "for", variable: variableName, lo, hi, by, body });

/** How many elements run at the same time. */
export function elementCount({ domain, placer, names }: Site, root: Scope): NestExpr {
  const total = placer.declare(
    root,
    "elements",
    product(splitDomain(domain).flat.map((l) => placer.lower(l.hi, root))),
  );
  if (total.kind === "var") names.keep(total.name);
  return total;
}

/** Gives the domain's indices of the element at row-major place `i` their names in `scope`. */
export function splitIndex({ domain, placer, names }: Site, scope: Scope, i: NestExpr): void {
  let rest = i;
  for (const [d, l] of [...splitDomain(domain).flat.entries()].toReversed()) {
    const hint = loopName(names, l);
    if (d === 0) {
      scope.values.set(index(l), placer.declare(scope, hint, rest));
      break;
    }
    const extent = placer.lower(l.hi, scope);
    scope.values.set(index(l), placer.declare(scope, hint, int32("rem", rest, extent)));
    rest = placer.declare(scope, "rest", int32("quot", rest, extent));
  }
}
