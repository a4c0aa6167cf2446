// One group for each element: its threads walk the element's sum in turns and add up in shared memory.

import { make, partOf } from "../ir/build.ts";
import { type Expr, index, type Reduce } from "../ir/expr.ts";
import { type BufferDecl, i32, type NestExpr, type Stmt, typeOf, variable } from "../ir/nest.ts";
import { elementsOf } from "./domain.ts";
import { loopName } from "./names.ts";
import { innerScope, type Scope } from "./scope.ts";
import { elementCount, loopOf, type Site, splitIndex } from "./site.ts";
import { storeStep } from "./store.ts";
import { soleReduction } from "./transforms/lanes.ts";

const op = (
  name: "add" | "sub" | "mul" | "quot" | "rem",
  a: NestExpr,
  b: NestExpr,
  type = typeOf(a),
): NestExpr => ({ kind: "op", op: name, args: [a, b], type });
const less = (a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op: "lt",
  args: [a, b],
  type: "bool",
});

export function shareSum(site: Site, root: Scope, lanes: number) {
  const { names, placer, domain } = site;
  const of = soleReduction(site.stages[0]!);
  if (typeof of === "string") throw new Error(of);
  const [group, thread] = [names.fresh("group"), names.fresh("thread")];
  const total = elementCount(site, root);
  const element = innerScope(root, domain);
  splitIndex(site, element, variable(group));

  const partials = walkInTurns(site, element, of, variable(thread), lanes);
  const first = innerScope(element, "guarded");
  for (const [i, partial] of partials.entries()) {
    const sum = read(partial, i32(0));
    const from = placer.lower(of.from[i]!, element);
    first.values.set(partOf(of, i), isZero(from) ? sum : op("add", from, sum));
  }
  storeStep(site, elementsOf(site.walk), first, variable(group));
  element.body.push({
    kind: "if",
    cond: { kind: "op", op: "eq", args: [variable(thread), i32(0)], type: "bool" },
    then: first.body,
    else: [],
  });
  // The test is the same for all threads of a group, so the barriers inside are reached by all or none.
  const exists: Stmt = {
    kind: "if",
    cond: less(variable(group), total),
    then: element.body,
    else: [],
  };
  return {
    body: [
      ...root.body,
      loopOf(group, i32(0), total, "grid", [loopOf(thread, i32(0), i32(lanes), "group", [exists])]),
    ],
    shared: partials,
    group: lanes,
  };
}

const isZero = (e: NestExpr): boolean => e.kind === "const" && e.value === 0;

const read = (buffer: BufferDecl, address: NestExpr): NestExpr => ({
  kind: "load",
  buffer: buffer.name,
  address,
  type: buffer.dtype,
  width: 1,
});

/** Each thread sums every `lanes`-th step; halves are then added until element 0 holds the sum. */
function walkInTurns(
  { placer, names }: Site,
  scope: Scope,
  of: Reduce,
  thread: NestExpr,
  lanes: number,
): readonly BufferDecl[] {
  const extents = of.over.map((l) => placer.lower(make("sub", l.hi, l.lo), scope));
  const count = extents.reduce((a, b) => op("mul", a, b));
  const turns = op("quot", op("sub", op("add", count, i32(lanes - 1)), thread), i32(lanes));
  const accumulators = of.bodies.map((): NestExpr & { kind: "var" } => {
    const name = names.fresh("sum");
    scope.body.push({
      kind: "local",
      name,
      type: "f32",
      init: { kind: "const", type: "f32", value: 0 },
    });
    return { kind: "var", name, type: "f32" };
  });

  const turn = names.fresh("turn");
  const inner = innerScope(scope, of.over);
  let rest = placer.declare(
    inner,
    "step",
    op("add", op("mul", variable(turn), i32(lanes)), thread),
  );
  for (const [d, l] of [...of.over.entries()].toReversed()) {
    const lo = placer.lower(l.lo, scope);
    const offset = d === 0 ? rest : op("rem", rest, extents[d]!);
    const hint = loopName(names, l);
    const value = isZero(lo) ? offset : op("add", lo, offset);
    inner.values.set(index(l), placer.declare(inner, hint, value));
    if (d > 0) rest = placer.declare(inner, "rest", op("quot", rest, extents[d]!));
  }
  const bodies = of.bodies.map((body: Expr) => placer.lower(body, inner));
  for (const [i, to] of accumulators.entries())
    inner.body.push({ kind: "set", name: to.name, value: op("add", to, bodies[i]!) });
  scope.body.push(loopOf(turn, i32(0), turns, "serial", inner.body));

  const partials = accumulators.map((from): BufferDecl => {
    const name = names.fresh("partial");
    scope.body.push({ kind: "store", buffer: name, address: thread, value: from, width: 1 });
    return {
      name,
      place: "shared",
      dtype: "f32",
      access: "update",
      shape: [i32(lanes)],
      strides: [i32(1)],
    };
  });
  scope.body.push({ kind: "barrier" });
  for (let half = lanes / 2; half >= 1; half /= 2) {
    const add = partials.map((partial): Stmt => {
      const other = read(partial, op("add", thread, i32(half)));
      const value = op("add", read(partial, thread), other);
      return { kind: "store", buffer: partial.name, address: thread, value, width: 1 };
    });
    scope.body.push({ kind: "if", cond: less(thread, i32(half)), then: add, else: [] });
    scope.body.push({ kind: "barrier" });
  }
  return partials;
}
