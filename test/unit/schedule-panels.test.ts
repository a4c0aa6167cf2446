import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { expectSame, limits, pathOf, refusalOf } from "./schedule.fixtures.ts";

const threads = ["pointwise", { group: 32 }] as const;

describe("panels", () => {
  const panel = ["panel", { stage: "columns", axes: "N OH" }] as const;
  const schedules: Record<string, Schedule> = {
    alone: [panel],
    "in another order": [["panel", { stage: "columns", axes: "OH,N" }]],
    "jammed, channels innermost": [
      panel,
      ["order", { stage: "columns", axes: "C" }],
      ["jam", { stage: "output", axis: "O", by: 4 }],
      ["jam", { stage: "output", axis: "OW", by: 2 }],
    ],
  };
  it.each(Object.keys(schedules))("deform_conv2d, %s", (name) => {
    for (const [O, I, G] of [
      [10, 3, 3],
      [5, 6, 1],
      [6, 1, 2],
    ] as const)
      expectSame(readOperator(pathOf("deform_conv2d")), schedules[name]!, {
        present: ["mask", "bias"],
        sizes: { N: 2, C: 6, H: 4, W: 5, O, I, G, KH: 2, KW: 2 },
        attrs: { padding: { top: 1, left: 0, bottom: 1, right: 0 }, stride: { y: 1, x: 2 } },
      });
  });
  it("hold what one step of the loops around needs", () => {
    const kernel = readOperator(pathOf("deform_conv2d")).kernel([]);
    const plan = schedulePlan(kernel, [panel], limits);
    const { axes, role } = plan.buffers.find(({ name }) => name === "columns")!;
    expect([axes.flat(), role]).toEqual([["C", "KH", "KW", "OW"], "workspace"]);
    expect(plan.steps.length).toBe(1);
  });
  it("are refused where loops run otherwise, or elements read elsewhere", () => {
    const operator = readOperator(pathOf("deform_conv2d"));
    const refuse = (schedule: Schedule, kernel = operator.kernel([])) =>
      refusalOf(kernel, schedule);
    const along = (axes: string) => ["panel", { stage: "columns", axes }] as const;
    expect(refuse([along("C")])).toMatch(/C is not an axis of both columns and output/);
    expect(refuse([along("")])).toMatch(/names axes of columns/);
    expect(refuse([["panel", { stage: "output", axes: "N" }]])).toMatch(/no inner stage named/);
    expect(refuse([panel, threads])).toMatch(/one after another/);
    expect(refuse([threads, panel])).toMatch(/wait for each other/);
    expect(refuse([panel, ["jam", { stage: "output", axis: "OH", by: 2 }]])).toMatch(/each step/);
    expect(refuse([panel, ["order", { stage: "columns", axes: "OH" }]])).toMatch(/each step/);
    const backward = backwardOf(operator).kernel([]);
    expect(refuse([panel], backward)).toMatch(/not an axis of both|other indices/);
    expect(refuse([["panel", { stage: "grad_columns", axes: "N" }]], backward)).toMatch(
      /not read by one stage alone/,
    );
  });
  it("are refused among groups that share sums", () => {
    const lanes = ["lanes", { lanes: 8 }] as const;
    const kernel = readOperator(pathOf("deform_conv2d")).kernel([]);
    expect(refusalOf(kernel, [panel, lanes])).toMatch(/^lanes: .* one after another$/);
    expect(refusalOf(kernel, [lanes, panel])).toMatch(/^panel: .* wait for each other$/);
  });
});

describe("stages that read each other", () => {
  const path = new URL("../declarations/chained_stages.ts", import.meta.url).pathname;
  const operator = readOperator(path);
  const kernel = operator.kernel([]);
  const setting = { present: [], sizes: { N: 2, C: 3, W: 7, O: 4 }, attrs: {} };
  const panelOf = (stage: string) => ["panel", { stage, axes: "N W" }] as const;
  const store = (stage: string) => ["materialise", { stage }] as const;
  const lanes = ["lanes", { lanes: 8 }] as const;

  it.each([
    [[panelOf("square")]],
    [[panelOf("curve")]],
    [[store("square"), panelOf("curve")]],
    [[panelOf("curve"), store("square")]],
    [[store("curve"), panelOf("square")]],
  ] as Schedule[][])("are right under %j", (schedule) => expectSame(operator, schedule, setting));
  it("are right where groups share sums of those that are stored later", () =>
    // Groups add up in another order.
    expectSame(operator, [lanes, store("curve")], setting, 1e-13));

  it.each([
    [[panelOf("square"), panelOf("curve")], /made by output, which would no longer read it/],
    [[panelOf("curve"), panelOf("square")], /curve, which makes panels of square, is one itself/],
    [[panelOf("square"), store("curve")], /made by output, which would no longer read it/],
    [[store("curve"), panelOf("square"), panelOf("curve")], /is one itself/],
    [[panelOf("curve"), store("curve")], /curve is made in panels already/],
    [[lanes, store("mixed")], /groups of threads share a sum of output, but output holds no sum/],
  ] as [Schedule, RegExp][])("refuse %j", (schedule, why) =>
    expect(refusalOf(kernel, schedule)).toMatch(why),
  );
});
