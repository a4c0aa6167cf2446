import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { comparePlan, expectSame, inputsOf, pathOf, refusalOf } from "./schedule.fixtures.ts";

const cpu = { threads: 1, sharedBytes: 0 };
const layout = (of: string, axes: string) => ["layout", { of, axes }] as const;
const vector = (stage: string, axis: string, by = 4) => ["vector", { stage, axis, by }] as const;
const operator = readOperator(pathOf("roi_align"));

describe("axes in another order", () => {
  const roi = {
    present: [],
    sizes: { N: 2, C: 5, H: 9, W: 7, R: 5 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, sampling_ratio: 2 },
  };
  const conv = {
    present: ["bias"],
    sizes: { N: 2, C: 6, H: 4, W: 5, O: 6, I: 3, G: 2, KH: 2, KW: 2 },
    attrs: { padding: { top: 1, left: 0, bottom: 1, right: 0 } },
  };
  it("of a tensor that is read with border rules, with threads and without", () => {
    const steps: Schedule = [layout("input", "N H W C")];
    expectSame(operator, [...steps, ["pointwise", { group: 32 }]], roi);
    const inputs = inputsOf(operator, roi);
    comparePlan(operator, operator.kernel([]), steps, { ...roi, inputs, bound: 0, limits: cpu });
  });
  it("of a result, and of parts of it that are copied while they are near", () => {
    const result = layout("output", "R PH PW C");
    expectSame(operator, [result, vector("output_rphpwc", "C")], roi);
    const panel = ["panel", { stage: "output_rphpwc", axes: "R" }] as const;
    const steps: Schedule = [result, panel, vector("output_rphpwc", "C"), ["parallel"]];
    const inputs = inputsOf(operator, roi);
    comparePlan(operator, operator.kernel([]), steps, { ...roi, inputs, bound: 0, limits: cpu });
  });
  it("of a stage, without a copy", () => {
    const deform = readOperator(pathOf("deform_conv2d"));
    const steps: Schedule = [
      ["materialise", { stage: "columns" }],
      layout("columns", "N OH OW KH KW C"),
      vector("columns", "C"),
    ];
    expectSame(deform, steps, conv, 1e-12);
    const plan = schedulePlan(deform.kernel([]), steps, cpu);
    const { axes } = plan.buffers.find(({ name }) => name === "columns")!;
    expect(axes.flat()).toEqual(["N", "OH", "OW", "KH", "KW", "C"]);
    expect(plan.steps).toHaveLength(2);
  });
  it("of what is added to", () => {
    const steps = [layout("grad_input", "N H W C"), vector("grad_input_nhwc", "C")];
    expectSame(backwardOf(operator), steps, roi, 1e-12);
  });
  it("has one copy for all that read it", () => {
    const kernel = backwardOf(operator).kernel([]);
    const plan = schedulePlan(kernel, [layout("input", "N H W C")], cpu);
    const made = plan.steps.filter(
      (step) =>
        step.kind === "launch" &&
        step.nest.buffers.some((b) => b.name === "input_nhwc" && b.access === "write"),
    );
    expect(made).toHaveLength(1);
    const readers = plan.steps.filter(
      (step) => step.kind === "launch" && step.nest.buffers.some(({ name }) => name === "input"),
    );
    expect(readers).toEqual(made);
  });
});

describe("a layout is refused", () => {
  it.each([
    [[layout("input", "N H W")], /axes names all axes of input, each once: N C H W$/],
    [[layout("input", "N H W W")], /each once: N C H W$/],
    [[layout("input", "N C H W")], /are in this order already$/],
    [[layout("mask", "N C H W")], /no tensor or stage named mask; there is input, rois, output$/],
    [
      [["order", { stage: "output", axes: "C" }], layout("output", "R PH PW C")],
      /how output is walked has been said already; say its layout first$/,
    ],
  ] as readonly [Schedule, RegExp][])("%j", (schedule, why) => {
    expect(refusalOf(operator.kernel([]), schedule, cpu)).toMatch(why);
  });
});
