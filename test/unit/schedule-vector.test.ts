import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { findNestFaults } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { visitBlock } from "../../generators/ir/nestWalk.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { comparePlan, expectSame, inputsOf, pathOf, refusalOf } from "./schedule.fixtures.ts";

const limits = { threads: 1, sharedBytes: 0 };
const vector = (stage: string, axis: string, by = 4) => ["vector", { stage, axis, by }] as const;
const layout = (of: string, axes: string) => ["layout", { of, axes }] as const;
const declared = (name: string) =>
  readOperator(new URL(`../declarations/${name}.ts`, import.meta.url).pathname);

const roi = {
  present: [],
  sizes: { N: 2, C: 5, H: 9, W: 7, R: 4 },
  attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
};

describe("elements at once", () => {
  const align = readOperator(pathOf("roi_align"));
  it.each([1, 4, 5, 9])("roi_align, %d channels", (C) => {
    for (const [mode, sampling_ratio] of [
      ["avg", 0],
      ["max", 2],
      ["max_corner", 0],
    ] as const)
      expectSame(align, [layout("input", "N H W C"), vector("output", "C")], {
        ...roi,
        sizes: { ...roi.sizes, C },
        attrs: { ...roi.attrs, sampling_ratio, mode },
      });
  });
  it("roi_pool, whose maxima keep the place of the first greatest element", () => {
    const pool = readOperator(pathOf("roi_pool"));
    for (const reduce of ["max", "mean"])
      expectSame(pool, [vector("output", "C")], {
        ...roi,
        attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, reduce },
      });
    const steps = [layout("grad_input", "N H W C"), vector("grad_input_nhwc", "C")];
    expectSame(backwardOf(pool), steps, { ...roi, attrs: { ...roi.attrs, reduce: "max" } }, 1e-12);
  });
  it("roi_align's gradient, added to in another order of memory", () => {
    for (const mode of ["avg", "max"])
      expectSame(
        backwardOf(align),
        [layout("grad_input", "N H W C"), vector("grad_input_nhwc", "C")],
        { ...roi, attrs: { ...roi.attrs, sampling_ratio: 2, mode } },
        1e-12,
      );
  });
  it.each([
    [6, 2, 3],
    [6, 1, 2],
    [8, 8, 2],
  ])("deform_conv2d, %d channels in %d groups and %d of offsets", (C, groups, G) => {
    const operator = readOperator(pathOf("deform_conv2d"));
    const setting = {
      present: ["mask"],
      sizes: { N: 2, C, H: 4, W: 5, O: 8, I: C / groups, G, KH: 2, KW: 2 },
      attrs: { padding: { top: 1, left: 0, bottom: 1, right: 0 }, stride: { y: 1, x: 2 } },
    };
    const columns = ["materialise", { stage: "columns" }] as const;
    expectSame(operator, [columns, layout("input", "N H W C"), vector("columns", "C")], setting);
    const gradient: Schedule = [
      ["materialise", { stage: "grad_columns" }],
      layout("grad_input", "N H W C"),
      vector("grad_input_nhwc", "C"),
    ];
    expectSame(backwardOf(operator), gradient, setting, 1e-12);
  });
  it("along any axis of other operators, whatever its index is used for", () => {
    const setting = { present: [], sizes: { N: 2, C: 3, H: 4, W: 5 }, attrs: {} };
    for (const axis of ["N", "C", "H", "W"])
      expectSame(declared("spotlight"), [vector("scaled", axis)], setting, 1e-12);
    for (const axis of ["N", "O", "W"])
      expectSame(
        declared("chained_stages"),
        [["materialise", { stage: "curve" }], vector("output", axis)],
        { present: [], sizes: { N: 5, C: 3, W: 7, O: 4 }, attrs: {} },
        1e-12,
      );
  });
  it("stays innermost where other loops are put in order", () => {
    const ordered = ["order", { stage: "output", axes: "PH R" }] as const;
    const one = schedulePlan(align.kernel([]), [vector("output", "C"), ordered], limits);
    const other = schedulePlan(align.kernel([]), [ordered, vector("output", "C")], limits);
    expect(one).toEqual(other);
  });
  it("reads at wild places what one element at a time reads", () => {
    const sizes = { ...roi.sizes, C: 6 };
    const setting = { ...roi, sizes, attrs: { ...roi.attrs, sampling_ratio: 2 } };
    const inputs = inputsOf(align, setting);
    const rois = Array.from(inputs.rois!.data);
    rois.splice(0, 10, 0, Number.NaN, 1, 5, 5, 1, -1e30, 1, 1e30, Number.POSITIVE_INFINITY);
    const wild = { ...inputs, rois: { ...inputs.rois!, data: Float64Array.from(rois) } };
    const schedule = [layout("input", "N H W C"), vector("output", "C")];
    comparePlan(align, align.kernel([]), schedule, { ...setting, inputs: wild, bound: 0, limits });
  });
  it("stores nothing where there is no channel", () => {
    const schedule = [layout("input", "N H W C"), vector("output", "C"), ["parallel"]] as const;
    const plan = schedulePlan(align.kernel([]), schedule, limits);
    const sizes = { ...roi.sizes, C: 0, PH: 3, PW: 2, spatial_scale: 1, sampling_ratio: 2 };
    const inputs = { input: new Float64Array(0), rois: new Float64Array(20).fill(1) };
    const scalars = { ...sizes, output_size_y: 3, output_size_x: 2 };
    const constants = { ALIGNED: 0, MODE: 0 };
    const run = { mode: "f64", order: "forward", seed: 1, poison: true } as const;
    expect(interpretPlan(plan, inputs, scalars, constants, run).output).toHaveLength(0);
  });
});

describe("the loops of elements at once", () => {
  const plan = schedulePlan(
    readOperator(pathOf("roi_align")).kernel([]),
    [layout("input", "N H W C"), vector("output", "C", 8)],
    limits,
  );
  const step = plan.steps.find((s) => s.kind === "launch" && s.nest.name.endsWith("_output"));
  if (step?.kind !== "launch") throw new Error("the result has a launch");

  it("hold plain statements, and places and weights are computed outside of them", () => {
    expect(findNestFaults(step.nest)).toEqual([]);
    const inside = new Set<string>();
    let loops = 0;
    visitBlock(step.nest.body, (s) => {
      if (s.kind !== "for" || s.by !== "vector") return;
      loops++;
      for (const inner of s.body)
        if (inner.kind === "let" && inner.type === "i32") inside.add(inner.name);
    });
    expect(loops).toBeGreaterThan(3);
    expect([...inside]).toEqual([]);
  });
  it("keep what is added up in rows, and nothing else", () => {
    const rows = plan.buffers.filter((b) => b.role === "workspace").map(({ name }) => name);
    expect(rows).toContain("output_total");
    expect(rows.filter((name) => /input_value/.test(name))).toEqual([]);
  });
});

describe("elements at once are refused", () => {
  const kernel = readOperator(pathOf("roi_align")).kernel([]);
  const refuse = (...schedule: Schedule) => refusalOf(kernel, schedule, limits);
  it.each([
    [[vector("output", "C", 5)], /by is one of 4, 8, 16, not 5$/],
    [[vector("output", "Q")], /output has no axis Q; it has R, C, PH, PW$/],
    [[vector("output", "")], /say along which axis of output: R, C, PH, PW$/],
    [[vector("columns", "C")], /stores no stage named columns$/],
    [[vector("output", "C"), vector("output", "PW")], /run at once already$/],
    [
      [vector("output", "C"), ["order", { stage: "output", axes: "C PW" }]],
      /^order: steps along C run at once, so C is the last of the axes$/,
    ],
    [[vector("output", "C"), ["jam", { stage: "output", axis: "PW", by: 2 }]], /^jam: .* once$/],
    [[["jam", { stage: "output", axis: "PW", by: 2 }], vector("output", "C")], /several elements$/],
  ] as readonly [Schedule, RegExp][])("%j", (schedule, why) => {
    expect(refuse(...schedule)).toMatch(why);
  });
  it("where kernels return an element of each thread", () => {
    const returning = { ...limits, updates: false };
    const sentence = (step: string) =>
      `${step}: kernels here return one element of each thread and have no memory for pieces of output`;
    expect(refusalOf(kernel, [vector("output", "C")], returning)).toBe(sentence("vector"));
    expect(refusalOf(kernel, [["parallel"]], returning)).toBe(sentence("parallel"));
    expect(refusalOf(kernel, [["pointwise", { group: 1 }]], returning)).toBeUndefined();
    const conv = readOperator(pathOf("conv2d")).kernel([]);
    expect(refusalOf(conv, [["contract"]], returning)).toBe(sentence("contract"));
  });
  it("where threads run in groups", () => {
    const schedule = [["pointwise", { group: 32 }], vector("output", "C")] as const;
    expect(refusalOf(kernel, schedule)).toMatch(/threads of a group share out/);
    expect(refusalOf(kernel, [vector("output", "C"), ["pointwise", { group: 32 }]])).toBe(
      "pointwise: a thread makes one element, and output several at once (vector)",
    );
  });
});
