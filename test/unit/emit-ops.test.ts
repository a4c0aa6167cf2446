// Every scalar operation on every target, over awkward values, against the table of operations.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { behaviours, rounded } from "../../generators/check/error.ts";
import { type Rules, rulesOf } from "../../generators/check/rules.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { NestExpr, PlainOp } from "../../generators/ir/nest.ts";
import { ops } from "../../generators/ir/ops.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { targets } from "../../targets/registry.ts";
import { openWasmInNode } from "../../targets/wasm/machine.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { applied, pointwise, programOf } from "./emit.fixtures.ts";
import { f32 } from "./nest.fixtures.ts";

const openers: Readonly<Record<string, () => Promise<Executor | Unavailable>>> = {
  js: async () => openJs(),
  wgsl: () => openWgsl({ adapter: "software" }),
  cuda: () => openCuda({ build: "simulation" }),
  wasm: () => openWasmInNode(),
};

const half = [0.5, 1.5, 2.5, 0.49999997, 8388607.5];
const big = [2147483520, 2147483648, 3e9, 1e30];
const positive = [0, 1, 2, 3.25, 1e-3, 7.75, ...half, ...big];
const reals = [...positive, ...positive.map((x) => -x)];
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const ints = [0, 1, 2, 3, 7, 46340, 2147483647, -1, -2, -3, -7, -46340, -2147483647];

type Name = Exclude<keyof typeof ops, "owner" | "member">;

const plain = {
  quot: { arity: 2, takes: "int", value: (a: number, b: number) => Math.trunc(a / b) },
  rem: { arity: 2, takes: "int", value: (a: number, b: number) => a % b },
} as const;

interface Row {
  readonly op: PlainOp;
  readonly of: "f32" | "i32";
  readonly arity: number;
  readonly result: "f32" | "i32" | "bool";
  readonly value: (...x: readonly number[]) => number;
}

const rows: readonly Row[] = [...(Object.keys(ops) as (keyof typeof ops)[]), "quot", "rem"].flatMap(
  (op): readonly Row[] => {
    if (op === "owner" || op === "member") return [];
    const { arity, takes, value } =
      op === "quot" || op === "rem" ? plain[op as "quot"] : ops[op as Name];
    if (takes === "logic") return [];
    const kinds: readonly ("f32" | "i32")[] =
      takes === "int"
        ? ["i32"]
        : takes === "same" || takes === "compare"
          ? ["f32", "i32"]
          : ["f32"];
    return kinds.map((of) => ({
      op: op as PlainOp,
      of,
      arity,
      result: takes === "toInt" ? "i32" : takes === "compare" ? "bool" : of,
      value: value as Row["value"],
    }));
  },
);

/** Values an operation is defined for. */
function inDomain({ op, of, value }: Row, x: readonly number[]): boolean {
  const [a = 0, b = 0] = x;
  if (op === "sqrt") return !(a < 0);
  if (op === "log") return a > 0 && a < 1e10;
  if (op === "exp") return Math.abs(a) < 50;
  if (op === "sin" || op === "cos") return Math.abs(a) <= Math.PI;
  if (op === "idiv" || op === "mod") return b > 0;
  if (op === "quot" || op === "rem") return a >= 0 && b > 0;
  if (of === "i32") return Math.abs(value(...x)) <= 2147483647;
  if (op === "div") return b !== 0 && Math.abs(b) < 1e20 && Math.abs(b) > 1e-20;
  return true;
}

/** How far a result that is `want` for an operand `x` may be off, by the rules of the target. */
function limitOf({ op, of }: Row, want: number, x: number, rules: Rules): number {
  if (of === "i32" || op === "quot" || op === "rem") return 0;
  const behaviour = behaviours[op];
  return behaviour.kind === "smooth" ? rounded(want, 0, behaviour.rounds, rules, x) : 0;
}

function operandsOf(row: Row, special: readonly number[]): readonly (readonly number[])[] {
  const values = row.of === "i32" ? ints : [...reals, ...special];
  const pairs =
    row.arity === 1 ? values.map((a) => [a]) : values.flatMap((a) => values.map((b) => [a, b]));
  return pairs.filter((x) =>
    inDomain(
      row,
      x.map((y) => (row.of === "f32" ? Math.fround(y) : y)),
    ),
  );
}

function same(row: Row, got: number, want: number, x: number, rules: Rules): boolean {
  if (row.result !== "f32") return Object.is(got, want + 0);
  if (Number.isNaN(want)) return Number.isNaN(got);
  return got === want || Math.abs(got - want) <= limitOf(row, want, x, rules);
}

const asNumber = (e: NestExpr): NestExpr =>
  e.kind === "op" && e.type === "bool"
    ? { kind: "select", cond: e, then: f32(1), else: f32(0) }
    : e;

async function runRow(
  row: Row,
  operands: readonly (readonly number[])[],
  target: Target,
  executor: Executor,
): Promise<readonly number[]> {
  const inputs = ["a", "b"].slice(0, row.arity);
  const dtype = row.result === "i32" ? "i32" : "f32";
  const value = asNumber(applied(row.op, row.of, row.arity));
  const typed = row.result !== "bool" && value.kind === "op" ? { ...value, type: dtype } : value;
  const plan = pointwise(
    `op_${row.op}_${row.of}`,
    Object.fromEntries(inputs.map((input) => [input, row.of])),
    { out: { dtype, value: typed as NestExpr } },
    target.capabilities.groups,
  );
  const array = row.of === "f32" ? Float32Array : Int32Array;
  const arrays = inputs.map((input, d) => [input, array.from(operands.map((x) => x[d]!))]);
  const job = { inputs: Object.fromEntries(arrays), scalars: { N: operands.length } };
  return [...((await executor.run(programOf(plan, target), job)).out ?? [])];
}

/** The operands for which a target gives something else than the table says, in words. */
async function findWrong(row: Row, target: Target, executor: Executor): Promise<readonly string[]> {
  // WGSL may assume that there is no NaN and no infinity.
  const operands = operandsOf(row, target.name === "wgsl" ? [] : odd);
  expect(operands.length).toBeGreaterThan(5);
  const got = await runRow(row, operands, target, executor);
  const rules: Rules | undefined = (rulesOf as Readonly<Record<string, Rules>>)[target.name];
  if (!rules) throw new Error(`nothing is known of the arithmetic of ${target.name}`);
  return operands.flatMap((operand, i) => {
    const x = row.of === "f32" ? operand.map((y) => Math.fround(y)) : operand;
    const want = row.value(...x);
    const beyond = row.result === "f32" && Math.abs(want) > 3.4e38;
    return beyond || same(row, got[i]!, want, x[0]!, rules)
      ? []
      : [`${row.op}(${x}) = ${got[i]}, not ${want}`];
  });
}

/** For each operation another that a misprint might put in its place. */
const mistakes: Readonly<Partial<Record<PlainOp, PlainOp>>> = {
  add: "sub",
  sub: "add",
  mul: "add",
  div: "mul",
  idiv: "quot",
  mod: "quot",
  quot: "rem",
  rem: "quot",
  minimum: "maximum",
  maximum: "minimum",
  neg: "abs",
  abs: "neg",
  floor: "ceil",
  ceil: "round",
  round: "floor",
  floorf: "ceilf",
  ceilf: "roundf",
  roundf: "rintf",
  rintf: "roundf",
  sqrt: "exp",
  exp: "log",
  log: "sqrt",
  sin: "cos",
  cos: "tanh",
  tanh: "sin",
  lt: "le",
  le: "lt",
  eq: "le",
};

const tested = targets.filter((t) => openers[t.name]).map((t) => [t.name, t] as const);

describe.each(tested)("%s", (name, target) => {
  let executor: Executor | Unavailable;
  beforeAll(async () => {
    executor = await openers[name]!();
    if ("unavailable" in executor) console.warn(`skipped: ${name}: ${executor.unavailable}`);
  }, 60_000);
  afterAll(async () => {
    if (!("unavailable" in executor)) await executor.close();
  });

  const cases = rows.map((row) => [`${row.op} of ${row.of}`, row] as const);
  test.for(cases)("%s", async ([, row], { skip }) => {
    if ("unavailable" in executor) return skip(executor.unavailable);
    expect(await findWrong(row, target, executor)).toEqual([]);
  });

  // CUDA compiles each wrong text for a second, and does not survive wrong addresses: one is enough.
  const wrongCases = cases.filter(([, { op }]) => name !== "cuda" || op === "floor");
  test.for(wrongCases)("a misspelt %s is found", async ([, row], { skip }) => {
    if ("unavailable" in executor) return skip(executor.unavailable);
    const other = mistakes[row.op];
    if (!other) throw new Error(`no mistake is known for ${row.op}`);
    const wrong = { ...target, spell: { ...target.spell, [row.op]: target.spell[other] } };
    expect(await findWrong(row, wrong, executor)).not.toEqual([]);
  });
});
