// What the pieces of a nest under construction share, and the loops they begin with.

import { index, int, type Loop } from "../ir/expr.ts";
import { product } from "../ir/host.ts";
import type { Stage } from "../ir/kernel.ts";
import type { AddMode, NestExpr, Stmt } from "../ir/nest.ts";
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
  /** Those of them that run at the same time where there are threads, and what each thread walks. */
  readonly split: Split;
  /** How additions meet those of other threads. */
  readonly mode: AddMode;
  readonly bufferOf: (stage: Stage, part: number) => PlanBuffer;
  /** Innermost loops that run several steps at once, with how many. */
  readonly vectors: ReadonlyMap<Loop, number>;
  /** The part of such a loop that is walked, where that is not all of it; it begins with a whole strip. */
  readonly ranges: Map<Loop, { readonly lo: NestExpr; readonly hi: NestExpr }>;
  /** A new row of memory for what the steps of such a loop keep. */
  readonly newRow: (loop: Loop, like: string, type: PlanBuffer["dtype"]) => string;
}

/** An operation on ints. */
export const int32 = (op: "add" | "mul" | "quot" | "rem", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op,
  args: [a, b],
  type: "i32",
});

/** The loops that run at the same time, then what follows inside each step of them. */
export interface Split {
  readonly flat: readonly Loop[];
  readonly walked: readonly Loop[];
}

/** Can a loop be shared out among threads? The host must know how far it runs. */
export function isShared(l: Loop): boolean {
  let reads = false;
  visit([l.hi], (e) => {
    reads ||= e.kind === "read" || e.kind === "part";
  });
  return l.lo === int(0) && freeLoops(l.hi).size === 0 && !reads;
}

/** The leading loops that can be shared out, at most `most` of them, run at the same time. */
export function splitDomain(domain: readonly Loop[], most = domain.length): Split {
  const first = domain.findIndex((l) => !isShared(l));
  const flat = domain.slice(0, Math.min(most, first < 0 ? domain.length : first));
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
export function elementCount({ split, placer, names }: Site, root: Scope): NestExpr {
  const total = placer.declare(
    root,
    "elements",
    product(split.flat.map((l) => placer.lower(l.hi, root))),
  );
  if (total.kind === "var") names.keep(total.name);
  return total;
}

/** Gives the domain's indices of the element at row-major place `i` their names in `scope`. */
export function splitIndex({ split, placer, names }: Site, scope: Scope, i: NestExpr): void {
  let rest = i;
  for (const [d, l] of [...split.flat.entries()].toReversed()) {
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
