// Small nests and plans built by hand.

import {
  type AddMode,
  type Block,
  type BufferDecl,
  i32,
  type Nest,
  type NestExpr,
  type NestOp,
  type Scalar,
  type Stmt,
  typeOf,
  variable,
} from "../../generators/ir/nest.ts";
import type { Plan, PlanBuffer } from "../../generators/ir/plan.ts";

const tests: ReadonlySet<string> = new Set(["lt", "le", "eq"]);

/** An operation on operands of one type. */
export const op = (name: NestOp, ...args: readonly NestExpr[]): NestExpr => ({
  kind: "op",
  op: name,
  args,
  type: tests.has(name) ? "bool" : typeOf(args[0]!),
});
export const v = variable;
export const f32 = (value: number): NestExpr => ({ kind: "const", type: "f32", value });
export const load = (buffer: string, address: NestExpr, type: Scalar = "f32"): NestExpr => ({
  kind: "load",
  buffer,
  address,
  type,
  width: 1,
});
export const store = (buffer: string, address: NestExpr, value: NestExpr): Stmt => ({
  kind: "store",
  buffer,
  address,
  value,
  width: 1,
});
export const accumulate = (
  buffer: string,
  address: NestExpr,
  value: NestExpr,
  mode: AddMode,
): Stmt => ({ kind: "accumulate", buffer, address, value, mode });
export const loop = (
  by: Extract<Stmt, { kind: "for" }>["by"],
  name: string,
  hi: NestExpr | number,
  body: Block,
): Stmt => ({
  kind: "for",
  variable: name,
  lo: i32(0),
  hi: typeof hi === "number" ? i32(hi) : hi,
  by,
  body,
});
export const when = (cond: NestExpr, then: Block, otherwise: Block = []): Stmt => ({
  kind: "if",
  cond,
  then,
  else: otherwise,
});
export const letBe = (name: string, value: NestExpr): Stmt => ({
  kind: "let",
  name,
  type: typeOf(value),
  value,
});
export const local = (name: string, init: NestExpr): Stmt => ({
  kind: "local",
  name,
  type: typeOf(init),
  init,
});
export const set = (name: string, value: NestExpr): Stmt => ({ kind: "set", name, value });
export const barrier: Stmt = { kind: "barrier" };

export const buffer = (
  name: string,
  place: BufferDecl["place"],
  access: BufferDecl["access"],
  count: NestExpr | number,
): BufferDecl => ({
  name,
  place,
  dtype: "f32",
  access,
  shape: [typeof count === "number" ? i32(count) : count],
  strides: [i32(1)],
});

/** A plan of one launch over the global buffers of its nest: what is only read is an input. */
export function planOf(nest: Nest, groups: NestExpr | number, more: Partial<Plan> = {}): Plan {
  const buffers = nest.buffers
    .filter((b) => b.place === "global")
    .map((b): PlanBuffer => ({ ...b, role: b.access === "read" ? "input" : "output", axes: [] }));
  return {
    operator: "test",
    role: "forward",
    name: "test",
    present: [],
    scalars: nest.scalars.map((s) => ({ ...s, from: "size" })),
    options: [],
    buffers,
    sizes: [],
    steps: [{ kind: "launch", nest, groups: typeof groups === "number" ? i32(groups) : groups }],
    ...more,
  };
}

const ceilDiv = (a: NestExpr, by: number): NestExpr =>
  op("idiv", op("add", a, i32(by - 1)), i32(by));

/**
 * Sums of tiles of 4: each thread brings one element into shared memory, and after a barrier thread
 * 0 of the group adds them. `parts.barrier` false leaves the barrier out.
 */
export function tileSums(parts: { readonly barrier: boolean } = { barrier: true }): Plan {
  const n = v("N");
  const at = op("add", op("mul", v("g"), i32(4)), v("t"));
  const inside = op("lt", v("i"), n);
  const nest: Nest = {
    name: "tile_sums",
    scalars: [{ name: "N", type: "i32" }],
    constants: [],
    buffers: [
      buffer("a", "global", "read", n),
      buffer("out", "global", "write", ceilDiv(n, 4)),
      buffer("tile", "shared", "update", 4),
    ],
    group: 4,
    body: [
      loop("grid", "g", ceilDiv(n, 4), [
        loop("group", "t", 4, [
          letBe("i", at),
          when(inside, [store("tile", v("t"), load("a", v("i")))], [store("tile", v("t"), f32(0))]),
          ...(parts.barrier ? [barrier] : []),
          when(op("eq", v("t"), i32(0)), [
            local("total", f32(0)),
            loop("serial", "k", 4, [
              set("total", op("add", v("total", "f32"), load("tile", v("k")))),
            ]),
            store("out", v("g"), v("total", "f32")),
          ]),
        ]),
      ]),
    ],
  };
  return planOf(nest, ceilDiv(n, 4));
}
