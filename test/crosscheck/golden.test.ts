// Other people's numbers, by every way there is of computing them here: the declaration and the tensor IR in
// float64, and the generated kernels of each target on the same inputs as f32 holds them.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Case } from "../../generators/check/cases.ts";
import { compare } from "../../generators/check/compare.ts";
import type { TargetRunner } from "../../generators/check/crosscheck.ts";
import { judge } from "../../generators/check/judge.ts";
import { makeAttributes } from "../../generators/check/sizes.ts";
import { gradientKernel, tensorOf } from "../../generators/cli/gradients.ts";
import { makeGradientRunners, makeRunner } from "../../generators/cli/runners.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import {
  completeAttrs,
  loadReference,
  type Reference,
  runReference,
} from "../../generators/frontend/reference.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Executor } from "../../targets/contract/program.ts";
import { resolve } from "../../targets/js/runtime.js";
import { type GoldenCase, goldenCases } from "../golden/golden.ts";
import { makeArray } from "../reference/array.ts";
import { explainDifference } from "../reference/compare.ts";
import { references } from "../reference/index.ts";
import { type Way, waysOf } from "./targets.fixtures.ts";

const names = Object.keys(references);
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const operatorOf = ({ operator }: GoldenCase): Operator =>
  operators.find((o) => o.name === operator)!;
const declarations = new Map<Operator, Reference>();
for (const operator of operators) declarations.set(operator, await loadReference(operator.path));

/** A golden case as a case of the cross-check: inputs and real attributes as f32 holds them. */
function readCase(golden: GoldenCase): Case {
  const operator = operatorOf(golden);
  const present = operator.tensors
    .filter((t) => t.optional && golden.inputs[t.name])
    .map((t) => t.name);
  const given = completeAttrs(operator, { ...golden.attrs });
  const shapes = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, { shape }]) => [name, shape]),
  );
  const signature = describeSignature(operator, [operator.kernel(present)]);
  const { sizes, options } = resolve(signature, shapes, given);
  const { attrs, declared } = makeAttributes(operator.attrs, options, (attr, part) => {
    const value = given[attr.name];
    return Number(
      typeof value === "object" ? Object.entries(value).find(([k]) => k === part)?.[1] : value,
    );
  });
  const inputs = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
  const numbers = { sizes, attrs, options };
  return {
    id: golden.name,
    kind: "sample",
    variant: { present, options },
    numbers,
    attrs: declared,
    inputs,
    expects: {},
  };
}

/** The declaration in float64, on the inputs as given or as f32 holds them. */
function declare(golden: GoldenCase, of: Case, exact: boolean) {
  const operator = operatorOf(golden);
  const { sizes } = of.numbers;
  const reference = declarations.get(operator)!;
  const result = exact
    ? runReference(operator, reference, golden.inputs, sizes, { ...golden.attrs })
    : runReference(operator, reference, of.inputs, sizes, of.attrs);
  const { shape, data } = result.output!;
  return makeArray(shape, data);
}

const cases = goldenCases().map((golden) => ({ name: golden.name, golden, of: readCase(golden) }));

describe("golden data in float64", () => {
  it.each(cases)("$name: the declaration", ({ golden, of }) => {
    const { expected, tolerance } = golden;
    expect(explainDifference(declare(golden, of, true), expected, tolerance)).toBe(undefined);
  });

  it.each(cases)("$name: the tensor IR", ({ golden, of }) => {
    const { sizes, options } = of.numbers;
    // Real attributes as they were given, not as f32 holds them.
    const exact = { ...of.numbers.attrs, ...golden.attrs } as Record<string, number>;
    const attrs = Object.fromEntries(
      Object.keys(of.numbers.attrs).map((name) => [name, exact[name]!]),
    );
    const kernel = operatorOf(golden).kernel(of.variant.present);
    const { output } = interpretKernel(kernel, golden.inputs, sizes, attrs, options);
    const got = makeArray(output!.shape, output!.parts[0]);
    expect(explainDifference(got, golden.expected, golden.tolerance)).toBe(undefined);
  });

  it.each(cases)("$name: rounding the inputs to f32 changes little", ({ golden, of }) => {
    const rounded = declare(golden, of, false);
    // Below this, a comparison with a target's result still says something about the golden result.
    expect(explainDifference(rounded, golden.expected, 1e-5 + golden.tolerance)).toBe(undefined);
  });
});

/** A case's inputs with the gradient of its result. */
const withGradient = ({ golden, of }: (typeof cases)[number]): Case => {
  const { shape, data } = golden.gradients!.output;
  const grad_output = { shape, data: Float32Array.from(data) };
  return { ...of, inputs: { ...of.inputs, grad_output } };
};

const withGradients = cases.filter(({ golden }) => golden.gradients !== undefined);
it("some of golden data are gradients", () => expect(withGradients.length).toBe(44));

/** The targets whose kernels are compiled for seconds each, once more for each choice of options. */
const slow = ["wgsl", "cuda", "c"];

/**
 * What a way runs: all, or where compiling takes long each third case of an operator, beginning with another one on
 * each of these targets, so that each case is on one of them and each of them has all operators.
 */
function inTurn<T extends { readonly golden: GoldenCase }>(all: readonly T[], way: Way): T[] {
  const start = slow.indexOf(way.target.name);
  if (start < 0) return [...all];
  return all.filter((one) => {
    const own = all.filter(({ golden }) => golden.operator === one.golden.operator);
    return own.length < slow.length || own.indexOf(one) % slow.length === start;
  });
}

it("each golden case is on a slow target in its turn, and each of these has each operator", () => {
  const ways = waysOf(slow);
  expect([...new Set(ways.map(({ target }) => target.name))]).toEqual(slow);
  for (const all of [cases, withGradients]) {
    const operatorsOf = (some: typeof cases) => new Set(some.map((one) => one.golden.operator));
    for (const way of ways) expect(operatorsOf(inTurn(all, way))).toEqual(operatorsOf(all));
    expect(new Set(ways.flatMap((way) => inTurn(all, way)))).toEqual(new Set(all));
  }
});

describe.each(waysOf().map((way) => [way.name, way] as const))("golden data on %s", (_, way) => {
  let executor: Executor | string;
  const runners = new Map<Operator, TargetRunner>();
  const backward = new Map<Operator, TargetRunner>();
  beforeAll(async () => {
    executor = await way.open();
    if (typeof executor === "string") return;
    for (const operator of new Set(cases.map(({ golden }) => operatorOf(golden)))) {
      runners.set(operator, makeRunner(operator, way.target, executor));
      const { runners: found } = makeGradientRunners(operator, way.target, executor, false);
      if (found[0]) backward.set(operator, found[0]);
    }
  });
  afterAll(async () => {
    if (typeof executor === "object") await executor.close();
  });

  it.for(inTurn(cases, way))("$name", async ({ golden, of }, { skip }) => {
    if (typeof executor === "string") return skip(executor);
    const operator = operatorOf(golden);
    const runner = runners.get(operator)!;
    const kernel = operator.kernel(of.variant.present);
    const [verdict] = judge(kernel, of.inputs, of.numbers, runner.rules).outputs.output!;
    const { output } = await runner.run(of);
    const { passed, message } = compare(verdict!, output!);
    expect({ passed, message }).toEqual({ passed: true, message: "" });
    // The golden numbers themselves, within what they, f32 inputs and f32 arithmetic may be off.
    const { expected, tolerance } = golden;
    const exact = declare(golden, of, true).data;
    const far = expected.data.findIndex((want, i) => {
      const moved = Math.abs(verdict!.value[i]! - exact[i]!);
      return !(Math.abs(output!.data[i]! - want) <= tolerance + moved + verdict!.bound[i]!);
    });
    expect(far).toBe(-1);
  });

  it.for(inTurn(withGradients, way))("$name: gradients", async (one, { skip }) => {
    if (typeof executor === "string") return skip(executor);
    const operator = operatorOf(one.golden);
    const runner = backward.get(operator);
    const of = withGradient(one);
    const refused = runner?.refuses?.(of.variant);
    if (!runner || refused !== undefined)
      return skip(refused ?? `${way.name} can compute no gradient of ${operator.name}`);
    const kernel = gradientKernel(operator, of.variant.present);
    const { outputs } = judge(kernel, of.inputs, of.numbers, runner.rules);
    const results = await runner.run(of);
    const golden = one.golden.gradients!;
    const compared = Object.keys(results).filter((name) => golden.inputs[tensorOf(name)]);
    const missing = Object.keys(golden.inputs).filter((name) => !compared.includes(`grad_${name}`));
    for (const name of missing) expect(runner.lacks?.outputs).toContain(`grad_${name}`);
    if (compared.length === 0) return skip(`${way.name} can compute none of its gradients`);
    const { sizes, attrs, options } = of.numbers;
    const given = { ...one.golden.inputs, grad_output: golden.output };
    const exact = interpretKernel(kernel, given, sizes, attrs, options);
    for (const name of compared) {
      const [verdict, { data }] = [outputs[name]![0]!, results[name]!];
      const zero = golden.inputs[tensorOf(name)]!.data.every((v) => v === 0);
      const { message } = compare(verdict, results[name]!, { zero });
      expect({ name, message }).toEqual({ name, message: "" });
      // The golden gradients themselves, as above; most are printed with ten decimals.
      const printed = golden.tolerance ?? 1e-9;
      const far = Array.from(golden.inputs[tensorOf(name)]!.data).findIndex((want, i) => {
        const moved = Math.abs(verdict.value[i]! - exact[name]!.parts[0]![i]!);
        return !(Math.abs(data[i]! - want) <= printed + moved + verdict.bound[i]!);
      });
      expect([name, far]).toEqual([name, -1]);
    }
  });
});
