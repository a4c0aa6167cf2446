// What becomes of an element: it is stored, or added to elements of a buffer.

import { allOf, convert } from "../ir/build.ts";
import { type Expr, index, int, type Loop } from "../ir/expr.ts";
import type { Gather, Scatter } from "../ir/kernel.ts";
import type { NestExpr, Scalar } from "../ir/nest.ts";
import { flatten } from "./address.ts";
import type { Region } from "./regions.ts";
import { innerScope, type Scope } from "./scope.ts";
import type { Site } from "./site.ts";

/**
 * Stores (or adds) the elements of the indices bound in `scope`; `place` is a gather's address where it is
 * known, and `concurrent` says that other threads may add to the same element.
 */
export function storeElement(
  site: Site,
  scope: Scope,
  place: NestExpr | undefined,
  concurrent: boolean,
): void {
  for (const stage of site.stages) if (stage.kind === "gather") store(site, stage, scope, place);
  addRegion(site, site.region, scope, concurrent);
}

function store(site: Site, stage: Gather, scope: Scope, place: NestExpr | undefined): void {
  const { placer, bufferOf } = site;
  const values = stage.parts.map((part) => placer.lower(widened(part), scope));
  const at = flatten(stage.domain.map(index), extents(stage.domain));
  const address = place ?? placer.lower(stage.domain.length > 0 ? at : int(0), scope);
  for (const [part, value] of values.entries()) {
    const { name, dtype } = bufferOf(part);
    scope.body.push({
      kind: "store",
      buffer: name,
      address,
      value: narrowed(value, dtype),
      width: 1,
    });
  }
}

function addRegion(site: Site, region: Region, scope: Scope, concurrent: boolean): void {
  const { placer } = site;
  for (const stage of region.adds) add(site, stage, scope, concurrent);
  for (const inner of region.inner) {
    const cond = placer.lower(allOf(inner.tests)!, scope);
    const guarded = innerScope(scope, "guarded", inner.context);
    for (const test of inner.tests) placer.assume(test, 1, guarded);
    addRegion(site, inner, guarded, concurrent);
    scope.body.push({ kind: "if", cond, then: guarded.body, else: [] });
  }
}

function add(site: Site, stage: Scatter, scope: Scope, concurrent: boolean): void {
  const { placer, bufferOf } = site;
  const address = placer.lower(flatten(stage.at, extents(stage.shape)), scope);
  for (const [part, value] of stage.values.entries())
    scope.body.push({
      kind: "accumulate",
      buffer: bufferOf(part).name,
      address,
      value: placer.lower(widened(value), scope),
      mode: concurrent ? "atomic" : "plain",
    });
}

/** How long each of some loops from 0 is. */
export const extents = (loops: readonly Loop[]): readonly Expr[] => loops.map((l) => l.hi);

/** Data copied unchanged is converted like any other value. */
const widened = (value: Expr): Expr =>
  value.kind === "read" && value.type === "data" ? convert("acc", value) : value;

const narrowed = (value: NestExpr, to: Exclude<Scalar, "bool">): NestExpr =>
  to === "f16" ? { kind: "cast", to, arg: value } : value;
