// Gradients against central differences, and the settings that the operators are tried in.

import { expect } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { isOption, type Kernel, optionValues } from "../../generators/ir/kernel.ts";
import { type Fill, randomFrom } from "../declarations/compare.ts";

/** The path of a file of the project, without its ending. */
export const pathOf = (name: string) => new URL(`../../${name}.ts`, import.meta.url).pathname;
/** The path of an operator's declaration. */
export const ops = (name: string) => pathOf(`dsl/ops/${name}`);

/** Tensors by name. */
export type Arrays = Record<string, { shape: readonly number[]; data: Float64Array }>;

/** Ordinary elements: boxes about the map, offsets of a few pixels. */
export const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  // Two maps, one after another, for multi-scale attention; shares of the picture, a little beyond it too.
  if (tensor === "shapes") return [4, 5, 2, 3][i]!;
  if (tensor === "starts") return 20 * i;
  if (tensor === "location") return random() * 1.2 - 0.1;
  if (tensor === "grid") return random() * 2.4 - 1.2;
  if (["offset", "trans", "flow"].includes(tensor)) return random() * 6 - 3;
  return random() * 2 - 1;
};

/** A call of an operator. */
export interface Setting {
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
export function compareDifferences(
  kernel: Kernel,
  s: Setting,
  inputs: Arrays,
  wanted: readonly string[],
) {
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
export const choices = (path: string) =>
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

/** A call of each operator, and of one that a user may declare. */
export const settings: Record<string, Setting> = {
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
  roi_align_rotated: {
    path: ops("roi_align_rotated"),
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 2, x: 3 }, spatial_scale: 0.75 },
  },
  prroi_pool: {
    path: ops("prroi_pool"),
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  ps_roi_pool: {
    path: ops("ps_roi_pool"),
    present: [],
    sizes: { N: 2, O: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, group_size: { y: 2, x: 0 }, spatial_scale: 0.5 },
  },
  ps_roi_align: {
    path: ops("ps_roi_align"),
    present: [],
    sizes: { N: 2, O: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  deform_ps_roi_pool: {
    path: ops("deform_ps_roi_pool"),
    present: ["trans"],
    // Parts that are neither the bins nor the groups.
    sizes: { N: 2, O: 4, K: 2, H: 9, W: 7, R: 4 },
    attrs: {
      output_size: { y: 3, x: 4 },
      group_size: { y: 0, x: 2 },
      part_size: { y: 2, x: 3 },
      sample_per_part: 2,
      spatial_scale: 0.5,
    },
  },
  "a user's operator": {
    path: pathOf("examples/flow_warp"),
    present: [],
    sizes: { N: 2, C: 2, H: 5, W: 7, OH: 4, OW: 6 },
    attrs: { scale: 0.75 },
  },
};
