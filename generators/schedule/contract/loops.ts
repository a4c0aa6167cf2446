// The loops of a blocked product, whose indices follow from places that it counts through itself.

import { index, type Loop } from "../../ir/expr.ts";
import type { NestExpr } from "../../ir/nest.ts";
import { loopName } from "../names.ts";
import type { Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import type { Blocked } from "./blocks.ts";
import { calculate, know } from "./write.ts";

/** A value that stays outside of the loops that use it. */
export function hold(
  { placer, names }: Site,
  scope: Scope,
  hint: string,
  value: NestExpr,
): NestExpr {
  const held = placer.declare(scope, hint, value);
  if (held.kind === "var") names.keep(held.name);
  return held;
}

/** Gives loops the indices of the row-major place `at`. */
export function splitPlace(
  { placer, names }: Site,
  scope: Scope,
  loops: readonly Loop[],
  at: NestExpr,
): void {
  let rest = at;
  for (const [d, l] of [...loops.entries()].toReversed()) {
    const hint = loopName(names, l);
    if (d === 0) {
      know(scope, index(l), placer.declare(scope, hint, rest));
      break;
    }
    const extent = placer.lower(l.hi, scope);
    know(scope, index(l), placer.declare(scope, hint, calculate("rem", rest, extent)));
    rest = placer.declare(scope, "rest", calculate("quot", rest, extent));
  }
}

/** `to` stands where `from` does. */
export const copyIndex = (scope: Scope, from: Loop, to: Loop): void =>
  know(scope, index(to), scope.values.get(index(from))!);

/** The loops of the panel's stage that stand where loops of the contraction do. */
export const panelLoops = (
  { roles, panel }: Blocked,
  is: "batch" | "place" | "tap",
): readonly (readonly [Loop, Loop])[] =>
  roles.flatMap((role, d) => (role.is === is ? [[role.loop, panel.domain[d]!] as const] : []));
