// The judge allows whatever f32 arithmetic may give, and little more.

import { describe, expect, it } from "vitest";
import { compare } from "../../generators/check/compare.ts";
import { judge } from "../../generators/check/judge.ts";
import { type Rules, rulesOf } from "../../generators/check/rules.ts";
import { freshLoop, make, partOf, reduce, select } from "../../generators/ir/build.ts";
import { constant, type Expr, index, int, loop, read, size } from "../../generators/ir/expr.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Gather, Kernel } from "../../generators/ir/kernel.ts";
import { type Random, runInF32, seeded } from "./check.fixtures.ts";

const N = 40;
const K = 17;
const sizes = { N, K };
const numbers = { sizes, attrs: {}, options: {} };
const n = loop({ axis: "N", lo: int(0), hi: size("N"), level: 9, cover: false });

const element = (name: string, at: Expr, axes: readonly string[], type: "data" | "coord") =>
  read({ from: name, type, axes, at: [index(n), at], border: "inside", part: 0 });
const xAt = (k: Expr) => element("x", k, ["N", "K"], "data");
const pAt = (k: Expr) => element("p", k, ["N", "K"], "coord");

/** A kernel whose one output is `parts` of row n of x (data) and p (coord). */
function kernelOf(...parts: readonly Expr[]): Kernel {
  const stage: Gather = { kind: "gather", name: "output", domain: [n], dims: [1], parts };
  const tensor = (name: string, type: "data" | "coord") =>
    ({ name, dims: [["N"], ["K"]], type, optional: false, doc: "" }) as const;
  return {
    operator: "test",
    role: "forward",
    present: [],
    tensors: [tensor("x", "data"), tensor("p", "coord")],
    attrs: [],
    axes: [],
    demands: [],
    indices: [],
    stages: [stage],
    outputs: ["output"],
    names: new Map(),
    source: { file: "test", line: 1, column: 1 },
  };
}

const array = (f: () => number) => ({
  shape: [N, K],
  data: Float32Array.from({ length: N * K }, f),
});

function sumOver(f: (k: Expr) => Expr): Expr {
  const k = freshLoop("K", int(0), size("K"));
  const body = f(index(k));
  return partOf(reduce("sum", [k], [body], [constant(0, "acc")]), 0);
}
function maxOver(f: (k: Expr) => readonly Expr[], part = 0): Expr {
  const k = freshLoop("K", int(0), size("K"));
  const bodies = f(index(k));
  const from = bodies.map((_, i) => (i === 0 ? constant(0, "acc") : int(0)));
  return partOf(reduce("max", [k], bodies, from), part);
}

const arithmetic = ["add", "sub", "mul", "div", "minimum", "maximum"] as const;
const functions = ["neg", "abs", "exp", "sin", "tanh", "floorf", "ceilf", "roundf"] as const;

/** A random expression of kind acc over the element at `k`, tests and rounding included. */
function grow(random: Random, depth: number, k: Expr): Expr {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  if (depth === 0) {
    const whole = Math.floor(random() * 9) - 4;
    return pick([xAt(k), pAt(k), xAt(k), constant(Math.fround(random()), "coord"), int(whole)]);
  }
  const [a, b] = [grow(random, depth - 1, k), grow(random, depth - 1, k)];
  const kind = random();
  if (kind < 0.55) return make(pick(arithmetic), a, b);
  if (kind < 0.75) return make(pick(functions), a);
  if (kind < 0.85) return make("log", make("add", make("abs", a), constant(0.5, "acc")));
  if (kind < 0.9) return make("sqrt", make("abs", a));
  return select(make(pick(["lt", "le"] as const), a, b), make("mul", a, b), make("sub", a, b));
}

function agrees(kernel: Kernel, inputs: Parameters<typeof judge>[1], rules: Rules, seed: number) {
  const { outputs } = judge(kernel, inputs, numbers, rules);
  const exact = interpretKernel(kernel, inputs, sizes, {}, {});
  const simulated = runInF32(kernel, inputs, numbers, rules, seeded(seed));
  return outputs.output!.map((verdict, part) => {
    // What is beyond f32 goes on as infinity, so the values may part there.
    const parted = exact.output!.parts[part]!.filter((v, i) => {
      const judged = verdict.value[i]!;
      return Number.isFinite(judged) && judged !== v;
    });
    expect(parted).toEqual(new Float64Array(0));
    const data = simulated.output![part]!;
    const outside: number[] = [];
    data.forEach((got, i) => {
      if (verdict.undecided.has(i)) return;
      const all = verdict.alternatives.get(i) ?? [
        { value: verdict.value[i]!, bound: verdict.bound[i]! },
      ];
      const fits = all.some(
        ({ value, bound }) =>
          Object.is(value, got) || value === got || Math.abs(value - got) <= bound,
      );
      if (!fits && !(Number.isNaN(got) && all.some(({ value }) => Number.isNaN(value))))
        outside.push(i);
    });
    return { verdict, data, outside };
  });
}

describe("the bound", () => {
  for (const rules of [rulesOf.js, rulesOf.cuda, rulesOf.wgsl])
    it(`holds for random expressions under the rules of ${rules.name}`, () => {
      let compared = 0;
      for (let seed = 1; seed <= 150; seed++) {
        const random = seeded(seed);
        const depth = 1 + (seed % 4);
        const terms = seed % 3;
        const plain = grow(random, depth, int(0));
        const expr =
          terms === 0
            ? make("add", plain, constant(0, "acc"))
            : terms === 1
              ? sumOver((k) => grow(random, depth, k))
              : maxOver((k) => [make("add", grow(random, depth, k), constant(0, "acc"))]);
        const wide = seed % 5 === 0;
        const x = array(() => (2 * random() - 1) * (wide ? 2 ** (20 * random() - 10) : 1));
        const p = array(() => 8 * random() - 4);
        for (const { verdict, outside } of agrees(kernelOf(expr), { x, p }, rules, seed)) {
          expect({ seed, outside }).toEqual({ seed, outside: [] });
          compared += N - verdict.undecided.size;
        }
      }
      // Most elements must be decided, or nothing was tested.
      expect(compared).toBeGreaterThan(0.8 * 150 * N);
    });

  it("is 0 where f32 is exact", () => {
    const expr = sumOver((k) => make("mul", xAt(k), pAt(k)));
    const random = seeded(3);
    const dyadic = () => Math.floor(random() * 65 - 32) / 16;
    const { outputs } = judge(
      kernelOf(expr),
      { x: array(dyadic), p: array(dyadic) },
      numbers,
      rulesOf.wgsl,
    );
    expect(Math.max(...outputs.output![0]!.bound)).toBe(0);
  });

  it("is small enough to catch a relative error of 1e-5", () => {
    const random = seeded(4);
    const expr = sumOver((k) => make("mul", xAt(k), make("abs", pAt(k))));
    const inputs = { x: array(() => random() + 0.1), p: array(() => random() + 0.1) };
    const [{ verdict, data }] = agrees(kernelOf(expr), inputs, rulesOf.wgsl, 1) as [
      ReturnType<typeof agrees>[number],
    ];
    expect(compare(verdict, { data })).toMatchObject({ passed: true, ambiguous: 0 });
    for (const off of [1e-5, 1e-4]) {
      const wrong = data.map((v, i) => (i === 7 ? v * (1 + off) : v));
      const result = compare(verdict, { data: wrong });
      expect(result.passed).toBe(false);
      expect(result.worst.index).toBe(7);
      expect(result.message).toContain("element [7]");
    }
  });

  it("covers a subnormal flushed to zero", () => {
    const expr = make("mul", xAt(int(0)), constant(2 ** -100, "acc"));
    const x = array(() => 2 ** -30);
    const verdict = judge(kernelOf(expr), { x, p: x }, numbers, rulesOf.wgsl).outputs.output![0]!;
    expect(compare(verdict, { data: new Float32Array(N) }).passed).toBe(true);
    expect(compare(verdict, { data: new Float32Array(N).fill(1e-30) }).passed).toBe(false);
  });
});

describe("open decisions", () => {
  // (p + 1/3) - 1/3 is p up to rounding, so a whole p may come out on either side.
  const shaky = (k: Expr) => {
    const third = constant(Math.fround(1 / 3), "coord");
    return make("sub", make("add", pAt(k), third), third);
  };
  const whole = array(() => 2);
  const random = seeded(5);
  const x = array(() => random() + 1);

  it("list both values of a jump", () => {
    const kernel = kernelOf(make("floorf", shaky(int(0))));
    const verdict = judge(kernel, { x, p: whole }, numbers, rulesOf.cuda).outputs.output![0]!;
    expect(
      verdict.alternatives
        .get(0)!
        .map((one) => one.value)
        .sort(),
    ).toEqual([1, 2]);
    const result = compare(verdict, { data: new Float32Array(N).fill(1) });
    expect(result.passed).toBe(false);
    expect(result.message).toContain("several acceptable values");
  });

  it("are one value where the function is continuous", () => {
    const lerp = (k: Expr) => {
      const low = make("floor", shaky(k));
      const t = make("sub", shaky(k), low);
      const cell = (at: Expr) => xAt(make("minimum", make("maximum", at, int(0)), int(K - 1)));
      const low1 = make("add", low, int(1));
      return make(
        "add",
        make("mul", make("sub", int(1), t), cell(low)),
        make("mul", t, cell(low1)),
      );
    };
    // 17 open floors: far more than 64 combinations, each settled within its own step.
    const verdict = judge(kernelOf(sumOver(lerp)), { x, p: whole }, numbers, rulesOf.cuda).outputs
      .output![0]!;
    expect(verdict.alternatives.size).toBe(0);
    expect(verdict.undecided.size).toBe(0);
    expect(Math.max(...verdict.bound)).toBeLessThan(1e-4);
  });

  it("follow an argmax within its error", () => {
    const flat = array(() => 1);
    const tie = (k: Expr) => make("mul", shaky(k), constant(1, "acc"));
    const kernel = kernelOf(maxOver((k) => [make("add", tie(k), constant(0, "acc")), k], 1));
    const few = { ...numbers, sizes: { N, K: 3 } };
    const p3 = { shape: [N, 3], data: new Float32Array(N * 3).fill(1) };
    const verdict = judge(kernel, { x: p3, p: p3 }, few, rulesOf.cuda).outputs.output![0]!;
    expect(verdict.alternatives.get(0)!.map((one) => one.value)).toEqual([0, 1, 2]);
    const exact = kernelOf(maxOver((k) => [make("add", xAt(k), constant(0, "acc")), k], 1));
    const sure = judge(exact, { x: flat, p: flat }, numbers, rulesOf.cuda).outputs.output![0]!;
    expect(sure.alternatives.size).toBe(0);
  });

  it("are undecided beyond 64 combinations, and name the inputs they hang on", () => {
    const floors = Array.from({ length: 7 }, (_, k) => make("floorf", shaky(int(k))));
    const expr = floors.reduce((a, b, i) => make("add", a, make("mul", b, int(10 ** (i + 1)))));
    const { outputs, culprits } = judge(kernelOf(expr), { x, p: whole }, numbers, rulesOf.cuda);
    expect(outputs.output![0]!.undecided.size).toBe(N);
    expect([...culprits.get("p")!].slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(compare(outputs.output![0]!, { data: outputs.output![0]!.value }).passed).toBe(false);
  });
});

describe("comparing", () => {
  const verdict = (values: readonly number[], bound = 1e-6) => ({
    shape: [values.length],
    value: Float64Array.from(values),
    bound: new Float64Array(values.length).fill(bound),
    alternatives: new Map(),
    undecided: new Set<number>(),
  });
  it.each([
    ["NaN for a number", compare(verdict([1, 2]), { data: [1, Number.NaN] })],
    ["infinity for a number", compare(verdict([1]), { data: [Number.POSITIVE_INFINITY] })],
    ["a number for NaN", compare(verdict([Number.NaN]), { data: [0] }, { nonfinite: true })],
    ["NaN expected, not declared", compare(verdict([Number.NaN]), { data: [Number.NaN] })],
    ["another shape", compare(verdict([1, 2]), { shape: [2, 1], data: [1, 2] })],
    ["another length", compare(verdict([1, 2]), { data: [1] })],
    ["an empty expectation", compare(verdict([]), { data: [] })],
    ["an expectation of zeros", compare(verdict([0, 0]), { data: [0, 0] })],
    ["elements where none were to be", compare(verdict([1]), { data: [1] }, { empty: true })],
    ["a bound of 0 and a small error", compare(verdict([1], 0), { data: [1 + 1e-12] })],
  ])("refuses %s", (_, result) => {
    expect(result.passed).toBe(false);
    expect(result.message).not.toBe("");
  });
  it("accepts what a case declares", () => {
    expect(compare(verdict([]), { data: [] }, { empty: true }).passed).toBe(true);
    expect(compare(verdict([0]), { data: [0] }, { zero: true }).passed).toBe(true);
    const odd = verdict([Number.NaN, Number.POSITIVE_INFINITY]);
    expect(compare(odd, { data: odd.value }, { nonfinite: true }).passed).toBe(true);
  });
});
