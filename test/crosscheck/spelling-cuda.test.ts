// Spellings of the CUDA record on its executor: one kernel applies all operations, once spelt right and once
// with every row wrong, so that two compilations judge all of them.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behaviours, rounded } from "../../generators/check/error.ts";
import { mistakes } from "../../generators/check/mutate.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { NestExpr, NestOp, PlainOp } from "../../generators/ir/nest.ts";
import { type OpName, ops } from "../../generators/ir/ops.ts";
import type { Executor } from "../../targets/contract/program.ts";
import { cuda } from "../../targets/cuda/target.ts";
import { applied, pointwise, programOf } from "../unit/emit.fixtures.ts";
import { f32, load, v } from "../unit/nest.fixtures.ts";
import { waysOf } from "./targets.fixtures.ts";

type Value = (...x: readonly number[]) => number;

/** Rows that print addresses and guards too: spelt wrong they crash, so their functions are compared below. */
const inAddresses: readonly OpName[] = ["add", "mul", "lt"];
/** Rows of indices, which the printer rewrites, and `not`, which nothing is mistaken for. */
const elsewhere: readonly OpName[] = ["owner", "member", "not", "and", "or"];

const isInteger = (name: OpName): boolean => ops[name].takes === "int";
const tested = (Object.keys(ops) as OpName[]).filter(
  (name) => !inAddresses.includes(name) && !elsewhere.includes(name),
);

const numbers = [0, 1, 2, 3.25, 0.5, 1.5, 2.5, 0.49999997, 7.75, 20, 3e9, Number.NaN];
const reals = numbers.flatMap((a) =>
  numbers.flatMap((b) => [
    [a, b],
    [-a, b],
    [a, -b],
    [-a, -b],
  ]),
);
const whole = [0, 1, 2, 3, 7, 46340];
const ints = whole.flatMap((a) =>
  whole
    .filter((b) => b > 0)
    .flatMap((b) => [
      [a, b],
      [-a, b],
    ]),
);
const count = Math.max(reals.length, ints.length);
const at = (pairs: readonly (readonly number[])[], i: number) => pairs[i % pairs.length]!;

/** Where an operation is defined and its error bounded. */
function inDomain(name: OpName, [a = 0, b = 0]: readonly number[]): boolean {
  if (name === "sqrt") return !(a < 0);
  if (name === "log") return a > 0;
  if (name === "exp") return Math.abs(a) < 50;
  if (name === "sin" || name === "cos") return Math.abs(a) <= Math.PI;
  if (name === "div") return b !== 0;
  return true;
}

function expressionOf(name: OpName): { readonly dtype: "f32" | "i32"; readonly value: NestExpr } {
  const { arity, takes } = ops[name];
  const dtype = takes === "int" || takes === "toInt" ? "i32" : "f32";
  const of = isInteger(name) ? "i32" : "f32";
  const names = of === "i32" ? ["p", "q"] : ["a", "b"];
  const value = applied(name as NestOp, of, arity);
  if (value.kind !== "op") throw new Error(`${name} is not applied`);
  const args = names.slice(0, arity).map((input) => load(input, v("i"), of));
  if (takes === "compare")
    return {
      dtype,
      value: { kind: "select", cond: { ...value, args }, then: f32(1), else: f32(0) },
    };
  return { dtype, value: { ...value, args, type: dtype } };
}

const plan = pointwise(
  "spellings",
  { a: "f32", b: "f32", p: "i32", q: "i32" },
  Object.fromEntries(tested.map((name) => [`out_${name}`, expressionOf(name)])),
  true,
);
const column = (pairs: readonly (readonly number[])[], c: number) =>
  Array.from({ length: count }, (_, i) => at(pairs, i)[c]!);
const inputs = {
  a: Float32Array.from(column(reals, 0)),
  b: Float32Array.from(column(reals, 1)),
  p: Int32Array.from(column(ints, 0)),
  q: Int32Array.from(column(ints, 1)),
};

/** The operations whose results are not those of the table. */
async function findWrong(target: Target, executor: Executor): Promise<readonly string[]> {
  const outputs = await executor.run(programOf(plan, target), { inputs, scalars: { N: count } });
  return tested.filter((name) => {
    const value = ops[name].value as Value;
    const got = outputs[`out_${name}`]!;
    return Array.from(got).some((g, i) => {
      const x = isInteger(name) ? [inputs.p[i]!, inputs.q[i]!] : [inputs.a[i]!, inputs.b[i]!];
      if (!inDomain(name, x)) return false;
      const want = value(...x.slice(0, ops[name].arity));
      return !(g === want || (Number.isNaN(g) && Number.isNaN(want)) || isNear(name, g, want, x));
    });
  });
}

function isNear(name: OpName, got: number, want: number, [x]: readonly number[]): boolean {
  const behaviour = behaviours[name];
  if (behaviour.kind !== "smooth" || behaviour.rounds === "no") return false;
  return Math.abs(got - want) <= rounded(want, 0, behaviour.rounds, rulesOf.cuda, x!);
}

describe("the spellings of CUDA", () => {
  const [way] = waysOf(["cuda"]);
  let executor: Executor | string;
  beforeAll(async () => {
    executor = await way!.open();
  });
  afterAll(async () => {
    if (typeof executor === "object") await executor.close();
  });

  it("give what the table of operations says", async ({ skip }) => {
    if (typeof executor === "string") return skip(executor);
    expect(await findWrong(cuda, executor)).toEqual([]);
  });

  it("are all found where each is another operation's", async ({ skip }) => {
    if (typeof executor === "string") return skip(executor);
    const most = Math.max(...tested.map((name) => mistakes[name].length));
    for (let n = 0; n < most; n++) {
      const wrong = tested.filter((name) => mistakes[name][n] !== undefined);
      const rows = wrong.map((name) => [name, cuda.spell[mistakes[name][n] as PlainOp]]);
      const target = { ...cuda, spell: { ...cuda.spell, ...Object.fromEntries(rows) } };
      expect(await findWrong(target, executor)).toEqual(wrong);
    }
  });

  it("that addresses use differ from their mistakes on numbers that are tested", () => {
    for (const name of inAddresses)
      for (const other of mistakes[name]) {
        const [right, wrong] = [ops[name].value as Value, ops[other].value as Value];
        expect(reals.some((x) => !Object.is(right(...x), wrong(...x)))).toBe(true);
      }
  });
});
