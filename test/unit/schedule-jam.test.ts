import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { dumpPlan } from "../../generators/ir/nestDump.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { expectSame, limits, pathOf, refusalOf } from "./schedule.fixtures.ts";

const threads = ["pointwise", { group: 32 }] as const;
const jams: Record<string, Schedule> = {
  "O by 4": [["jam", { stage: "output", axis: "O", by: 4 }]],
  "OW by 3": [["jam", { stage: "output", axis: "OW", by: 3 }]],
  "O by 2 and OW by 2": [
    ["jam", { stage: "output", axis: "O", by: 2 }],
    ["jam", { stage: "output", axis: "OW", by: 2 }],
  ],
  "O by 2, innermost": [
    ["order", { stage: "output", axes: "OW,O" }],
    ["jam", { stage: "output", axis: "O", by: 2 }],
  ],
};

describe.each(Object.entries(jams))("jam %s", (_, jam) => {
  for (const [by, schedule] of [
    ["serial", jam],
    ["threads", [...jam, threads]],
  ] as const) {
    // Groups of one, of an odd number and of a multiple of the block; offset groups across weight groups.
    it.each([
      { O: 1, groups: 1 },
      { O: 3, groups: 1 },
      { O: 5, groups: 1 },
      { O: 7, groups: 1 },
      { O: 6, groups: 2 },
      { O: 9, groups: 3 },
      { O: 6, groups: 6 },
      { O: 8, groups: 1 },
    ])(`conv2d by ${by}: $O output channels in $groups groups`, ({ O, groups }) => {
      expectSame(readOperator(pathOf("conv2d")), schedule, {
        present: ["bias"],
        sizes: { N: 2, C: 6, H: 4, W: 5, O, I: 6 / groups, KH: 2, KW: 3 },
        attrs: { padding: { top: 1, left: 0, bottom: 0, right: 2 } },
      });
    });
    it(`deform_conv2d by ${by}: groups that do not nest`, () => {
      expectSame(readOperator(pathOf("deform_conv2d")), schedule, {
        present: ["mask"],
        sizes: { N: 1, C: 6, H: 4, W: 5, O: 10, I: 3, G: 3, KH: 2, KW: 2 },
        attrs: { padding: { top: 1, left: 0, bottom: 1, right: 0 } },
      });
    });
  }
});

describe("walk: the order of sums", () => {
  const settings = {
    conv2d: { N: 2, C: 6, H: 4, W: 5, O: 9, I: 2, KH: 2, KW: 3 },
    deform_conv2d: { N: 1, C: 6, H: 4, W: 5, O: 10, I: 3, G: 3, KH: 2, KW: 2 },
  };
  it.each(Object.keys(settings) as (keyof typeof settings)[])("%s", (name) => {
    const schedule: Schedule = [
      ["walk", { stage: "output", axes: "KH,I" }],
      ["jam", { stage: "output", axis: "O", by: 2 }],
      threads,
    ];
    // Terms are added in another order.
    const attrs = { padding: { top: 1, left: 0, bottom: 1, right: 0 } };
    const s = { present: [], sizes: settings[name], attrs };
    expectSame(readOperator(pathOf(name)), schedule, s, 1e-13);
    const { steps } = schedulePlan(readOperator(pathOf(name)).kernel([]), schedule, limits);
    expect(JSON.stringify(steps)).toMatch(/"variable":"j".*"variable":"i".*"variable":"k"/);
  });
  it("leaves bounds that depend on other indices after them, and maxima as they are", () => {
    for (const axes of ["H", "W"])
      for (const reduce of ["max", "mean"])
        expectSame(
          readOperator(pathOf("roi_pool")),
          [["walk", { stage: "output", axes }], threads],
          {
            present: [],
            sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
            attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, reduce },
          },
          1e-13,
        );
  });
});

describe("jam elsewhere", () => {
  it.each(["C", "R"])("roi_pool over %s: maxima are walked one by one", (axis) => {
    const schedule: Schedule = [["jam", { stage: "output", axis, by: 2 }], threads];
    for (const reduce of ["max", "mean"])
      expectSame(readOperator(pathOf("roi_pool")), schedule, {
        present: [],
        sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
        attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, reduce },
      });
  });
  it.each([[[]], [[threads]]] as const)("gathers of a backward", (more: Schedule) => {
    const operator = backwardOf(readOperator(pathOf("deform_conv2d")));
    const schedule: Schedule = [
      ["materialise", { stage: "columns" }],
      ["materialise", { stage: "grad_columns" }],
      ["jam", { stage: "grad_weight", axis: "O", by: 2 }],
      ["jam", { stage: "grad_weight", axis: "I", by: 2 }],
      ["jam", { stage: "grad_columns", axis: "C", by: 4 }],
      ["order", { stage: "columns", axes: "C" }],
      ["order", { stage: "grad_input", axes: "C" }],
      ...more,
    ];
    expectSame(
      operator,
      schedule,
      {
        present: ["mask", "bias"],
        sizes: { N: 2, C: 6, H: 4, W: 5, O: 10, I: 3, G: 3, KH: 2, KW: 2 },
        attrs: { padding: { top: 1, left: 0, bottom: 1, right: 0 } },
      },
      1e-13, // additions to grad_input come in any order
    );
  });
  it.each([[[]], [[threads]]] as const)("additions over data-dependent walks", (more: Schedule) => {
    const schedule: Schedule = [["order", { stage: "grad_input", axes: "C" }], ...more];
    expectSame(
      backwardOf(readOperator(pathOf("roi_pool"))),
      schedule,
      {
        present: [],
        sizes: { N: 2, C: 3, H: 9, W: 7, R: 5 },
        attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
      },
      1e-13,
    );
  });
  it("samples once for all channels of a block, where groups are equal", () => {
    const kernel = readOperator(pathOf("deform_conv2d")).kernel([]);
    const loads = (schedule: Schedule) =>
      dumpPlan(schedulePlan(kernel, schedule, limits)).match(/offset\[/g)?.length;
    const once = loads([threads]);
    expect(once).toBeGreaterThan(0);
    expect(loads([["jam", { stage: "output", axis: "O", by: 8 }], threads])).toBe(once);
  });
});

describe("refusals", () => {
  const refuse = (name: string, schedule: Schedule) =>
    refusalOf(readOperator(pathOf(name)).kernel([]), schedule);
  it("says why", () => {
    const jam = (stage: string, axis: string, by: number) => ["jam", { stage, axis, by }] as const;
    expect(refuse("conv2d", [jam("columns", "O", 4)])).toMatch(/no stage named columns/);
    expect(refuse("conv2d", [jam("output", "P", 4)])).toMatch(/no axis P; it has N, O, OH, OW/);
    expect(refuse("conv2d", [jam("output", "O", 1)])).toMatch(/whole number from 2 to 16, not 1/);
    expect(refuse("conv2d", [jam("output", "O", 2), jam("output", "O", 2)])).toMatch(/named twice/);
    expect(refuse("conv2d", [jam("output", "O", 8), jam("output", "OW", 4)])).toMatch(
      /at most 16 elements, not 32/,
    );
    expect(refuse("conv2d", [["order", { stage: "output", axes: "" }]])).toMatch(/names axes/);
    const lanes = ["lanes", { lanes: 8 }] as const;
    const backward = backwardOf(readOperator(pathOf("deform_conv2d"))).kernel([]);
    const refuseBackward = (schedule: Schedule) => refusalOf(backward, schedule);
    const owned = ["accumulate", { stage: "grad_input", by: "owned" }] as const;
    const ordered = ["order", { stage: "grad_input", axes: "C" }] as const;
    expect(refuseBackward([jam("grad_input", "C", 2)])).toMatch(/elements that its indices choose/);
    expect(refuseBackward([owned, ordered])).toMatch(/owners of grad_input run first/);
    expect(refuseBackward([ordered, owned])).toMatch(
      /walk its loops as declared, and these run in another order: leave out what changes it/,
    );
    const walk = (stage: string, axes: string) => ["walk", { stage, axes }] as const;
    expect(refuse("conv2d", [walk("output", "O")])).toMatch(/sums of output: I, KH, KW/);
    expect(refuse("conv2d", [walk("columns", "I")])).toMatch(/no stage named columns/);
    expect(refuse("conv2d", [lanes, jam("output", "O", 2)])).toMatch(/group of threads walks/);
    expect(refuse("conv2d", [jam("output", "O", 2), lanes])).toMatch(/several elements/);
    for (const changed of [walk("output", "I"), ["order", { stage: "output", axes: "O" }]] as const)
      expect(refuse("conv2d", [lanes, changed])).toMatch(/group of threads walks/);
  });
  it("says which loops have to stay where they are, and moves those behind them", () => {
    const backward = backwardOf(readOperator(pathOf("roi_align"))).kernel([]);
    const order = (axes: string): Schedule => [["order", { stage: "grad_input", axes }]];
    for (const axes of ["R", "PH C"])
      expect(refusalOf(backward, order(axes))).toMatch(
        /^order: how far other loops of grad_input run depends on the index over (R|PH)$/,
      );
    expect(refusalOf(backward, order("C"))).toBeUndefined();
  });
});
