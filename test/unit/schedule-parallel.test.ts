import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { parallelLoop } from "../../generators/ir/nest.ts";
import type { Schedule } from "../../generators/schedule/index.ts";
import { schedulePlan } from "../../generators/schedule/index.ts";
import { comparePlan, inputsOf, pathOf, refusalOf, type Setting } from "./schedule.fixtures.ts";

const limits = { threads: 1, sharedBytes: 0 };
const parallel = ["parallel", { loops: 2 }] as const;

/** How many launches CPU threads share out, where the plan gives what the kernel does. */
function sharedOut(name: string, schedule: Schedule, s: Setting, gradient = false): number {
  const forward = readOperator(pathOf(name));
  const operator = gradient ? backwardOf(forward) : forward;
  const kernel = operator.kernel(s.present);
  const inputs = inputsOf(operator, s);
  comparePlan(operator, kernel, schedule, { ...s, inputs, bound: 1e-12, limits });
  const { steps } = schedulePlan(kernel, schedule, limits);
  return steps.filter((step) => step.kind === "launch" && parallelLoop(step.nest)).length;
}

describe("loops of CPU threads", () => {
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
  it("share out every launch that stores elements", () => {
    const layout = ["layout", { of: "input", axes: "N H W C" }] as const;
    const vector = ["vector", { stage: "output", axis: "C", by: 4 }] as const;
    expect(sharedOut("roi_align", [parallel], roi)).toBe(1);
    expect(sharedOut("roi_align", [layout, vector, parallel], roi)).toBe(2);
  });
  it("have panels of their own", () => {
    const panel = ["panel", { stage: "columns", axes: "N OH" }] as const;
    const jam = ["jam", { stage: "output", axis: "OW", by: 2 }] as const;
    const plan = schedulePlan(
      readOperator(pathOf("deform_conv2d")).kernel([]),
      [panel, jam, parallel],
      limits,
    );
    expect(plan.buffers.find(({ name }) => name === "columns")?.perWorker).toBe(true);
    expect(sharedOut("deform_conv2d", [panel, jam, parallel], conv)).toBe(1);
  });
  it("add to what they own, and to nothing else", () => {
    const owned = ["accumulate", { stage: "grad_input", by: "owned" }] as const;
    // One for the mean and one for both kinds of maximum.
    expect(sharedOut("roi_align", [owned, parallel], roi, true)).toBe(2);
    const along = [
      ["layout", { of: "grad_input", axes: "N H W C" }],
      ["vector", { stage: "grad_input_nhwc", axis: "C", by: 4 }],
      parallel,
    ] as const;
    const large = { ...roi, sizes: { ...roi.sizes, C: 70 } };
    for (const setting of [roi, large])
      expect(sharedOut("roi_align", along, setting, true)).toBe(3);
    const backward = backwardOf(readOperator(pathOf("roi_align"))).kernel([]);
    expect(refusalOf(backward, [parallel], limits)).toMatch(
      /^parallel: threads would add to the same elements of grad_input/,
    );
    expect(refusalOf(backward, [parallel])).toMatch(/^parallel: threads run in groups here/);
    expect(refusalOf(backward, [["parallel", { loops: 5 }]], limits)).toBe(
      "parallel: loops is one of 1, 2, 3, 4, not 5",
    );
  });
});
