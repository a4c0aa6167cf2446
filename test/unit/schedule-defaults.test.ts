import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { limitsOf, scheduleOn } from "../../generators/compile.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { findPlanFaults } from "../../generators/ir/nestCheck.ts";
import { defaultSchedule } from "../../generators/schedule/defaults.ts";
import { findTarget } from "../../targets/registry.ts";
import { randomFrom } from "../declarations/compare.ts";
import { comparePlan, inputsOf, refusalOf, type Setting } from "./schedule.fixtures.ts";

const read = (name: string) =>
  readOperator(new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname);

const declared = (name: string) =>
  readOperator(new URL(`../declarations/${name}.ts`, import.meta.url).pathname);

/** The default schedule of a kernel on a target. */
function scheduleOf(name: string, target: string) {
  const operator = name.endsWith("_backward")
    ? backwardOf(read(name.replace("_backward", "")))
    : read(name);
  const { capabilities, ...rest } = findTarget(target);
  return defaultSchedule(
    operator.kernel([]),
    capabilities,
    limitsOf({ ...rest, capabilities }),
  ).steps.map((step) => JSON.stringify(step));
}

/** The default schedule of a target gives what the kernel does. */
function expectOwn(operator: Operator, name: string, s: Setting): void {
  const target = findTarget(name);
  const [kernel, limits] = [operator.kernel(s.present), limitsOf(target)];
  const { steps } = defaultSchedule(kernel, target.capabilities, limits);
  comparePlan(operator, kernel, steps, {
    ...s,
    inputs: inputsOf(operator, s),
    bound: 1e-12,
    limits,
  });
}

describe("default schedules", () => {
  it("compute output channels together where an input is read for all of them", () => {
    for (const target of ["wgsl", "cuda"])
      for (const name of ["conv2d", "deform_conv2d"])
        expect(scheduleOf(name, target)).toContain('["jam",{"stage":"output","axis":"O","by":4}]');
  });
  it("sum over channels innermost, outside of which the border is tested", () => {
    for (const target of ["wgsl", "cuda"]) {
      expect(scheduleOf("conv2d", target)).toContain('["walk",{"stage":"output","axes":"I"}]');
      expect(scheduleOf("conv2d_backward", target)).toContain(
        '["walk",{"stage":"grad_input","axes":"O"}]',
      );
    }
  });
  it("make sums of products in pieces where there are no groups, of images with channels last", () => {
    for (const target of ["js", "wasm", "c"]) {
      for (const name of ["conv2d", "deform_conv2d"])
        expect(scheduleOf(name, target).slice(0, 2)).toEqual([
          '["layout",{"of":"input","axes":"N H W C"}]',
          '["contract",{"stage":"output"}]',
        ]);
      const backward = scheduleOf("deform_conv2d_backward", target);
      expect(backward).toContain('["contract",{"stage":"grad_columns"}]');
      expect(backward).toContain('["contract",{"stage":"grad_weight"}]');
      expect(backward).toContain('["layout",{"of":"grad_columns","axes":"N OH OW KH KW C"}]');
      expect(backward.join()).not.toContain('"columns"');
    }
  });
  it("leave threads that return one element each to their element", () => {
    for (const name of ["conv2d", "deform_conv2d", "roi_align", "roi_pool"])
      expect(scheduleOf(name, "gpujs")).toEqual(['["pointwise",{"group":1}]']);
  });
  it("jam nothing whose neighbours read different places", () => {
    for (const name of ["roi_align", "roi_pool"])
      for (const target of ["js", "cuda"])
        expect(scheduleOf(name, target).join()).not.toContain("jam");
  });
  it.each(["js", "wasm"])("are right where stages read each other, on %s", (target) => {
    expectOwn(declared("chained_stages"), target, {
      present: [],
      sizes: { N: 2, C: 3, W: 7, O: 9 },
      attrs: {},
    });
  });
  it("are right for boxes that are turned, whose samples lie anywhere", () => {
    const operator = read("roi_align_rotated");
    const setting = {
      present: [],
      sizes: { N: 2, C: 5, H: 6, W: 7, R: 3 },
      attrs: { output_size: { y: 2, x: 3 }, spatial_scale: 0.5, sampling_ratio: 2 },
    };
    for (const of of [operator, backwardOf(operator)]) expectOwn(of, "wasm", setting);
  });
  it("add up along memory in lanes, and lay nothing along an axis that data place apart", () => {
    for (const name of ["dcn_v3_backward", "dcn_v4_backward", "ms_deform_attn_backward"]) {
      const steps = scheduleOf(name, "c");
      expect(steps, name).toContain('["sums",{"by":8}]');
      expect(steps.filter((step) => step.startsWith('["layout"'))).toEqual([]);
    }
    for (const name of ["roi_align_backward", "grid_sample_backward"])
      expect(scheduleOf(name, "c"), name).not.toContain('["sums",{"by":8}]');
  });
  it("are right where a sum in lanes chooses by what all its steps share", () => {
    const operator = backwardOf(read("ms_deform_attn"));
    const setting = {
      present: [],
      sizes: { B: 1, S: 26, M: 2, D: 11, L: 2, Q: 3, P: 2 },
      attrs: {},
    };
    const [kernel, c] = [operator.kernel([]), findTarget("c")];
    const { steps } = defaultSchedule(kernel, c.capabilities, limitsOf(c));
    const random = randomFrom(5);
    const inputs = {
      ...inputsOf(operator, setting),
      shapes: { shape: [2, 2], data: Float64Array.of(4, 5, 2, 3) },
      starts: { shape: [2], data: Float64Array.of(0, 20) },
      location: {
        shape: [1, 3, 2, 2, 2, 2],
        data: Float64Array.from({ length: 48 }, () => 1.2 * random() - 0.1),
      },
    };
    comparePlan(operator, kernel, steps, { ...setting, inputs, bound: 1e-12, limits: limitsOf(c) });
  });
  it.each(["js", "cuda"])("hold stages of several types, and of one number, on %s", (target) => {
    const operator = declared("spotlight");
    const setting = { present: [], sizes: { N: 2, C: 3, H: 4, W: 5 }, attrs: {} };
    for (const of of [operator, backwardOf(operator)]) expectOwn(of, target, setting);
  });
  it("leave a loop outside of those whose ends follow from its index", () => {
    const operator = backwardOf(declared("windowed_sums"));
    // Most of a sum's terms is the same in all windows, but each window walks elements of its own.
    expect(refusalOf(operator.kernel([]), [["order", { stage: "grad_input", axes: "R" }]])).toMatch(
      /how far other loops of grad_input run depends on the index over R$/,
    );
    expectOwn(operator, "js", { present: [], sizes: { W: 9, R: 6 }, attrs: {} });
  });
});

describe("the workspace of a panel", () => {
  const steps = [["panel", { stage: "columns", axes: "N OH" }]] as const;
  const schedule = scheduleOn(findTarget("js"), { name: "panel", steps });
  const plan = schedule.plan(read("deform_conv2d").kernel([]));

  it("is set by the launch that reads it, before it is read", () => {
    expect(plan.steps.length).toBe(1);
    expect(findPlanFaults(plan)).toEqual([]);
  });
  it("is a fault where the first access is a load", () => {
    const [step] = plan.steps;
    if (step?.kind !== "launch") throw new Error("a plan starts with a launch");
    const load = { kind: "load", buffer: "columns", type: "f32", width: 1 } as const;
    const value = { ...load, address: { kind: "const", type: "i32", value: 0 } } as const;
    const first = { kind: "let", name: "early", type: "f32", value } as const;
    const nest = { ...step.nest, body: [first, ...step.nest.body] };
    const faults = findPlanFaults({ ...plan, steps: [{ ...step, nest }] });
    expect(faults[0]?.what).toMatch(/reads columns before anything has set it/);
  });
});
