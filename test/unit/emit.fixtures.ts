// Plans built by hand for the tests of emission, and the units that hold them.

import type { Target, Unit } from "../../generators/emit/target.ts";
import { frameUnit, printUnit } from "../../generators/emit/unit.ts";
import { i32, type Nest, type NestExpr, type NestOp } from "../../generators/ir/nest.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import type { Program } from "../../targets/contract/program.ts";
import type { Signature } from "../../targets/contract/signature.ts";
import { f32, letBe, load, local, loop, op, set, store, v, when } from "./nest.fixtures.ts";

const signature: Signature = {
  operator: "test",
  doc: "A test.",
  tensors: [],
  attrs: [],
  indices: [],
  outputs: [],
  batches: [],
  variants: [],
};

/** A unit without a declaration. */
export const unitOf = (...plans: readonly Plan[]): Unit => ({
  operator: plans[0]!.operator,
  role: "forward",
  signature,
  kernels: [],
  source: "test.ts:1",
  schedule: "by hand",
  plans,
});

/** The main file and the entries of a plan on a target. */
export function programOf(plan: Plan, target: Target): Program {
  const printed = printUnit(unitOf(plan), target);
  const files = frameUnit(printed, target);
  const source = files.get(`${target.name}/${plan.operator}.${target.extension}`);
  if (source === undefined) throw new Error(`no text for ${target.name}`);
  return { entry: printed.plans[0]!.entry, source };
}

const group = 32;

/** `element(i)` for each i below N, stored in `out`; threads on targets that have them. */
export function pointwise(
  name: string,
  inputs: Readonly<Record<string, "f32" | "i32">>,
  outputs: Readonly<Record<string, { readonly dtype: "f32" | "i32"; readonly value: NestExpr }>>,
  threads: boolean,
): Plan {
  const decl = (buffer: string, dtype: "f32" | "i32", access: "read" | "write") => ({
    name: buffer,
    place: "global" as const,
    dtype,
    access,
    shape: [v("N")],
    strides: [i32(1)],
  });
  const buffers = [
    ...Object.entries(inputs).map(([buffer, dtype]) => decl(buffer, dtype, "read")),
    ...Object.entries(outputs).map(([buffer, { dtype }]) => decl(buffer, dtype, "write")),
  ];
  const stores = Object.entries(outputs).map(([buffer, { value }]) => store(buffer, v("i"), value));
  const groups = op("quot", op("add", v("N"), i32(group - 1)), i32(group));
  const nest: Nest = {
    name,
    scalars: [{ name: "N", type: "i32" }],
    constants: [],
    buffers,
    group: threads ? group : 1,
    body: threads
      ? [
          loop("grid", "group", groups, [
            loop("group", "thread", group, [
              letBe("i", op("add", op("mul", v("group"), i32(group)), v("thread"))),
              when(op("lt", v("i"), v("N")), stores),
            ]),
          ]),
        ]
      : [loop("serial", "i", v("N"), stores)],
  };
  return {
    operator: name,
    role: "forward",
    name,
    present: [],
    scalars: [{ name: "N", type: "i32", from: "size" }],
    options: [],
    buffers: buffers.map((b) => ({
      ...b,
      role: b.access === "read" ? "input" : "output",
      axes: [["N"]],
    })),
    sizes: [],
    steps: [{ kind: "launch", nest, groups: threads ? groups : i32(1) }],
  };
}

/** A polynomial with a condition, a loop, a select and a variable: every kind of statement but few. */
export function everything(): Nest {
  const x = load("x", v("i"));
  return {
    name: "everything",
    scalars: [
      { name: "N", type: "i32" },
      { name: "scale", type: "f32" },
    ],
    constants: [{ name: "MODE", type: "i32" }],
    buffers: ["x", "y"].map((name) => ({
      name,
      place: "global",
      dtype: "f32",
      access: name === "x" ? "read" : "write",
      shape: [v("N")],
      strides: [i32(1)],
    })),
    group: 1,
    body: [
      loop("serial", "i", v("N"), [
        local("total", f32(0)),
        loop("serial", "k", op("mod", v("i"), i32(4)), [
          when(
            op("eq", v("k"), i32(2)),
            [set("total", op("sub", v("total", "f32"), x))],
            [set("total", op("add", v("total", "f32"), op("mul", x, v("scale", "f32"))))],
          ),
        ]),
        letBe("sign", {
          kind: "select",
          cond: op("and", op("lt", x, f32(0)), op("not", op("eq", v("MODE"), i32(1)))),
          then: f32(-1),
          else: f32(1),
        }),
        store("y", v("i"), op("mul", v("sign", "f32"), v("total", "f32"))),
      ]),
    ],
  };
}

/** An operation on loads of `a` and `b`, as many as it takes. */
export const applied = (name: NestOp, type: "f32" | "i32", arity: number): NestExpr =>
  op(name, ...["a", "b"].slice(0, arity).map((buffer) => load(buffer, v("i"), type)));
