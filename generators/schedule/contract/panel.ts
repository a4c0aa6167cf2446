// A panel of the second factor: the elements of some places and taps, each with its whole row.

import type { Expr, Loop } from "../../ir/expr.ts";
import type { BufferDecl, NestExpr } from "../../ir/nest.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { flatten } from "../address.ts";
import type { Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { distribute } from "../store.ts";
import type { Blocked } from "./blocks.ts";
import { strideAlong } from "./stride.ts";
import { calculate, store } from "./write.ts";

/** How long the dimensions are that a panel holds whole. */
const rowExtents = ({ panel, roles }: Blocked): readonly Expr[] =>
  panel.domain.filter((_, d) => roles[d]!.is === "row").map((l) => l.hi);

/** Where in a row a term reads. */
export const rowPosition = (blocked: Blocked): Expr =>
  flatten(
    blocked.at.filter((_, d) => blocked.roles[d]!.is === "row"),
    rowExtents(blocked),
  );

/** Makes the row of the place and tap that `scope` knows, from `start` on. */
export function makeRow(
  site: Site,
  scope: Scope,
  blocked: Blocked,
  panel: BufferDecl,
  start: NestExpr,
): void {
  const { row, blocks } = blocked;
  const { scope: around, close } = site.placer.openLoops(row.loops.slice(0, -1), scope);
  const innermost = row.loops.at(-1);
  const { scope: step, close: end } = site.placer.openLoops(innermost ? [innermost] : [], around);
  const value = site.placer.lower(row.value, step);
  const offset = site.placer.lower(flatten(row.at, rowExtents(blocked)), step);
  step.body.push(store(panel.name, calculate("add", start, offset), value));
  end();
  if (innermost && readsBeside(row.value, innermost))
    distribute({ ...site, vectors: new Map([[innermost, blocks.lanes]]) }, innermost, around);
  close();
}

/** Does all that is read along a loop lie side by side in memory? */
function readsBeside(value: Expr, along: Loop): boolean {
  let beside = true;
  visit([value], (e) => {
    if (e.kind !== "read" || !freeLoops(e).has(along)) return;
    const [last, ...others] = e.at.toReversed();
    beside &&= others.every((p) => !freeLoops(p).has(along)) && strideAlong(last!, along) === 1;
  });
  return beside;
}
