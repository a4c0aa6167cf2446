import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { isOption, optionValues } from "../../generators/ir/kernel.ts";
import type { Schedule } from "../../generators/schedule/index.ts";
import { comparePlan, inputsOf, pathOf, refusalOf } from "./schedule.fixtures.ts";

const small: Record<string, { sizes: Record<string, number>; attrs: Record<string, AttrValue> }> = {
  conv2d: {
    sizes: { N: 2, C: 4, H: 5, W: 4, O: 2, I: 2, KH: 3, KW: 2 },
    attrs: { stride: { y: 2, x: 1 }, padding: { top: 1, left: 0, bottom: 2, right: 1 } },
  },
  deform_conv2d: {
    sizes: { N: 1, C: 6, H: 5, W: 4, O: 2, I: 3, G: 3, KH: 3, KW: 2 },
    attrs: { dilation: { y: 1, x: 2 }, padding: { top: 1, left: 2, bottom: 0, right: 1 } },
  },
  roi_pool: {
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  roi_align: {
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
};

const schedules: Record<string, Schedule> = {
  serial: [],
  pointwise: [["pointwise", { group: 32 }]],
  materialise: [["materialise", { stage: "columns" }], ["pointwise"]],
  lanes: [["lanes", { lanes: 8 }]],
  "materialise, lanes": [
    ["materialise", { stage: "columns" }],
    ["lanes", { lanes: 4 }],
    ["pointwise", { group: 32 }],
  ],
};

/** Only deform_conv2d has an inner stage, and the RoI operators have several reductions, or a maximum. */
const refusedBy: Readonly<Record<string, readonly string[]>> = {
  conv2d: ["materialise", "materialise, lanes"],
  deform_conv2d: [],
  roi_pool: ["materialise", "lanes", "materialise, lanes"],
  roi_align: ["materialise", "lanes", "materialise, lanes"],
};

/** Every choice of an operator's options. */
function choices(name: string): Record<string, AttrValue>[] {
  return readOperator(pathOf(name))
    .attrs.filter(isOption)
    .reduce<Record<string, AttrValue>[]>(
      (all, attr) =>
        all.flatMap((one) =>
          optionValues(attr).map((v) => ({
            ...one,
            [attr.name]: attr.type === "bool" ? v === "true" : v,
          })),
        ),
      [{}],
    );
}

describe.each(Object.keys(small))("%s", (name) => {
  const operator = readOperator(pathOf(name));
  const { sizes, attrs } = small[name]!;

  const refused = Object.keys(schedules).filter(
    (by) => refusalOf(operator.kernel([]), schedules[by]!) !== undefined,
  );
  it("takes all schedules but some", () => expect(refused).toEqual(refusedBy[name]));

  describe.each(Object.keys(schedules).filter((by) => !refused.includes(by)))("%s", (by) => {
    const schedule = schedules[by]!;
    it.each(operator.variants.map((v) => ({ present: v })))("with $present", ({ present }) => {
      for (const options of choices(name)) {
        if (present.includes("offset") && options.reduce === "max") continue;
        const chosen = { ...attrs, ...options };
        const inputs = inputsOf(operator, { sizes, attrs: chosen, present });
        // Lanes add in another order; all other schedules compute what the declaration says.
        const bound = schedule.some(([t]) => t === "lanes") ? 1e-13 : 0;
        comparePlan(operator, operator.kernel(present), schedule, {
          sizes,
          attrs: chosen,
          inputs,
          bound,
        });
      }
    });
  });

  it.each(["serial", "pointwise"])("gradients, %s", (by) => {
    const present = name === "deform_conv2d" ? ["mask", "bias"] : [];
    const chosen = { ...attrs };
    const inputs = inputsOf(operator, { sizes, attrs: chosen, present });
    const kernel = operator.kernel(present);
    const wanted = operator.differentiable.filter((t) => kernel.tensors.some((k) => k.name === t));
    const gradient = differentiate(kernel, wanted);
    const numbers = numbersOf(operator, chosen);
    const { shape, parts } = interpretKernel(kernel, inputs, sizes, numbers.attrs, numbers.options)
      .output!;
    const grad_output = { shape, data: parts[0]!.map((v, i) => Math.sin(v + i)) };
    // Contributions are added in any order.
    const given = { ...inputs, grad_output };
    comparePlan(operator, gradient, schedules[by]!, {
      sizes,
      attrs: chosen,
      inputs: given,
      bound: 1e-13,
    });
  });
});

describe("refusals", () => {
  const refuse = (name: string, schedule: Schedule) =>
    refusalOf(readOperator(pathOf(name)).kernel([]), schedule);
  it("says why", () => {
    expect(refuse("conv2d", [["tile"]])).toMatch(/no transform named tile; there are/);
    expect(refuse("conv2d", [["materialise", { stage: "columns" }]])).toMatch(/no inner stage/);
    expect(refuse("roi_align", [["lanes", { lanes: 8 }]])).toMatch(/3 reductions, not one/);
    expect(refuse("conv2d", [["pointwise", { group: 512 }]])).toMatch(/at most 256 threads/);
    expect(refuse("conv2d", [["lanes", { lanes: 3 }]])).toMatch(/lanes is one of/);
    expect(refuse("conv2d", [["unroll", { steps: -1 }]])).toMatch(/whole number from 0 to 64/);
  });
});
