// Structural hashes: what a kernel or plan computes, whatever its author called things. Bound
// loops, inner stages and variables count by place, not by name; constants count bit by bit.

import { createHash } from "node:crypto";
import { type Expr, type Loop, type Reduce, unreachable } from "./expr.ts";
import { isOption, type Kernel, optionValues, type Stage } from "./kernel.ts";
import type { Block, BufferDecl, Nest, NestExpr, Stmt, Width } from "./nest.ts";
import type { Plan } from "./plan.ts";
import { freeLoops } from "./walk.ts";

/** The first 16 hex digits of the SHA-256 of a structure of strings and numbers. */
const digest = (of: unknown): string =>
  createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 16);

const bits = new DataView(new ArrayBuffer(8));
const exact = (value: number): string => {
  if (Number.isNaN(value)) return "nan";
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16);
};

/** The place of each loop that is bound around an expression. */
type Places = ReadonlyMap<Loop, number>;

/**
 * The hash of what `kernel` computes from its tensors, sizes, attributes and options. Names of
 * authors, loops and inner stages, levels, docs, defaults and sources are not part of it.
 */
export function hashKernel(kernel: Kernel): string {
  const given = kernel.tensors.filter((t) => !t.optional || kernel.present.includes(t.name));
  const stages = new Map<string, string>();
  const hasher = makeHasher((name) => stages.get(name) ?? name);
  const outside: Places = new Map();
  const parts: unknown[] = [
    given.map(({ name, dims, type }) => [name, dims, type]),
    kernel.attrs.map((a) => [a.name, a.type, isOption(a) ? optionValues(a) : []]),
    kernel.axes.map(({ axis, size }) => [axis, hasher(size, outside)]),
    kernel.demands.map(({ holds }) => hasher(holds, outside)),
    kernel.indices.map(({ tensor, column, axis }) => [tensor, column, axis]),
    kernel.bound ?? null,
  ];
  kernel.stages.forEach((stage, i) => {
    const output = kernel.outputs.indexOf(stage.name);
    parts.push(hashStage(stage, hasher), output);
    if (!given.some((t) => t.name === stage.name)) stages.set(stage.name, `stage ${i}`);
  });
  return digest([...parts, kernel.outputs]);
}

type Hasher = (e: Expr, places: Places) => string;

function hashStage(stage: Stage, hasher: Hasher): unknown {
  const bind = (loops: readonly Loop[]): Places => new Map(loops.map((l, d) => [l, d]));
  const ranges = (loops: readonly Loop[]) =>
    loops.map((l, d) => [l.lo, l.hi].map((e) => hasher(e, bind(loops.slice(0, d)))));
  const places = bind(stage.domain);
  const of = (e: Expr) => hasher(e, places);
  switch (stage.kind) {
    case "gather":
      return ["gather", ranges(stage.domain), stage.dims, stage.parts.map(of)];
    case "scatter":
      return [
        "scatter",
        ranges(stage.domain),
        ranges(stage.shape),
        stage.dims,
        [...stage.at, stage.when, ...stage.values].map(of),
      ];
    default:
      return unreachable(stage);
  }
}

/** Hashes expressions, each once for each way its free loops may be placed. */
function makeHasher(nameOf: (from: string) => string): Hasher {
  const known = new Map<Expr, Map<string, string>>();
  const hash: Hasher = (e, places) => {
    const key = [...freeLoops(e)].map((l) => places.get(l) ?? "free").join(",");
    const byPlaces = known.get(e) ?? new Map<string, string>();
    known.set(e, byPlaces);
    let result = byPlaces.get(key);
    if (result === undefined) {
      result = digest(describe(e, places));
      byPlaces.set(key, result);
    }
    return result;
  };
  const describe = (e: Expr, places: Places): unknown => {
    const all = (list: readonly Expr[]) => list.map((x) => hash(x, places));
    switch (e.kind) {
      case "const":
        return ["const", e.type, exact(e.value)];
      case "attr":
        return ["attr", e.name, e.type];
      case "option":
        return ["option", e.name];
      case "size":
        return ["size", e.axis];
      case "index": {
        const place = places.get(e.loop);
        if (place === undefined) throw new Error(`the index of ${e.loop.axis} is not bound`);
        return ["index", place];
      }
      case "read":
        return ["read", nameOf(e.from), e.type, e.axes, all(e.at), e.border, e.part];
      case "op":
        return ["op", e.op, all(e.args)];
      case "cast":
        return ["cast", e.to, all([e.arg])];
      case "select":
        return ["select", all([e.cond, e.then, e.else])];
      case "part":
        return ["part", e.part, describeReduce(e, e.of, places)];
      default:
        return unreachable(e);
    }
  };
  const describeReduce = (e: Expr, r: Reduce, places: Places): unknown => {
    // Loops inside are placed after the free ones, so that the hash does not depend on what is
    // around.
    const inner = new Map(places);
    let next = 1 + Math.max(-1, ...[...freeLoops(e)].map((l) => places.get(l) ?? -1));
    const ranges = r.over.map((l) => {
      const range = [hash(l.lo, inner), hash(l.hi, inner), l.cover];
      inner.set(l, next++);
      return range;
    });
    const from = r.from.map((x) => hash(x, places));
    return [r.op, ranges, r.bodies.map((x) => hash(x, inner)), from];
  };
  return hash;
}

/** The hash of a plan: its interface by name, everything inside its nests by place. */
export function hashPlan(plan: Plan): string {
  const local = new Map(
    plan.buffers.filter((b) => b.role === "workspace").map((b, i) => [b.name, `workspace ${i}`]),
  );
  const numbers = new Map<string, string>();
  const expr = (e: NestExpr) => describeExpr(e, numbers, local);
  return digest([
    plan.scalars.map(({ name, type, from }) => [name, type, from]),
    plan.options.map(({ name, constant, values }) => [name, constant, values]),
    plan.buffers.map((b) => [describeBuffer(b, expr, local), b.role, b.axes]),
    plan.sizes.map(({ axis, is }) => [axis, expr(is)]),
    [plan.accumulate ?? null, (plan.bounds ?? []).map(expr)],
    plan.steps.map((step) =>
      step.kind === "fill"
        ? [
            "fill",
            local.get(step.buffer) ?? step.buffer,
            exact(step.value),
            ...(step.unless ? [step.unless] : []),
          ]
        : [
            "launch",
            describeNest(step.nest, local),
            expr(step.groups),
            ...(step.repeat === undefined ? [] : [step.repeat]),
          ],
    ),
    ...(plan.repeats ?? []).map(({ times, numbers: own }) => [
      expr(times),
      own.map(({ name, is }) => [name, expr(is)]),
    ]),
  ]);
}

/** The hash of a nest, whatever its variables and its shared and register buffers are called. */
export const hashNest = (nest: Nest): string => digest(describeNest(nest, new Map()));

type Renamed = ReadonlyMap<string, string>;

function describeNest(nest: Nest, workspaces: Renamed): unknown {
  const buffers = new Map(workspaces);
  nest.buffers.forEach((b, i) => {
    if (b.place !== "global") buffers.set(b.name, `${b.place} ${i}`);
  });
  const none = new Map<string, string>();
  return [
    [...nest.scalars].map(({ name, type }) => [name, type]),
    [...nest.constants].map(({ name, type }) => [name, type]),
    nest.buffers.map((b) => describeBuffer(b, (e) => describeExpr(e, none, buffers), buffers)),
    nest.group,
    describeBlock(nest.body, none, buffers, counter()),
  ];
}

/** Gives a new name for a variable each time. */
const counter = (): (() => string) => {
  let count = 0;
  return () => `#${count++}`;
};

const describeBuffer = (
  b: BufferDecl,
  expr: (e: NestExpr) => unknown,
  buffers: Renamed,
): unknown => [
  buffers.get(b.name) ?? b.name,
  b.place,
  b.dtype,
  b.access,
  b.shape.map(expr),
  b.strides.map(expr),
  ...(b.perWorker ? ["of each worker"] : []),
];

/** What a hash says of lanes: nothing where there is one, as before there were more. */
const describeLanes = (lanes: Width = 1): readonly Width[] => (lanes === 1 ? [] : [lanes]);

function describeExpr(e: NestExpr, variables: Renamed, buffers: Renamed): unknown {
  const go = (x: NestExpr) => describeExpr(x, variables, buffers);
  switch (e.kind) {
    case "const":
      return ["const", e.type, exact(e.value)];
    case "var":
      return ["var", variables.get(e.name) ?? e.name, e.type, ...describeLanes(e.lanes)];
    case "load":
      return ["load", buffers.get(e.buffer) ?? e.buffer, go(e.address), e.type, e.width];
    case "op":
      return ["op", e.op, e.args.map(go), e.type];
    case "cast":
      return ["cast", e.to, go(e.arg)];
    case "lane":
      return ["lane", go(e.of), e.lane];
    case "select":
      return ["select", go(e.cond), go(e.then), go(e.else)];
    default:
      return unreachable(e);
  }
}

/** Variables are numbered in the order in which they are bound. */
function describeBlock(
  block: Block,
  around: Renamed,
  buffers: Renamed,
  fresh: () => string,
): unknown {
  const variables = new Map(around);
  const describe = (s: Stmt): unknown => {
    const expr = (e: NestExpr) => describeExpr(e, variables, buffers);
    const target = (name: string) => buffers.get(name) ?? name;
    switch (s.kind) {
      case "for": {
        const inside = new Map(variables);
        inside.set(s.variable, fresh());
        const body = describeBlock(s.body, inside, buffers, fresh);
        return ["for", s.by, expr(s.lo), expr(s.hi), body, ...(s.product ? ["by the warp"] : [])];
      }
      case "if": {
        const [then, otherwise] = [s.then, s.else].map((b) =>
          describeBlock(b, variables, buffers, fresh),
        );
        return ["if", expr(s.cond), then, otherwise];
      }
      case "let":
      case "local": {
        const value = expr(s.kind === "let" ? s.value : s.init);
        variables.set(s.name, fresh());
        return [s.kind, s.type, value, ...describeLanes(s.lanes)];
      }
      case "set":
        return ["set", variables.get(s.name) ?? s.name, expr(s.value), ...describeLanes(s.lanes)];
      case "store":
        return ["store", target(s.buffer), expr(s.address), expr(s.value), s.width];
      case "accumulate":
        return ["accumulate", target(s.buffer), expr(s.address), expr(s.value), s.mode];
      case "barrier":
        return ["barrier"];
      default:
        return unreachable(s);
    }
  };
  return block.map(describe);
}
