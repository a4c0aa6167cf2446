// What becomes of an element: it is stored, or added to elements of a buffer.

import { allOf, convert } from "../ir/build.ts";
import type { Expr, Loop } from "../ir/expr.ts";
import type { Scatter } from "../ir/kernel.ts";
import type { NestExpr } from "../ir/nest.ts";
import type { PlanBuffer } from "../ir/plan.ts";
import { flatten } from "./address.ts";
import { distributeLoop } from "./distribution/index.ts";
import type { Element, Walk } from "./domain.ts";
import { heldDims, onlyHeld } from "./panels.ts";
import type { Region } from "./regions.ts";
import { innerScope, outwards, type Scope } from "./scope.ts";
import type { Site } from "./site.ts";
import { placeOf, shapeOf } from "./slabs.ts";
import { sumsOf } from "./totals.ts";

/**
 * Runs `walk` in `scope`: opens its loops, and stores (or adds) what its steps compute. `place` is a gather's
 * address where it is known.
 */
export function storeWalk(
  site: Site,
  walk: readonly Walk[],
  scope: Scope,
  place: NestExpr | undefined,
): void {
  for (const part of walk) {
    if (part.kind === "step") {
      storeStep(site, part.elements, scope, place);
      continue;
    }
    const { scope: inner, close } = site.placer.openLoops([part.loop], scope);
    storeWalk(site, part.inner, inner, place);
    close();
    distribute(site, part.loop, scope);
  }
}

/** Makes the loop that was closed last one that runs several steps at once, where that is asked for. */
export function distribute(
  { vectors, ranges, names, newRow }: Site,
  loop: Loop,
  scope: Scope,
): void {
  const by = vectors.get(loop);
  const last = scope.body.at(-1);
  if (by === undefined || last?.kind !== "for") return;
  const root = [...outwards(scope)].at(-1)!;
  const fixed = new Set(root.body.flatMap((s) => (s.kind === "let" ? [s.name] : [])));
  const fresh = (like: string): string => {
    const name = names.fresh(names.baseOf(like));
    if (names.kept.has(like)) names.keep(name);
    return name;
  };
  const isFixed = (name: string): boolean => fixed.has(name) || !names.isMade(name);
  const newRowOf = (like: string, type: PlanBuffer["dtype"]) =>
    newRow(loop, names.baseOf(like), type);
  scope.body.pop();
  scope.body.push(
    ...distributeLoop({ ...last, ...ranges.get(loop) }, { by, fresh, newRow: newRowOf, isFixed }),
  );
}

/** Stores (or adds) what one step computes, of the indices bound in `scope`. */
export function storeStep(
  site: Site,
  elements: readonly Element[],
  scope: Scope,
  place: NestExpr | undefined,
): void {
  const values = elements.map(({ parts }) =>
    parts.map((part) => site.placer.lower(widened(part), scope)),
  );
  for (const [i, element] of elements.entries()) store(site, element, values[i]!, scope, place);
  addRegion(site, site.region, scope);
}

function store(
  { placer, bufferOf }: Site,
  { stage, at, when }: Element,
  values: readonly NestExpr[],
  scope: Scope,
  place: NestExpr | undefined,
): void {
  const inside = when ? innerScope(scope, "guarded") : scope;
  const held = heldDims(stage, stage.domain);
  const kept = onlyHeld(placeOf(stage, at), held);
  const position = flatten(kept, extents(onlyHeld(shapeOf(stage), held)));
  const address = place ?? placer.lower(position, inside);
  for (const [part, value] of values.entries()) {
    const { name } = bufferOf(stage, part);
    inside.body.push({
      kind: "store",
      buffer: name,
      address,
      value,
      width: 1,
    });
  }
  if (when)
    scope.body.push({ kind: "if", cond: placer.lower(when, scope), then: inside.body, else: [] });
}

function addRegion(site: Site, region: Region, scope: Scope): void {
  const { placer } = site;
  for (const stage of region.adds) add(site, stage, scope);
  for (const inner of region.inner) {
    const cond = placer.lower(allOf(inner.tests)!, scope);
    const guarded = innerScope(scope, "guarded", inner.context);
    for (const test of inner.tests) placer.assume(test, 1, guarded);
    addRegion(site, inner, guarded);
    scope.body.push({ kind: "if", cond, then: guarded.body, else: [] });
  }
}

function add(site: Site, stage: Scatter, scope: Scope): void {
  const { placer, bufferOf, mode } = site;
  const inFixedPoint = mode === "measure" || mode === "fixed";
  const address = placer.lower(flatten(stage.at, extents(stage.shape)), scope);
  for (const [part, value] of stage.values.entries())
    scope.body.push({
      kind: "accumulate",
      buffer: (inFixedPoint ? sumsOf(bufferOf(stage, part)) : bufferOf(stage, part)).name,
      address,
      value: placer.lower(widened(value), scope),
      mode,
    });
}

/** How long each of some loops from 0 is. */
export const extents = (loops: readonly Loop[]): readonly Expr[] => loops.map((l) => l.hi);

/** Data copied unchanged is converted like any other value. */
const widened = (value: Expr): Expr =>
  value.kind === "read" && value.type === "data" ? convert("acc", value) : value;
