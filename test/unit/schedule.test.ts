import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import type { HostArray } from "../../generators/frontend/reference.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import { isOption, type Kernel, optionValues } from "../../generators/ir/kernel.ts";
import { checkPlan } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { applySchedule, type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

const pathOf = (name: string) => new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
const limits = { threads: 256, sharedBytes: 16384 };

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "offset") return random() * 6 - 3;
  return random() * 2 - 1;
};

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

  describe.each(Object.entries(schedules))("%s", (_, schedule) => {
    const applied = applySchedule(operator.kernel([]), schedule, limits);
    it.skipIf("refused" in applied).each(operator.variants.map((v) => ({ present: v })))(
      "with $present",
      ({ present }) => {
        for (const options of choices(name)) {
          if (present.includes("offset") && options.reduce === "max") continue;
          const chosen = { ...attrs, ...options };
          const inputs = fillInputs(operator, { sizes, attrs: chosen, present }, fill);
          // Lanes add in another order; all other schedules compute what the declaration says.
          const bound = schedule.some(([t]) => t === "lanes") ? 1e-13 : 0;
          comparePlan(operator, operator.kernel(present), schedule, {
            sizes,
            chosen,
            inputs,
            bound,
          });
        }
      },
    );
  });

  it.each(["serial", "pointwise"])("gradients, %s", (by) => {
    const present = name === "deform_conv2d" ? ["mask", "bias"] : [];
    const chosen = { ...attrs };
    const inputs = fillInputs(operator, { sizes, attrs: chosen, present }, fill);
    const kernel = operator.kernel(present);
    const wanted = operator.differentiable.filter((t) => kernel.tensors.some((k) => k.name === t));
    const gradient = differentiate(kernel, wanted);
    const numbers = numbersOf(operator, chosen);
    const { shape, parts } = interpretKernel(kernel, inputs, sizes, numbers.attrs, numbers.options)
      .output!;
    const grad_output = { shape, data: parts[0]!.map((v, i) => Math.sin(v + i)) };
    // Contributions are added in any order.
    const given = { ...inputs, grad_output };
    comparePlan(operator, gradient, schedules[by]!, { sizes, chosen, inputs: given, bound: 1e-13 });
  });
});

interface Comparison {
  readonly sizes: Readonly<Record<string, number>>;
  readonly chosen: Readonly<Record<string, AttrValue>>;
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly bound: number;
}

/** Runs a kernel's plan with its threads in any order, and the kernel, and compares all outputs. */
function comparePlan(operator: Operator, kernel: Kernel, schedule: Schedule, c: Comparison) {
  const plan = schedulePlan(kernel, schedule, limits);
  checkPlan(plan, "scheduling");
  const numbers = numbersOf(operator, c.chosen);
  const want = interpretKernel(kernel, c.inputs, c.sizes, numbers.attrs, numbers.options);
  const all = resolveSizes(kernel, c.sizes, numbers.attrs, numbers.options);
  const scalar = Object.entries(numbers.attrs).map(([k, v]) => [k.replaceAll(".", "_"), v]);
  const constant = Object.entries(numbers.options).map(([k, v]) => [k.toUpperCase(), v]);
  const found = interpretPlan(
    plan,
    Object.fromEntries(Object.entries(c.inputs).map(([k, v]) => [k, v.data])),
    { ...all, ...Object.fromEntries(scalar) },
    Object.fromEntries(constant.filter(([k]) => plan.options.some((o) => o.constant === k))),
    { mode: "f64", order: "shuffled", seed: 3, poison: true },
  );
  for (const name of kernel.outputs) {
    const [got, expected] = [found[name]!, want[name]!.parts[0]!];
    expect(got.length).toBe(expected.length);
    const error = got.map((v, i) => Math.abs(v - expected[i]!));
    expect(Math.max(...error), name).toBeLessThanOrEqual(c.bound);
    expect(
      got.some((v) => v !== 0),
      name,
    ).toBe(true);
  }
}

describe("refusals", () => {
  const refuse = (name: string, schedule: Schedule) => {
    const result = applySchedule(readOperator(pathOf(name)).kernel([]), schedule, limits);
    return "refused" in result ? result.refused : undefined;
  };
  it("says why", () => {
    expect(refuse("conv2d", [["tile"]])).toMatch(/no transform named tile; there are/);
    expect(refuse("conv2d", [["materialise", { stage: "columns" }]])).toMatch(/no inner stage/);
    expect(refuse("roi_align", [["lanes", { lanes: 8 }]])).toMatch(/3 reductions, not one/);
    expect(refuse("conv2d", [["pointwise", { group: 512 }]])).toMatch(/at most 256 threads/);
    expect(refuse("conv2d", [["lanes", { lanes: 3 }]])).toMatch(/lanes is one of/);
    expect(refuse("conv2d", [["unroll", { steps: -1 }]])).toMatch(/whole number from 0 to 64/);
  });
});
