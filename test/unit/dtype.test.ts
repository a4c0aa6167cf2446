// Data in 16 bits: the plan computes what the f32 plan computes of the same numbers, and rounds that once.

import { describe, expect, test } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { countAmbiguous } from "../../generators/check/compare.ts";
import type { Verdict } from "../../generators/check/judge.ts";
import { roundCase, roundVerdict } from "../../generators/check/storage.ts";
import { addingBy } from "../../generators/cli/lowerings.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { generateAll } from "../../generators/generate.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import { dumpPlan } from "../../generators/ir/nestDump.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { type Narrow, narrow } from "../../targets/contract/half.ts";
import { findTarget } from "../../targets/registry.ts";
import { type Case, fillInputs } from "../declarations/compare.ts";

const operators = new Map<string, Operator>();
const read = (name: string): Operator => {
  const path = new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
  const operator = operators.get(name) ?? readOperator(path);
  operators.set(name, operator);
  return operator;
};
const cuda = findTarget("cuda");

const cases: Readonly<Record<string, Case>> = {
  deform_conv2d: {
    present: ["mask"],
    sizes: { N: 1, C: 4, H: 5, W: 4, G: 2, KH: 2, KW: 2, O: 3, I: 4 },
    attrs: { padding: 1 },
  },
  roi_align: {
    present: [],
    sizes: { N: 1, C: 2, H: 6, W: 6, R: 2 },
    attrs: { output_size: { y: 2, x: 2 }, sampling_ratio: 2 },
  },
};

/** What two plans of a kernel give for the same data, which 16 bits hold; outputs hold what they are added to. */
function runBoth(operator: Operator, c: Case, type: Narrow, plans: readonly Plan[], adds: boolean) {
  const round = (x: number): number => narrow[type].decode(narrow[type].encode(x));
  const kernel = operator.kernel(c.present);
  const arrays = fillInputs(operator, c, (name, i, columns, random) =>
    name === "rois" ? (i % columns === 0 ? 0 : random() * 5) : random() * 4 - 2,
  );
  const { attrs, options } = numbersOf(operator, c.attrs);
  const sizes = resolveSizes(kernel, c.sizes, attrs, options);
  const numbers = { ...sizes };
  for (const [name, value] of Object.entries(attrs)) numbers[name.replaceAll(".", "_")] = value;
  const run = (plan: Plan) => {
    const inputs: Record<string, ArrayLike<number>> = {};
    for (const { name, role, dtype } of plan.buffers) {
      const data = plans[1]!.buffers.find((b) => b.name === name)?.dtype === type;
      if (role === "input")
        inputs[name] = Float64Array.from(arrays[name]!.data, data ? round : Math.fround);
      expect(["f32", type, "i32", "u32"]).toContain(dtype);
    }
    const constants: Record<string, number> = { ...(adds && { ACCUMULATE: 0 }) };
    for (const { name, constant } of plan.options)
      if (options[name] !== undefined) constants[constant] = options[name];
    return interpretPlan(plan, inputs, numbers, constants, {
      ...{ mode: "f32", order: "forward", poison: true },
    });
  };
  return { round, results: plans.map(run) };
}

const types = ["f16", "bf16"] as const;

describe.each(types)("data in %s", (type) => {
  test.each(Object.keys(cases))("%s is what f32 gives, rounded once", (name) => {
    const operator = read(name);
    const kernel = operator.kernel(cases[name]!.present);
    const plans = [scheduleOn(cuda), scheduleOn(cuda, undefined, type)].map((s) => s.plan(kernel));
    const { round, results } = runBoth(operator, cases[name]!, type, plans, false);
    const [wide, stored] = results;
    expect(Object.values(stored!)[0]!.some((x) => x !== 0)).toBe(true);
    for (const [output, values] of Object.entries(wide!))
      expect([...stored![output]!]).toEqual([...values].map(round));
  });

  test.each(["atomic", "deterministic"])("gradients of roi_align, %s, too", (by) => {
    const operator = backwardOf(read("roi_align"));
    const kernel = operator.kernel([]);
    const plans = [addingBy(cuda, by), addingBy(cuda, by, type)].map((s) => s.plan(kernel));
    const { round, results } = runBoth(operator, cases.roi_align!, type, plans, true);
    const [wide, stored] = results;
    expect([...stored!.grad_input!]).toEqual([...wide!.grad_input!].map(round));
    expect(stored!.grad_input!.some((x) => x !== 0)).toBe(true);
  });

  test("positions, their gradients and sums stay f32; names tell the type", () => {
    const operator = backwardOf(read("deform_conv2d"));
    const plan = scheduleOn(cuda, undefined, type).plan(operator.kernel(["mask"]));
    const dtypes = Object.fromEntries(plan.buffers.map((b) => [b.name, b.dtype]));
    expect(dtypes).toMatchObject({
      ...{ input: type, mask: type, grad_output: type, grad_input: type, grad_weight: type },
      ...{ offset: "f32", grad_offset: "f32", grad_input_wide: "f32" },
    });
    for (const { name, role, dtype } of plan.buffers)
      if (role === "workspace") expect([name, dtype]).toEqual([name, "f32"]);
    expect(plan.name).toBe(`deform_conv2d_backward_mask_${type}`);
    for (const step of plan.steps)
      if (step.kind === "launch") expect(step.nest.name).toMatch(new RegExp(`_${type}$`));
  });

  test("what is added to a result is added before rounding", () => {
    const operator = backwardOf(read("deform_conv2d"));
    const plan = scheduleOn(cuda, undefined, type).plan(operator.kernel([]));
    const text = dumpPlan(plan);
    expect(text).toMatch(
      new RegExp(`grad_input\\[\\w+\\] = ${type}\\(f32\\(grad_input\\[\\w+\\]\\) \\+ `),
    );
    expect(text).not.toMatch(/grad_input\[\w+\] \+=/);
  });
});

test("a target that does not store a type refuses it", () => {
  expect(() => scheduleOn(findTarget("js"), undefined, "f16")).toThrow(
    "js does not store data in f16.",
  );
  expect(() => scheduleOn(findTarget("wgsl"), undefined, "bf16")).toThrow("wgsl does not store");
});

test("shaders enable the type, and the manifest names the feature and the rounding", () => {
  const wgsl = findTarget("wgsl");
  const { files, manifest } = generateAll([read("roi_pool")], [wgsl], () => [
    scheduleOn(wgsl),
    scheduleOn(wgsl, undefined, "f16"),
  ]);
  expect(files.get("wgsl/roi_pool_f16.wgsl")).toMatch(/\nenable f16;\n[\s\S]*array<f16>/);
  expect(files.get("wgsl/roi_pool.wgsl")).not.toContain("f16");
  const { targets, ir } = manifest.operators.roi_pool!.kernels.forward!;
  expect(Object.keys(targets)).toEqual(["wgsl", "wgsl_f16"]);
  expect(targets.wgsl_f16).toMatchObject({
    storage: "f16",
    features: ["shader-f16"],
    tolerance: { storage: { type: "f16", ulps: 1 } },
  });
  for (const { name } of targets.wgsl_f16!.entries) expect(ir[name]).toBe(ir[name.slice(0, -4)]);
});

test("CUDA files of several types can be compiled as one", () => {
  const operator = read("conv2d");
  const kernels = [operator.kernel([])];
  const texts = [undefined, ...types].map((type) => {
    const { programs } = compileKernels(operator, kernels, cuda, scheduleOn(cuda, undefined, type));
    return programs[0]!.source;
  });
  const names = texts.flatMap((text) => [...text.matchAll(/__global__ void .*\) (\w+)\(/g)]);
  const own = names.map(([, name]) => name);
  expect(own.length).toBeGreaterThanOrEqual(3);
  expect(new Set(own).size).toBe(own.length);
});

describe("what is right of a rounded result", () => {
  const verdict = (value: number, bound: number): Verdict => ({
    shape: [1],
    value: Float64Array.of(value),
    bound: Float64Array.of(bound),
    alternatives: new Map(),
    undecided: new Set(),
  });
  const half = (value: number, bound: number) =>
    roundVerdict(verdict(value, bound), { type: "f16", ulps: 0.5 });

  test("is half a unit in the last place farther off", () => {
    expect(half(1000.3, 1e-4).bound[0]).toBeCloseTo(1e-4 + 1000.3 * 2 ** -11, 6);
    expect(half(0, 0).bound[0]).toBe(0);
    expect(half(1.5, 0).bound[0]).toBe(0);
  });

  test("is infinite where that is certain, and open where it is not", () => {
    expect(half(-70000, 1).value[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(half(-70000, 1).bound[0]).toBe(0);
    expect(countAmbiguous(half(65510, 20))).toBe(1);
  });

  test("cases hold what the type holds; what it cannot hold is said", () => {
    const [input, rois] = [Float32Array.of(0.1, 2), Float32Array.of(0, 0.1)];
    const tensors = [
      { name: "input", type: "data", dims: [["N"]], optional: false, doc: "" },
      { name: "rois", type: "coord", dims: [["N"]], optional: false, doc: "" },
    ] as const;
    const of = {
      ...{ id: "a", kind: "random" as const, variant: { present: [], options: {} }, attrs: {} },
      numbers: { sizes: {}, attrs: {}, options: {} },
      inputs: { input: { shape: [2], data: input }, rois: { shape: [2], data: rois } },
      expects: {},
    } as const;
    const rounded = roundCase(of, { tensors }, "f16");
    if ("unrounded" in rounded) throw new Error(rounded.unrounded);
    expect([...rounded.inputs.input!.data]).toEqual([0.0999755859375, 2]);
    expect([...rounded.inputs.rois!.data]).toEqual([...rois]);
    input[1] = 70000;
    expect(roundCase(of, { tensors }, "f16")).toEqual({
      unrounded: "input holds 70000, which is beyond f16",
    });
  });
});
