// The gradients of declarations that users may write, against central differences.

import { describe, expect, it } from "vitest";
import { GradientError } from "../../generators/autodiff/adjoint.ts";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { findKernelFaults } from "../../generators/ir/check.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";
import {
  type Arrays,
  choices,
  compareDifferences,
  pathOf,
  type Setting,
} from "./autodiff.fixtures.ts";

const operators: readonly string[] = ["dcn_v4", "ms_deform_attn"];
/** An operator, or what a user may declare. */
const declared = (name: string) =>
  pathOf(`${operators.includes(name) ? "dsl/ops" : "test/declarations"}/${name}`);

interface Declared extends Omit<Setting, "path" | "present"> {
  readonly fill: Fill;
}

const levels = { shapes: [4, 5, 2, 3], starts: [0, 20] };
const declarations: Record<string, Declared> = {
  dcn_v4: {
    sizes: { N: 1, H: 4, W: 5, D: 2, M: 56 },
    attrs: { group: 2, offset_scale: 0.75, softmax: true },
    fill: (_, __, ___, random) => random() * 3 - 1.5,
  },
  ms_deform_attn: {
    sizes: { B: 1, S: 26, M: 2, D: 3, L: 2, Q: 3, P: 3 },
    attrs: {},
    fill: (tensor, i, _, random) => {
      if (tensor === "shapes" || tensor === "starts") return levels[tensor][i]!;
      return tensor === "location" ? random() * 1.4 - 0.2 : random() * 2 - 1;
    },
  },
  spotlight: {
    sizes: { N: 2, C: 2, H: 3, W: 4 },
    attrs: {},
    fill: (_, __, ___, random) => random() * 2 - 1,
  },
};

describe.each(Object.entries(declarations))("%s", (name, { fill, ...call }) => {
  const path = declared(name);
  const operator = readOperator(path);
  const kernel = operator.kernel([]);

  it.each(choices(path).map((o) => [JSON.stringify(o), o] as const))("%s", (_, options) => {
    const setting = { ...call, path, present: [], attrs: { ...call.attrs, ...options } };
    const inputs = fillInputs(operator, setting, fill) as Arrays;
    // Each tensor must have a slope, so each is compared alone.
    for (const tensor of operator.differentiable)
      compareDifferences(kernel, setting, inputs, [tensor]);
  });

  it("has a backward that passes the checks", () => {
    expect(findKernelFaults(backwardOf(operator).kernel([]))).toEqual([]);
  });
});

describe("stages of several numbers", () => {
  const kernel = readOperator(declared("spotlight")).kernel([]);
  const stages = differentiate(kernel, ["input", "gain"]).stages.map((stage) => stage.name);
  it("have a gradient for each number, and none for an index", () => {
    expect(stages).toContain("grad_peak_0");
    expect(stages).not.toContain("grad_peak_1");
    expect(stages).toContain("grad_moments_0");
    expect(stages).toContain("grad_moments_1");
  });
  it("hand on what later results took from an earlier one", () => {
    expect(stages).toContain("grad_scaled_within");
  });
});

describe("walks that end where a tensor says", () => {
  const operator = readOperator(declared("fading_mean"));
  it("have no gradient by that tensor", () => {
    expect(() => backwardOf(operator)).toThrow(GradientError);
    expect(() => backwardOf(operator)).toThrow(
      "in output, how far W is walked depends on reach, which has no slope",
    );
  });
  it("have none either where nothing but the end follows it", () => {
    expect(() => differentiate(operator.kernel([]), ["reach"])).toThrow("depends on reach");
  });
  it("have one by the others", () => {
    const kernel = operator.kernel([]);
    const setting = { path: operator.path, present: [], sizes: { N: 2, W: 7 }, attrs: {} };
    const inputs = fillInputs(operator, setting, (tensor, i) =>
      tensor === "reach" ? 2.5 + i : 1 + i,
    ) as Arrays;
    compareDifferences(kernel, setting, inputs, ["input"]);
    expect(backwardOf(operator, ["input"]).differentiable).toEqual(["input", "grad_output"]);
  });
});
