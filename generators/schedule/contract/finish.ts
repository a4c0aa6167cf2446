// The elements of a contraction, once their sums are complete.

import { freshLoop } from "../../ir/build.ts";
import { type Expr, index, int, type Loop } from "../../ir/expr.ts";
import { type NestExpr, typeOf } from "../../ir/nest.ts";
import { flatten } from "../address.ts";
import type { Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { placeOf, shapeOf } from "../slabs.ts";
import type { Contraction } from "./recognise.ts";
import { productOf } from "./scratch.ts";
import { calculate, know, store } from "./write.ts";

/** Where an element lies; the loops `run`, where they lie side by side in memory, as one index. */
export interface Position {
  readonly at: Expr;
  readonly place: Loop;
}

/** The position of an element of a contraction's stage. */
export function findPosition({ at, stage }: Contraction, run: readonly Loop[]): Position {
  const place = freshLoop("place", int(0), productOf(run.map((l) => l.hi)));
  const own = placeOf(stage, at);
  const first = own.findIndex(
    (e, d) => e === index(run[0]!) && run.every((l, i) => own[d + i] === index(l)),
  );
  const joined = <T>(list: readonly T[], one: T): readonly T[] =>
    first < 0 ? list : [...list.slice(0, first), one, ...list.slice(first + run.length)];
  const extents = shapeOf(stage).map((l) => l.hi);
  return { at: flatten(joined(own, index(place)), joined(extents, place.hi)), place };
}

/** Stores the element whose indices `scope` knows, and whose products add up to `total`. */
export function storeElement(
  { placer, bufferOf }: Site,
  scope: Scope,
  { stage, element, sum, from }: Contraction,
  { at }: Position,
  total: NestExpr,
): void {
  const { dtype, name } = bufferOf(stage, 0);
  const start = placer.lower(from, scope);
  const isZero = start.kind === "const" && start.value === 0;
  know(scope, sum, placer.declare(scope, "sum", isZero ? total : calculate("add", start, total)));
  const value = placer.lower(element, scope);
  const address = placer.lower(at, scope);
  const stored: NestExpr =
    typeOf(value) === dtype ? value : { kind: "cast", to: dtype, arg: value };
  scope.body.push(store(name, address, stored));
}
