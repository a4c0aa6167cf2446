// Where gradients are kept: for each wanted tensor, and for each part of a stage on the way to one.

import { extentOf, freshLoop, make } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop } from "../ir/expr.ts";
import { elementsOf, type Kernel, partName, type Stage, valuesOf } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";
import { GradientError } from "./adjoint.ts";

/** The name of the gradient of a tensor. */
export const gradOf = (name: string): string => `grad_${name}`;

export type Read = Extract<Expr, { kind: "read" }>;

/** Where a gradient is kept: the loops over its elements, and how they group into dimensions. */
export interface Place {
  /** Of the stage that computes it. */
  readonly gradient: string;
  readonly loops: readonly Loop[];
  readonly dims: readonly number[];
  /** The axes of a tensor in the order of its elements; empty for a stage. */
  readonly axes: readonly string[];
}

/** The place of each gradient by what is read. */
export interface Places {
  /** Of a tensor, or of a part of a stage; undefined where none is wanted. */
  readonly of: (from: string, part: number) => Place | undefined;
  /** Does a tensor or stage follow a wanted tensor, also by tests and indices only? */
  readonly follows: (from: string) => boolean;
}

/** The places of all wanted gradients, and of those stages on the way to them. */
export function findPlaces(kernel: Kernel, wanted: readonly string[]): Places {
  const places = new Map<string, readonly (Place | undefined)[]>();
  for (const name of wanted) places.set(name, [tensorPlace(kernel, name)]);
  for (const stage of kernel.stages) {
    if (places.has(stage.name) || !readsAny(valuesOf(stage), places)) continue;
    if (kernel.outputs.includes(stage.name) && !isReadLater(kernel, stage.name)) continue;
    const values = valuesOf(stage);
    places.set(
      stage.name,
      values.map((value, part) =>
        kindOf(value) === "int" ? undefined : stagePlace(kernel, stage, part, values.length),
      ),
    );
  }
  return {
    of: (from, part) => places.get(from)?.[part],
    follows: (from) => places.has(from),
  };
}

function tensorPlace(kernel: Kernel, name: string): Place {
  const tensor = kernel.tensors.find((t) => t.name === name);
  if (!tensor) throw new GradientError(`${kernel.operator} has no tensor ${name} here`);
  const axes = tensor.dims.flat();
  const loops = axes.map((axis) => freshLoop(axis, int(0), extentOf(axis)));
  return { gradient: gradOf(name), loops, dims: tensor.dims.map((d) => d.length), axes };
}

/** A result that later stages read has a gradient of its own beside the one that is given, now or before. */
function stagePlace(kernel: Kernel, stage: Stage, part: number, parts: number): Place {
  const own = gradOf(partName(stage.name, part, parts));
  const isGiven =
    kernel.outputs.includes(stage.name) || kernel.tensors.some(({ name }) => name === own);
  const gradient = isGiven ? `${own}_within` : own;
  const loops = elementsOf(stage).map((l) => freshLoop(l.axis, l.lo, l.hi));
  return { gradient, loops, dims: stage.dims, axes: [] };
}

function readsAny(values: readonly Expr[], names: { has(name: string): boolean }): boolean {
  let found = false;
  visit(values, (e) => {
    if (e.kind === "read" && names.has(e.from)) found = true;
  });
  return found;
}

const isReadLater = (kernel: Kernel, name: string): boolean =>
  kernel.stages.some((stage) => readsAny(valuesOf(stage), new Set([name])));

/** A position of a read, in terms of the element that it hits, and how long that axis is. */
export interface Target {
  readonly at: Expr;
  readonly extent: Expr;
}

/**
 * The positions of a read that hits the element of `place`. A read that groups a dimension's parts in
 * another order sees the same place in memory under other indices.
 */
export function targetsOf(place: Place, r: Read): readonly Target[] {
  const own = place.loops.map((l) => ({ at: index(l), extent: l.hi }));
  return place.axes.length === 0 ? own : reorder(own, place.axes, r.axes);
}

/** The element of `place` that a read at these positions hits. */
export const elementAt = (place: Place, r: Read, at: readonly Expr[]): readonly Expr[] =>
  place.axes.length === 0
    ? at
    : reorder(
        at.map((p, d) => ({ at: p, extent: extentOf(r.axes[d]!) })),
        r.axes,
        place.axes,
      ).map((target) => target.at);

/** An element's indices along `from` as those along `to`, which has the same axes in another order. */
function reorder(
  targets: readonly Target[],
  from: readonly string[],
  to: readonly string[],
): readonly Target[] {
  const first = from.findIndex((axis, d) => axis !== to[d]);
  if (first < 0) return targets;
  const end = from.findLastIndex((axis, d) => axis !== to[d]) + 1;
  const { at: flat } = targets.slice(first, end).reduce((a, { at, extent }) => ({
    at: make("add", make("mul", a.at, extent), at),
    extent,
  }));
  let rest = flat;
  const found = to
    .slice(first, end)
    .toReversed()
    .map((axis) => {
      const extent = extentOf(axis);
      const at = make("mod", rest, extent);
      rest = make("idiv", rest, extent);
      return { at, extent };
    });
  return [...targets.slice(0, first), ...found.toReversed(), ...targets.slice(end)];
}
