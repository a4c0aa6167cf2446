// Every scalar operation as a gpu.js kernel over awkward values, made of nests by hand.

import { rulesOf } from "../../generators/check/rules.ts";
import { frameUnit, printUnit } from "../../generators/emit/unit.ts";
import type { Nest, NestExpr, NestOp } from "../../generators/ir/nest.ts";
import { type OpName, ops } from "../../generators/ir/ops.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import type { Job, Program } from "../../targets/contract/program.ts";
import { gpujs } from "../../targets/gpujs/target.ts";
import { buffer, letBe, load, loop, op, planOf, store, v, when } from "./nest.fixtures.ts";

/** An operation on operands of one type: its kernel, its operands, and what it must give. */
export interface OperationCase {
  readonly name: string;
  readonly program: Program;
  readonly job: Job;
  readonly expected: Float32Array;
  /** How far a result may be from what is expected. */
  readonly bound: (expected: number, i: number) => number;
}

type Name = Exclude<OpName, "owner" | "member">;
type Operands = "i32" | "f32" | "bool";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const reals = [
  0,
  -0,
  0.5,
  -0.5,
  1.5,
  -1.5,
  2.5,
  -2.5,
  0.49999997,
  -0.49999997,
  1,
  -1,
  3,
  7,
  1e-30,
  2.9999998,
  -3.0000002,
  16777215,
  -16777215,
  8388608.5,
  2147483520,
  2147483648,
  -2147483648,
  3e9,
  -3e9,
  1e30,
  -1e30,
  inf,
  -inf,
  nan,
];
const finite = reals.filter(Number.isFinite);
const wholes = [
  0, 1, -1, 2, -2, 3, 7, -7, 12, 13, -13, 255, -256, 4095, -4096, 65535, 4194303, -4194303,
];
const positive = [1, 2, 3, 5, 7, 10, 13, 255, 4096, 4194301];

/** The values an operation is defined on, as the table says. */
function operandsOf(name: Name, of: Operands): readonly (readonly number[])[] {
  if (of === "bool")
    return [
      [0, 1],
      [0, 1],
    ];
  if (name === "idiv" || name === "mod") return [wholes, positive];
  if (of === "i32") return [wholes, wholes];
  if (name === "sqrt") return [reals.filter((x) => x >= 0 && x < inf)];
  if (name === "log") return [reals.filter((x) => x > 0 && x < inf)];
  if (name === "exp") return [finite.filter((x) => Math.abs(x) < 80)];
  if (name === "sin" || name === "cos") return [finite.filter((x) => Math.abs(x) <= Math.PI)];
  if (name === "tanh") return [finite];
  // What overflows is not stated: a target may flush or saturate, and positions are guarded before.
  if (name === "div")
    return [finite, finite.filter((x) => Math.abs(x) >= 0.25 && Math.abs(x) < 1e9)];
  return [reals, reals];
}

const typesOf: Readonly<Record<(typeof ops)[Name]["takes"], readonly Operands[]>> = {
  same: ["i32", "f32"],
  real: ["f32"],
  int: ["i32"],
  toInt: ["f32"],
  compare: ["i32", "f32"],
  logic: ["bool"],
};

const approximate = { div: 1, sqrt: 1, exp: 1, log: 1, sin: 1, cos: 1, tanh: 1 } as const;
const isApproximate = (name: Name): name is keyof typeof approximate => name in approximate;

/** Reads element i as a value of the type that the operation takes. */
function operand(name: string, of: Operands): NestExpr {
  const x = load(name, v("i"));
  if (of === "f32") return x;
  return of === "i32"
    ? ({ ...op("floor", x), type: "i32" } as NestExpr)
    : op("lt", { kind: "const", type: "f32", value: 0.5 }, x);
}

function nestOf(name: Name, of: Operands): Nest {
  const operands = (ops[name].arity === 1 ? ["a"] : ["a", "b"]).map((b) => operand(b, of));
  const result: NestExpr = { ...op(name as NestOp, ...operands) } as NestExpr;
  const { takes } = ops[name];
  const type = takes === "toInt" ? "i32" : takes === "compare" || takes === "logic" ? "bool" : of;
  const typed = { ...result, type } as NestExpr;
  const value = letBe("value", typed);
  const stored: NestExpr =
    type === "f32" ? v("value", "f32") : { kind: "cast", to: "f32", arg: v("value", type) };
  return {
    name: `${name}_${of}`,
    scalars: [{ name: "n", type: "i32" }],
    constants: [],
    buffers: [
      buffer("a", "global", "read", v("n")),
      buffer("b", "global", "read", v("n")),
      buffer("y", "global", "write", v("n")),
    ],
    group: 1,
    body: [
      loop("grid", "g", v("n"), [
        loop("group", "t", 1, [
          letBe(
            "i",
            op("add", op("mul", v("g"), { kind: "const", type: "i32", value: 1 }), v("t")),
          ),
          when(op("lt", v("i"), v("n")), [value, store("y", v("i"), stored)]),
        ]),
      ]),
    ],
  };
}

function planFor(nest: Nest): Plan {
  const plan = planOf(nest, v("n"), { name: nest.name });
  return { ...plan, buffers: plan.buffers.map((b) => ({ ...b, axes: [["n"]] })) };
}

/** Plans made by hand as programs of one module. */
export function describePrograms(plans: readonly Plan[]): readonly Program[] {
  const signature = {
    operator: "small",
    doc: "Made by hand.",
    tensors: [],
    attrs: [],
    indices: [],
    outputs: [],
    batches: [],
    variants: [],
  };
  const unit = {
    operator: "small",
    role: "forward",
    signature,
    kernels: [],
    source: "a test",
    schedule: "by hand",
    plans,
  };
  const printed = printUnit(unit, gpujs);
  const source = [...frameUnit(printed, gpujs).values()][0]!;
  return printed.plans.map(({ entry }) => ({ entry, source }));
}

/** Every operation of the table on every type it takes. */
export function operationCases(): readonly OperationCase[] {
  const names = (Object.keys(ops) as OpName[]).filter(
    (n): n is Name => n !== "owner" && n !== "member",
  );
  const all = names.flatMap((name) => typesOf[ops[name].takes].map((of) => ({ name, of })));
  const programs = describePrograms(all.map(({ name, of }) => planFor(nestOf(name, of))));
  return all.map(({ name, of }, k) => {
    const [left = [], right = [0]] = operandsOf(name, of);
    const rights = ops[name].arity === 1 ? [0] : right;
    const pairs = left.flatMap((a) => rights.map((b) => [Math.fround(a), Math.fround(b)] as const));
    const a = Float32Array.from(pairs, ([x]) => x);
    const b = Float32Array.from(pairs, ([, y]) => y);
    const compute = ops[name].value as (...x: readonly number[]) => number;
    const expected = Float32Array.from(pairs, ([x, y]) => compute(x, y));
    return {
      name: `${name} of ${of}`,
      program: programs[k]!,
      job: { inputs: { a, b }, scalars: { n: pairs.length } },
      expected,
      bound: (value, i) => (isApproximate(name) ? rulesOf.gpujs.errors[name](value, a[i]!) : 0),
    };
  });
}

/** Where a result is not what it must be, as text. */
export function differences(
  { expected, bound, job }: OperationCase,
  found: ArrayLike<number>,
): readonly string[] {
  return [...expected].flatMap((value, i) => {
    const got = found[i]!;
    if (
      got === value ||
      (Number.isNaN(got) && Number.isNaN(value)) ||
      Math.abs(got - value) <= bound(value, i)
    )
      return [];
    return [`(${job.inputs.a![i]}, ${job.inputs.b![i]}) gives ${got}, not ${value}`];
  });
}
