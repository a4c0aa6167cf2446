// Structural hashes of plans and nests: what they compute, whatever variables and inner buffers are called;
// those count by place.

import { unreachable } from "./expr.ts";
import { digest, exact } from "./hash.ts";
import type { Block, BufferDecl, Nest, NestExpr, Stmt, Width } from "./nest.ts";
import type { Plan } from "./plan.ts";

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
