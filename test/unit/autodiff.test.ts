import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { isOption, type Kernel, optionValues } from "../../generators/ir/kernel.ts";
import { type Fill, fillInputs, randomFrom } from "../declarations/compare.ts";
import { type GoldenCase, goldenCases } from "../golden/golden.ts";

const pathOf = (name: string) => new URL(`../../${name}.ts`, import.meta.url).pathname;
const ops = (name: string) => pathOf(`dsl/ops/${name}`);

type Arrays = Record<string, { shape: readonly number[]; data: Float64Array }>;

/** The sizes of a case's axes, from its shapes. */
function sizesOf(c: GoldenCase): Record<string, number> {
  const [N, C, H, W] = c.inputs.input!.shape as [number, number, number, number];
  const sizes: Record<string, number> = { N, C, H, W };
  if (c.inputs.rois) return { ...sizes, R: c.inputs.rois.shape[0]! };
  const [O, I, KH, KW] = c.inputs.weight!.shape as [number, number, number, number];
  Object.assign(sizes, { O, I, KH, KW });
  const offset = c.inputs.offset?.shape;
  if (offset) Object.assign(sizes, { G: offset[1]! / (2 * KH * KW), OH: offset[2], OW: offset[3] });
  return sizes;
}

describe("gradients of torchvision and mmcv", () => {
  const cases = goldenCases().filter((c) => /^(torchvision|mmcv)/.test(c.name) && c.gradients);
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const operator = readOperator(ops(c.operator));
    const present = operator.tensors
      .filter((t) => t.optional && c.inputs[t.name])
      .map((t) => t.name);
    const { output, inputs } = c.gradients!;
    const gradient = differentiate(operator.kernel(present), Object.keys(inputs));
    const { attrs, options } = numbersOf(operator, c.attrs as unknown as Record<string, AttrValue>);
    const given = { ...c.inputs, grad_output: output };
    const found = interpretKernel(gradient, given, sizesOf(c), attrs, options);
    for (const [name, want] of Object.entries(inputs)) {
      const got = found[`grad_${name}`]!.parts[0]!;
      expect(got.length).toBe(want.data.length);
      const error = got.map((v, i) => Math.abs(v - want.data[i]!));
      // The golden numbers are printed with ten decimals.
      expect(Math.max(...error), name).toBeLessThan(6e-11);
    }
  });
  it("has cases", () => expect(cases.length).toBe(21));
});

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "offset" || tensor === "flow") return random() * 6 - 3;
  return random() * 2 - 1;
};

interface Setting {
  readonly path: string;
  readonly present: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

/** Σ of each output times a fixed random tensor: a number whose gradient is the kernel's. */
function lossOf(kernel: Kernel, s: Setting, seeds: Arrays) {
  const operator = readOperator(s.path);
  const { attrs, options } = numbersOf(operator, s.attrs);
  return (inputs: Arrays): number => {
    const outputs = interpretKernel(kernel, inputs, s.sizes, attrs, options);
    let loss = 0;
    for (const [name, { parts }] of Object.entries(outputs))
      parts[0]!.forEach((v, i) => {
        loss += v * seeds[`grad_${name}`]!.data[i]!;
      });
    return loss;
  };
}

/** Compares gradients of `kernel` with central differences at some elements of each tensor. */
function compareDifferences(kernel: Kernel, s: Setting, inputs: Arrays, wanted: readonly string[]) {
  const operator = readOperator(s.path);
  const { attrs, options } = numbersOf(operator, s.attrs);
  const random = randomFrom(11);
  const seeds: Arrays = Object.fromEntries(
    Object.entries(interpretKernel(kernel, inputs, s.sizes, attrs, options)).map(
      ([name, { shape, parts }]) => [
        `grad_${name}`,
        { shape, data: Float64Array.from(parts[0]!, () => random() * 2 - 1) },
      ],
    ),
  );
  const gradient = differentiate(kernel, wanted);
  const found = interpretKernel(gradient, { ...inputs, ...seeds }, s.sizes, attrs, options);
  const loss = lossOf(kernel, s, seeds);
  const h = 1e-5;
  let largest = 0;
  for (const name of wanted) {
    const { shape, data } = inputs[name]!;
    const got = found[`grad_${name}`]!.parts[0]!;
    // Elements at random, and some that certainly have a slope: a maximum leaves most without one.
    const steep = [...got.keys()].filter((i) => got[i] !== 0).slice(0, 6);
    const any = Array.from({ length: 8 }, () => Math.floor(random() * data.length));
    for (const i of [...steep, ...any]) {
      const at = (d: number): Arrays => {
        const moved = Float64Array.from(data);
        moved[i]! += d;
        return { ...inputs, [name]: { shape, data: moved } };
      };
      const difference = (loss(at(h)) - loss(at(-h))) / (2 * h);
      expect(Math.abs(got[i]! - difference), `${name}[${i}]`).toBeLessThan(2e-8);
      largest = Math.max(largest, Math.abs(difference));
    }
  }
  expect(largest).toBeGreaterThan(1e-3);
}

/** Every choice of an operator's options. */
const choices = (path: string) =>
  readOperator(path)
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

const settings: Record<string, Setting> = {
  conv2d: {
    path: ops("conv2d"),
    present: ["bias"],
    sizes: { N: 2, C: 4, H: 6, W: 5, O: 6, I: 2, KH: 3, KW: 2 },
    attrs: {
      stride: { y: 2, x: 1 },
      padding: { top: 1, left: 0, bottom: 2, right: 3 },
      dilation: { y: 1, x: 2 },
    },
  },
  deform_conv2d: {
    path: ops("deform_conv2d"),
    present: ["mask", "bias"],
    // Two groups and three offset groups over six channels: blocks that do not nest.
    sizes: { N: 1, C: 6, H: 6, W: 5, O: 4, I: 3, G: 3, KH: 3, KW: 2 },
    attrs: { padding: { top: 1, left: 2, bottom: 0, right: 1 }, stride: { y: 1, x: 2 } },
  },
  roi_pool: {
    path: ops("roi_pool"),
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  "deformable roi_pool": {
    path: ops("roi_pool"),
    present: ["offset"],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 2, x: 2 }, spatial_scale: 0.5, reduce: "mean" },
  },
  roi_align: {
    path: ops("roi_align"),
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  deform_roi_pool: {
    path: ops("deform_roi_pool"),
    present: ["offset"],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  "a user's operator": {
    path: pathOf("examples/flow_warp"),
    present: [],
    sizes: { N: 2, C: 2, H: 5, W: 7, OH: 4, OW: 6 },
    attrs: { scale: 0.75 },
  },
};

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
