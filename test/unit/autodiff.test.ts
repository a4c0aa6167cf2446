import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { resolve } from "../../targets/js/runtime.js";
import { fillInputs, randomFrom } from "../declarations/compare.ts";
import { type GoldenCase, goldenCases } from "../golden/golden.ts";
import {
  type Arrays,
  choices,
  compareDifferences,
  fill,
  ops,
  settings,
} from "./autodiff.fixtures.ts";

/** The sizes of a case's axes, from its shapes and attributes. */
function sizesOf(
  c: GoldenCase,
  operator: Operator,
  kernel: Kernel,
): Readonly<Record<string, number>> {
  const shapes = Object.entries(c.inputs).map(([name, { shape }]) => [name, shape]);
  return resolve(describeSignature(operator, [kernel]), Object.fromEntries(shapes), { ...c.attrs })
    .sizes;
}

describe("gradients of torchvision and mmcv", () => {
  const cases = goldenCases().filter((c) => /^(torchvision|mmcv)/.test(c.name) && c.gradients);
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const operator = readOperator(ops(c.operator));
    const present = operator.tensors
      .filter((t) => t.optional && c.inputs[t.name])
      .map((t) => t.name);
    const { output, inputs, tolerance } = c.gradients!;
    const kernel = operator.kernel(present);
    const gradient = differentiate(kernel, Object.keys(inputs));
    const { attrs, options } = numbersOf(operator, c.attrs as unknown as Record<string, AttrValue>);
    const given = { ...c.inputs, grad_output: output };
    const found = interpretKernel(gradient, given, sizesOf(c, operator, kernel), attrs, options);
    for (const [name, want] of Object.entries(inputs)) {
      const got = found[`grad_${name}`]!.parts[0]!;
      expect(got.length).toBe(want.data.length);
      const error = got.map((v, i) => Math.abs(v - want.data[i]!));
      // Most golden numbers are printed with ten decimals.
      expect(Math.max(...error), name).toBeLessThan(tolerance ?? 6e-11);
    }
  });
  it("has cases", () => expect(cases.length).toBe(36));
});

describe.each(Object.entries(settings))("differences: %s", (_, s) => {
  const operator = readOperator(s.path);
  const kernel = operator.kernel(s.present);
  const wanted = operator.differentiable.filter(
    (name) => s.present.includes(name) || !operator.tensors.find((t) => t.name === name)!.optional,
  );
  const options = choices(s.path).filter(
    (o) => !s.present.includes("offset") || o.reduce !== "max",
  );
  it.each(options.map((o) => [JSON.stringify(o), o] as const))("%s", (_, chosen) => {
    const setting = { ...s, attrs: { ...s.attrs, ...chosen } };
    const inputs = fillInputs(operator, setting, fill) as Arrays;
    compareDifferences(kernel, setting, inputs, wanted);
  });
});

describe("the form of gradients", () => {
  const stagesOf = (name: string, wanted: readonly string[]) =>
    differentiate(readOperator(ops(name)).kernel([]), wanted).stages.map(
      (x) => `${x.kind} ${x.name}`,
    );
  it("conv2d gathers all of them", () => {
    expect(stagesOf("conv2d", ["input", "weight"])).toEqual([
      "gather grad_input",
      "gather grad_weight",
    ]);
  });
  it("only the image's gradient of a deformable convolution is scattered", () => {
    expect(new Set(stagesOf("deform_conv2d", ["input", "offset", "weight"]))).toEqual(
      new Set([
        "gather columns",
        "gather grad_columns",
        "scatter grad_input",
        "gather grad_offset",
        "gather grad_weight",
      ]),
    );
  });
  it.each(Object.values(settings).map((s) => [s.path.split("/").at(-1), s] as const))(
    "each gradient alone is what it is among all: %s",
    (_, s) => {
      const operator = readOperator(s.path);
      const kernel = operator.kernel(s.present);
      const wanted = operator.differentiable.filter((t) =>
        kernel.tensors.some((k) => k.name === t),
      );
      const inputs = fillInputs(operator, s, fill) as Arrays;
      const { attrs, options } = numbersOf(operator, s.attrs);
      const { shape, parts } = interpretKernel(kernel, inputs, s.sizes, attrs, options).output!;
      const given = {
        ...inputs,
        grad_output: { shape, data: parts[0]!.map((v, i) => Math.sin(v + i)) },
      };
      const run = (names: readonly string[]) =>
        interpretKernel(differentiate(kernel, names), given, s.sizes, attrs, options);
      const all = run(wanted);
      for (const name of wanted) {
        const alone = run([name]);
        expect(Object.keys(alone)).toEqual([`grad_${name}`]);
        expect(alone[`grad_${name}`]).toEqual(all[`grad_${name}`]);
      }
    },
  );
  it("computes no more than what is asked for", () => {
    expect(stagesOf("deform_conv2d", ["weight"])).toEqual(["gather columns", "gather grad_weight"]);
  });
  it("refuses tensors that are not there", () => {
    const kernel = readOperator(ops("conv2d")).kernel([]);
    expect(() => differentiate(kernel, ["bias"])).toThrow(/conv2d has no tensor bias/);
    expect(() => differentiate(kernel, ["flow"])).toThrow(/conv2d has no tensor flow/);
  });
});

describe("gradients of gradients", () => {
  it.each(["deform_conv2d", "roi_align"])("%s", (name) => {
    const s = settings[name]!;
    const operator = readOperator(s.path);
    const first = differentiate(operator.kernel(s.present), ["input"]);
    const inputs = fillInputs(operator, s, fill) as Arrays;
    const { attrs, options } = numbersOf(operator, s.attrs);
    const forward = interpretKernel(operator.kernel(s.present), inputs, s.sizes, attrs, options);
    const random = randomFrom(5);
    const { shape, parts } = forward.output!;
    const upstream = { shape, data: Float64Array.from(parts[0]!, () => random() * 2 - 1) };
    const wanted = name === "roi_align" ? ["grad_output"] : ["offset", "weight", "grad_output"];
    compareDifferences(first, s, { ...inputs, grad_output: upstream }, wanted);
  });
});
