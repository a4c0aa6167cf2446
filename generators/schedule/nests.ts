// One launch as one function: its domain's loops, bound as the draft says, around its elements' values.

import type { Loop } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import { hostExpr } from "../ir/host.ts";
import { isOption, type Kernel, partName, type Stage, scalarsOf, valuesOf } from "../ir/kernel.ts";
import {
  type AddMode,
  type BufferDecl,
  i32,
  type Nest,
  type NestExpr,
  type Parameter,
  type Stmt,
  variable,
} from "../ir/nest.ts";
import { expressionsOf, operandsOf, visitBlock } from "../ir/nestWalk.ts";
import type { PlanBuffer } from "../ir/plan.ts";
import { findContexts, rootContext } from "./contexts.ts";
import { tileContraction } from "./contract/group.ts";
import type { Pack } from "./contract/pack.ts";
import type { Placed } from "./contract/place.ts";
import { type Contraction, valuesIn } from "./contract/recognise.ts";
import { buildStrips } from "./contract/strips.ts";
import { buildSweeps } from "./contract/sweeps.ts";
import { elementsOf as elementsIn, loopsOf, type Walk } from "./domain.ts";
import type { Loops } from "./draft.ts";
import { createNames } from "./names.ts";
import { heldDims, onlyHeld } from "./panels.ts";
import { createPlacer } from "./place.ts";
import type { Source } from "./placing.ts";
import { nestRegions, rootsIn } from "./regions.ts";
import { renumber } from "./renumber.ts";
import { innerScope, rootScope, type Scope } from "./scope.ts";
import { shareSum } from "./share.ts";
import { elementCount, int32, loopOf, type Site, type Split, splitIndex } from "./site.ts";
import { isPart, shapeOf } from "./slabs.ts";
import { extents, storeStep, storeWalk } from "./store.ts";
import { tidy } from "./tidy.ts";
import { buildParallel } from "./workers.ts";

/** What one launch is to compute. */
export interface NestRequest {
  readonly kernel: Kernel;
  /** One gather, or scatters that share their domain and what they add to. */
  readonly stages: readonly Stage[];
  readonly walk: readonly Walk[];
  readonly buffers: readonly PlanBuffer[];
  readonly loops: Loops;
  /** The loops that run at the same time where there are threads. */
  readonly split: Split;
  readonly mode: AddMode;
  readonly name: string;
  /** The stage as a sum of products, where it is made tile by tile. */
  readonly contraction?: Contraction | undefined;
  /** The stage as a contraction in strips, where it is made so. */
  readonly placed?: Placed;
  /** The stage as a packed factor of one, where it is that. */
  readonly pack?: Pack;
  /** Innermost loops that run several steps at once, with how many. */
  readonly vectors: ReadonlyMap<Loop, number>;
  /** A name for a row of memory that nothing of the plan has yet. */
  readonly nameRow: (like: string) => string;
}

/** The loop nest of one launch, and the rows of memory that only it uses. */
export function buildNest(request: NestRequest): {
  readonly nest: Nest;
  readonly rows: readonly PlanBuffer[];
} {
  const { kernel, stages, walk, split, mode, buffers, loops, name, vectors, nameRow } = request;
  const [first] = stages;
  if (!first) throw new Error(`${name} has nothing to compute`);
  const bufferOf = (stage: Stage, part: number) =>
    buffers.find((b) => b.name === partName(stage.name, part, valuesOf(stage).length))!;
  const scalars = new Map<string, Parameter["type"]>();
  const constants = new Set<string>();
  const taken = [...reservedNames(kernel, buffers)];
  const names = createNames(kernel.names, kernel.attrs, taken);
  const root = rootScope();
  const context = rootContext();
  const region = nestRegions(
    stages.filter((stage) => stage.kind === "scatter"),
    context,
  );
  const { contraction, placed, pack } = request;
  const computed =
    (contraction && valuesIn(contraction)) ??
    placed?.values ??
    elementsIn([...(pack?.walk ?? []), ...walk]).flatMap(({ parts }) => parts);
  const elements = computed.map((e) => ({ e, context }));
  const placer = createPlacer({
    root,
    names,
    contexts: findContexts([...elements, ...rootsIn(region)], context),
    facts: factsOf(kernel),
    sources: findSources(kernel, buffers),
    beside: pack !== undefined,
    types: { int: "i32", coord: "f32", acc: "f32", bool: "bool" },
    onScalar: (scalar, type) => scalars.set(scalar, type),
    onConstant: (option) => constants.add(option.toUpperCase()),
  });
  const domain = loopsOf(walk);
  const rows: PlanBuffer[] = [];
  const newRow: Site["newRow"] = (loop, like, type) => {
    rows.push(rowOf(nameRow(like), loop, type, loops.by === "parallel" || loops.by === "strips"));
    return rows.at(-1)!.name;
  };
  const made = { placer, names, stages, region, walk, domain, split, mode, bufferOf };
  const site: Site = { ...made, vectors, newRow, ranges: new Map() };

  const built = build(site, root, request);
  const shared = built.shared.map((b) => b.name);
  const body = renumber(tidy(built.body, names.kept), names.baseOf, [...taken, ...shared]);
  const nest: Nest = {
    name,
    scalars: [...scalars].map(([scalar, type]) => ({ name: scalar, type })),
    constants: [...constants].map((constant) => ({ name: constant, type: "i32" })),
    buffers: [...usedBuffers(body, [...buffers, ...rows]), ...built.shared],
    group: built.group,
    body,
  };
  return { nest, rows };
}

/** A workspace with an element for each step of a loop. */
function rowOf(
  name: string,
  { hi }: Loop,
  dtype: PlanBuffer["dtype"],
  perWorker: boolean,
): PlanBuffer {
  return {
    name,
    place: "global",
    dtype,
    access: "update",
    shape: [hostExpr(hi)],
    strides: [i32(1)],
    role: "workspace",
    axes: [],
    ...(perWorker && { perWorker }),
  };
}

interface Built {
  readonly body: readonly Stmt[];
  readonly shared: readonly BufferDecl[];
  readonly group: number;
}

function build(site: Site, root: Scope, request: NestRequest): Built {
  const { loops, contraction, placed, pack } = request;
  switch (loops.by) {
    case "serial": {
      storeWalk(site, site.walk, root, undefined);
      return { body: root.body, shared: [], group: 1 };
    }
    case "parallel":
      return { ...buildParallel(site, root, pack), shared: [], group: 1 };
    case "threads":
      return buildThreads(site, root, loops.group);
    case "lanes":
      return shareSum(site, root, loops.lanes);
    case "tiles":
      if (!contraction) throw new Error("only a contraction is made tile by tile");
      return tileContraction(site, root, contraction, loops.tiles);
    case "strips":
      if (!placed) throw new Error("only a contraction is made in strips");
      return placed.blocked.by === "strips"
        ? buildStrips(site, root, placed.blocked, placed.scratch)
        : buildSweeps(site, root, placed.blocked, placed.scratch);
    default:
      return loops satisfies never;
  }
}

function buildThreads(site: Site, root: Scope, group: number): Built {
  const { names, placer } = site;
  const { flat, walked } = site.split;
  const place = names.fresh("index");
  names.keep(place);
  const total = elementCount(site, root);
  const inner = innerScope(root, flat);
  splitIndex(site, inner, variable(place));
  const { scope, close } = placer.openLoops(walked, inner);
  const elements = elementsIn(site.walk);
  storeStep(site, elements, scope, isInOrder(site) ? variable(place) : undefined);
  close();
  // A group of one thread needs neither a number of the thread nor a test for the last group.
  if (group === 1)
    return {
      body: [...root.body, loopOf(place, i32(0), total, "grid", inner.body)],
      shared: [],
      group,
    };
  const [block, thread] = [names.fresh("group"), names.fresh("thread")];
  const value = int32("add", int32("mul", variable(block), i32(group)), variable(thread));
  const cond: NestExpr = { kind: "op", op: "lt", args: [variable(place), total], type: "bool" };
  const body: Stmt[] = [
    { kind: "let", name: place, type: "i32", value },
    { kind: "if", cond, then: inner.body, else: [] },
  ];
  const groups = int32("quot", int32("add", total, i32(group - 1)), i32(group));
  return {
    body: [
      ...root.body,
      loopOf(block, i32(0), groups, "grid", [loopOf(thread, i32(0), i32(group), "group", body)]),
    ],
    shared: [],
    group,
  };
}

/** Do the steps of a walk follow the elements in memory, one by one? */
const isInOrder = ({ walk, stages }: Site): boolean =>
  !isPart(stages[0]!) && loopsOf(walk).every((l, d) => l === stages[0]!.domain[d]);

function findSources(kernel: Kernel, buffers: readonly PlanBuffer[]): ReadonlyMap<string, Source> {
  const dtypeOf = (name: string) => buffers.find((b) => b.name === name)?.dtype ?? "f32";
  const sources = new Map<string, Source>();
  for (const t of kernel.tensors)
    sources.set(t.name, {
      buffer: () => t.name,
      dtype: () => dtypeOf(t.name),
      axes: [],
      extents: [],
      held: [],
    });
  for (const stage of kernel.stages) {
    const buffer = (part: number) => partName(stage.name, part, valuesOf(stage).length);
    const held = heldDims(stage, shapeOf(stage));
    const shape = onlyHeld(shapeOf(stage), held);
    sources.set(stage.name, {
      buffer,
      dtype: (part) => dtypeOf(buffer(part)),
      axes: shape.map((l) => l.axis),
      extents: extents(shape),
      held,
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
  for (const { first, count, most, slabs } of kernel.slabs ?? [])
    yield* [first, count, most, slabs];
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
  visitBlock(body, (s) => {
    expressionsOf(s).forEach(look);
    if (s.kind === "store" || s.kind === "accumulate") written.add(s.buffer);
    if (s.kind === "accumulate") read.add(s.buffer);
  });
  return buffers
    .filter((b) => read.has(b.name) || written.has(b.name))
    .map(({ name, place, dtype, shape, strides, perWorker }) => ({
      name,
      place,
      dtype,
      access: !written.has(name) ? "read" : read.has(name) ? "update" : "write",
      shape,
      strides,
      ...(perWorker && { perWorker }),
    }));
}
