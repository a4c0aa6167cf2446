import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compile } from "../../generators/compile.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

// Backward kernels, derived and lowered with plain or atomic additions, on every target that can add to an
// element that an index chooses, against the interpreter in float64.

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return Math.fround((i % columns) * 3 + random() * 6 - 3);
  if (tensor === "offset" || tensor === "trans") return Math.fround(random() * 6 - 3);
  return Math.fround(random() * 2 - 1);
};

interface Setting {
  readonly operator: string;
  readonly present: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

const settings: readonly Setting[] = [
  {
    operator: "conv2d",
    present: ["bias"],
    sizes: { N: 2, C: 4, H: 5, W: 4, O: 2, I: 2, KH: 3, KW: 2 },
    attrs: { stride: { y: 2, x: 1 }, padding: { top: 1, left: 0, bottom: 2, right: 1 } },
  },
  {
    operator: "deform_conv2d",
    present: ["mask", "bias"],
    sizes: { N: 1, C: 6, H: 5, W: 4, O: 2, I: 3, G: 3, KH: 3, KW: 2 },
    attrs: { dilation: { y: 1, x: 2 }, padding: { top: 1, left: 2, bottom: 0, right: 1 } },
  },
  {
    operator: "deform_conv2d",
    present: [],
    sizes: { N: 2, C: 2, H: 5, W: 5, O: 3, I: 2, G: 1, KH: 3, KW: 3 },
    attrs: {
      border: "dcnv1",
      offset_order: "rows_then_columns",
      padding: { top: 1, left: 1, bottom: 1, right: 1 },
    },
  },
  {
    operator: "roi_pool",
    present: ["offset"],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, reduce: "mean" },
  },
  {
    operator: "deform_roi_pool",
    present: ["offset"],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  {
    operator: "deform_roi_pool",
    present: ["offset"],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 2, x: 2 }, sampling_ratio: 2, border: "skip", grid: "corner" },
  },
  {
    operator: "prroi_pool",
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  {
    operator: "ps_roi_pool",
    present: [],
    sizes: { N: 2, O: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
  {
    operator: "deform_ps_roi_pool",
    present: ["trans"],
    sizes: { N: 2, O: 4, K: 2, H: 9, W: 7, R: 4 },
    attrs: {
      output_size: { y: 3, x: 2 },
      group_size: { y: 0, x: 0 },
      part_size: { y: 2, x: 2 },
      sample_per_part: 2,
      spatial_scale: 0.5,
    },
  },
  {
    operator: "roi_align",
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
];

const opened = new Map<string, Executor | Unavailable>();
const openers = { js: openJs, wgsl: openWgsl, cuda: openCuda } as const;
type Name = keyof typeof openers;

beforeAll(async () => {
  for (const [name, open] of Object.entries(openers)) opened.set(name, await open());
});
afterAll(async () => {
  for (const executor of opened.values()) if ("close" in executor) await executor.close();
});

describe.each(settings.map((s) => [`${s.operator} ${s.present}`, s] as const))("%s", (_, s) => {
  const path = new URL(`../../dsl/ops/${s.operator}.ts`, import.meta.url).pathname;
  const operator = backwardOf(readOperator(path));
  const kernel = operator.kernel(s.present);
  const inputs = Object.fromEntries(
    Object.entries(fillInputs(operator, s, fill)).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
  const { attrs, options } = numbersOf(operator, s.attrs);
  const sizes = resolveSizes(kernel, s.sizes, attrs, options);

  it.for(Object.keys(openers) as Name[])("%s", async (name, context) => {
    const executor = opened.get(name)!;
    if ("unavailable" in executor) {
      console.log(`skipped on ${name}: ${executor.unavailable}`);
      return context.skip(executor.unavailable);
    }
    const [program] = compile(operator, findTarget(name), { variants: [s.present] }).programs;
    const named = Object.entries(attrs).map(([attr, value]) => [attr.replaceAll(".", "_"), value]);
    const outputs = await executor.run(program!, {
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([tensor, { data }]) => [tensor, data]),
      ),
      scalars: { ...sizes, ...Object.fromEntries(named) },
      constants: Object.fromEntries(
        program!.entry.constants.map((c) => [c.name, options[c.option]!]),
      ),
    });
    const want = interpretKernel(kernel, inputs, s.sizes, attrs, options);
    expect(Object.keys(outputs).sort()).toEqual([...kernel.outputs].sort());
    for (const output of kernel.outputs) {
      const expected = want[output]!.parts[0]!;
      const got = outputs[output]!;
      expect(got.length).toBe(expected.length);
      const largest = Math.max(...expected.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      // Fewer than 16 roundings for each of at most 16 terms, none of which is larger than the largest sum.
      const bound = 256 * 2 ** -24 * largest;
      const error = Math.max(...expected.map((v, i) => Math.abs(v - got[i]!)));
      expect(error, output).toBeLessThan(bound);
    }
  });
});
