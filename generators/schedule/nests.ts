// One stage as one function: its domain's loops, bound as the draft says, around its elements' values.

import { convert } from "../ir/build.ts";
import { type Expr, index, int, type Loop } from "../ir/expr.ts";
import { isOption, type Kernel, type Stage, scalarsOf } from "../ir/kernel.ts";
import type { BufferDecl, Nest, NestExpr, Parameter, Scalar, Stmt } from "../ir/nest.ts";
import { i32, variable } from "../ir/nest.ts";
import type { PlanBuffer } from "../ir/plan.ts";
import { flatten } from "./address.ts";
import { findContexts } from "./contexts.ts";
import type { Loops } from "./draft.ts";
import { product } from "./host.ts";
import { createNames, type Names } from "./names.ts";
import { createPlacer, type Placer, type Source } from "./place.ts";
import { renumber } from "./renumber.ts";
import { innerScope, rootScope, type Scope } from "./scope.ts";
import { shareSum } from "./share.ts";
import { eachStatement, exprsOf, operandsOf } from "./statements.ts";
import { tidy } from "./tidy.ts";

export interface NestRequest {
  readonly kernel: Kernel;
  readonly stage: Stage;
  readonly buffers: readonly PlanBuffer[];
  readonly loops: Loops;
  readonly name: string;
}

/** What the pieces of a nest under construction share. */
export interface Site {
  readonly placer: Placer;
  readonly names: Names;
  readonly stage: Stage;
  readonly bufferOf: (part: number) => PlanBuffer;
}

const int32 = (op: "add" | "mul" | "quot" | "rem", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op,
  args: [a, b],
  type: "i32",
});

export function buildNest(request: NestRequest): Nest {
  const { kernel, stage, buffers, loops, name } = request;
  const parts = stage.kind === "gather" ? stage.parts.length : stage.values.length;
  const bufferOf = (part: number) =>
    buffers.find((b) => b.name === (parts === 1 ? stage.name : `${stage.name}_${part}`))!;
  const scalars = new Map<string, Parameter["type"]>();
  const constants = new Set<string>();
  const taken = [...reservedNames(kernel, buffers)];
  const names = createNames(kernel.names, kernel.attrs, taken);
  const root = rootScope();
  const placer = createPlacer({
    root,
    names,
    contexts: findContexts(
      stage.kind === "gather" ? stage.parts : [...stage.values, ...stage.at, stage.when],
    ),
    sources: findSources(kernel, buffers),
    types: { int: "i32", coord: "f32", acc: "f32", bool: "bool" },
    onScalar: (scalar, type) => scalars.set(scalar, type),
    onConstant: (option) => constants.add(option.toUpperCase()),
  });
  const site: Site = { placer, names, stage, bufferOf };

  const built = build(site, root, loops);
  const shared = built.shared.map((b) => b.name);
  const body = renumber(tidy(built.body, names.kept), names.baseOf, [...taken, ...shared]);
  return {
    name,
    scalars: [...scalars].map(([scalar, type]) => ({ name: scalar, type })),
    constants: [...constants].map((constant) => ({ name: constant, type: "i32" })),
    buffers: [...usedBuffers(body, buffers), ...built.shared],
    group: built.group,
    body,
  };
}

interface Built {
  readonly body: readonly Stmt[];
  readonly shared: readonly BufferDecl[];
  readonly group: number;
}

function build(site: Site, root: Scope, loops: Loops): Built {
  switch (loops.by) {
    case "serial": {
      const { scope, close } = site.placer.openLoops(site.stage.domain, root);
      storeElement(site, scope, undefined, false);
      close();
      return { body: root.body, shared: [], group: 1 };
    }
    case "threads":
      return buildThreads(site, root, loops.group);
    case "lanes":
      return shareSum(site, root, loops.lanes);
    default:
      return loops satisfies never;
  }
}

function buildThreads(site: Site, root: Scope, group: number): Built {
  const { names, stage } = site;
  const [block, thread] = [names.fresh("group"), names.fresh("thread")];
  const place = names.fresh("index");
  const total = elementCount(site, root);
  const inner = innerScope(root, stage.domain);
  splitIndex(site, inner, variable(place));
  storeElement(site, inner, variable(place), true);
  const guarded: Stmt = {
    kind: "if",
    cond: { kind: "op", op: "lt", args: [variable(place), total], type: "bool" },
    then: inner.body,
    else: [],
  };
  const groups = int32("quot", int32("add", total, i32(group - 1)), i32(group));
  const body: Stmt[] = [
    {
      kind: "let",
      name: place,
      type: "i32",
      value: int32("add", int32("mul", variable(block), i32(group)), variable(thread)),
    },
    guarded,
  ];
  names.keep(place);
  return {
    body: [
      ...root.body,
      loopOf(block, i32(0), groups, "grid", [loopOf(thread, i32(0), i32(group), "group", body)]),
    ],
    shared: [],
    group,
  };
}

export const loopOf = (
  variableName: string,
  lo: NestExpr,
  hi: NestExpr,
  by: Extract<Stmt, { kind: "for" }>["by"],
  body: readonly Stmt[],
): Stmt => ({ kind: "for", variable: variableName, lo, hi, by, body });

/** How many elements the stage's domain has. */
export function elementCount({ stage, placer, names }: Site, root: Scope): NestExpr {
  const total = placer.declare(
    root,
    "elements",
    product(stage.domain.map((l) => placer.lower(l.hi, root))),
  );
  if (total.kind === "var") names.keep(total.name);
  return total;
}

/** Gives the domain's indices of the element at row-major place `i` their names in `scope`. */
export function splitIndex({ stage, placer, names }: Site, scope: Scope, i: NestExpr): void {
  let rest = i;
  for (const [d, l] of [...stage.domain.entries()].toReversed()) {
    const hint = names.of(l) ?? l.axis.toLowerCase();
    if (d === 0) {
      scope.values.set(index(l), placer.declare(scope, hint, rest));
      break;
    }
    const extent = placer.lower(l.hi, scope);
    scope.values.set(index(l), placer.declare(scope, hint, int32("rem", rest, extent)));
    rest = placer.declare(scope, "rest", int32("quot", rest, extent));
  }
}

/** Stores (or adds) the element of the indices bound in `scope`; `place` is its address where known. */
export function storeElement(
  site: Site,
  scope: Scope,
  place: NestExpr | undefined,
  concurrent: boolean,
): void {
  const { stage, placer, bufferOf } = site;
  if (stage.kind === "gather") {
    const values = stage.parts.map((part) => placer.lower(stored(part), scope));
    const at = flatten(stage.domain.map(index), extents(stage.domain));
    const address = place ?? placer.lower(stage.domain.length > 0 ? at : int(0), scope);
    for (const [part, value] of values.entries())
      scope.body.push({
        kind: "store",
        buffer: bufferOf(part).name,
        address,
        value: narrow(value, bufferOf(part).dtype),
        width: 1,
      });
    return;
  }
  const cond = placer.lower(stage.when, scope);
  const inner = innerScope(scope, "guarded");
  const address = placer.lower(flatten(stage.at, extents(stage.shape)), inner);
  for (const [part, value] of stage.values.entries())
    inner.body.push({
      kind: "accumulate",
      buffer: bufferOf(part).name,
      address,
      value: placer.lower(stored(value), inner),
      atomic: concurrent,
    });
  scope.body.push({ kind: "if", cond, then: inner.body, else: [] });
}

const extents = (loops: readonly Loop[]): readonly Expr[] => loops.map((l) => l.hi);
/** Data copied unchanged is converted like any other value. */
const stored = (value: Expr): Expr =>
  value.kind === "read" && value.type === "data" ? convert("acc", value) : value;
const narrow = (value: NestExpr, to: Exclude<Scalar, "bool">): NestExpr =>
  to === "f16" ? { kind: "cast", to, arg: value } : value;

function findSources(kernel: Kernel, buffers: readonly PlanBuffer[]): ReadonlyMap<string, Source> {
  const dtypeOf = (name: string) => buffers.find((b) => b.name === name)?.dtype ?? "f32";
  const sources = new Map<string, Source>();
  for (const t of kernel.tensors)
    sources.set(t.name, { buffer: () => t.name, dtype: dtypeOf(t.name), axes: [], extents: [] });
  for (const stage of kernel.stages) {
    const parts = stage.kind === "gather" ? stage.parts.length : stage.values.length;
    const buffer = (part: number) => (parts === 1 ? stage.name : `${stage.name}_${part}`);
    const shape = stage.kind === "gather" ? stage.domain : stage.shape;
    sources.set(stage.name, {
      buffer,
      dtype: dtypeOf(buffer(0)),
      axes: shape.map((l) => l.axis),
      extents: extents(shape),
    });
  }
  return sources;
}

function* reservedNames(kernel: Kernel, buffers: readonly PlanBuffer[]): Generator<string> {
  for (const b of buffers) yield b.name;
  for (const t of kernel.tensors) {
    yield t.name;
    yield* t.dims.flat();
  }
  for (const a of kernel.axes) yield a.axis;
  for (const a of kernel.attrs) {
    if (isOption(a)) yield a.name.toUpperCase();
    for (const scalar of scalarsOf(a)) yield scalar.name.replaceAll(".", "_");
  }
}

/** The buffers a body touches, in the plan's order, with how. */
function usedBuffers(body: readonly Stmt[], buffers: readonly PlanBuffer[]): readonly BufferDecl[] {
  const read = new Set<string>();
  const written = new Set<string>();
  const look = (e: NestExpr): void => {
    if (e.kind === "load") read.add(e.buffer);
    operandsOf(e).forEach(look);
  };
  eachStatement(body, (s) => {
    exprsOf(s).forEach(look);
    if (s.kind === "store" || s.kind === "accumulate") written.add(s.buffer);
    if (s.kind === "accumulate") read.add(s.buffer);
  });
  return buffers
    .filter((b) => read.has(b.name) || written.has(b.name))
    .map(({ name, place, dtype, shape, strides }) => ({
      name,
      place,
      dtype,
      access: !written.has(name) ? "read" : read.has(name) ? "update" : "write",
      shape,
      strides,
    }));
}
