// The gradients of gradients, of every tensor: derived by running the same pass again. Against central
// differences of the first gradients in float64, and as generated JavaScript against the interpreter.

import { afterAll, describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compile } from "../../generators/compile.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { findKernelFaults } from "../../generators/ir/check.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { fillInputs } from "../declarations/compare.ts";
import {
  type Arrays,
  compareDifferences,
  fill,
  ops,
  type Setting,
} from "../unit/autodiff.fixtures.ts";

const boxes = { N: 2, C: 2, H: 6, W: 5, R: 3 };
const settings: Record<string, Setting> = {
  conv2d: {
    path: ops("conv2d"),
    present: ["bias"],
    sizes: { N: 1, C: 4, H: 5, W: 4, O: 2, I: 2, KH: 3, KW: 2 },
    attrs: { stride: { y: 2, x: 1 }, padding: { top: 1, left: 0, bottom: 2, right: 1 } },
  },
  deform_conv2d: {
    path: ops("deform_conv2d"),
    present: ["mask", "bias"],
    sizes: { N: 1, C: 6, H: 4, W: 5, O: 2, I: 3, G: 3, KH: 2, KW: 2 },
    attrs: { padding: { top: 1, left: 1, bottom: 0, right: 1 } },
  },
  "deform_conv2d by its other rules": {
    path: ops("deform_conv2d"),
    present: ["mask"],
    sizes: { N: 1, C: 2, H: 4, W: 5, O: 2, I: 2, G: 1, KH: 2, KW: 2 },
    attrs: { border: "dcnv1", offset_order: "rows_then_columns", edge_grad: "zero" },
  },
  roi_align: {
    path: ops("roi_align"),
    present: [],
    sizes: boxes,
    attrs: { output_size: { y: 2, x: 2 }, spatial_scale: 0.5 },
  },
  deform_roi_pool: {
    path: ops("deform_roi_pool"),
    present: ["offset"],
    sizes: boxes,
    attrs: { output_size: { y: 2, x: 2 }, spatial_scale: 0.5 },
  },
  prroi_pool: {
    path: ops("prroi_pool"),
    present: [],
    sizes: boxes,
    attrs: { output_size: { y: 2, x: 2 }, spatial_scale: 0.5 },
  },
  dcn_v3: {
    path: ops("dcn_v3"),
    present: [],
    sizes: { N: 1, H: 4, W: 5, D: 2, P: 6 },
    attrs: { group: 2, kernel: { y: 2, x: 3 }, offset_scale: 0.75 },
  },
  ms_deform_attn: {
    path: ops("ms_deform_attn"),
    present: [],
    sizes: { B: 2, S: 26, M: 2, D: 3, L: 2, Q: 3, P: 2 },
    attrs: {},
  },
  "grid_sample, mirrored": {
    path: ops("grid_sample"),
    present: [],
    sizes: { N: 1, C: 2, H: 4, W: 5, OH: 3, OW: 4 },
    attrs: { padding_mode: "reflection" },
  },
  "dcn_v4 by softmax": {
    path: ops("dcn_v4"),
    present: [],
    sizes: { N: 1, H: 4, W: 3, D: 2, M: 15 },
    attrs: { kernel: { y: 1, x: 3 }, padding: { y: 0, x: 1 }, softmax: true },
  },
  "results that follow from results": {
    path: new URL("../declarations/spotlight.ts", import.meta.url).pathname,
    present: [],
    sizes: { N: 2, C: 2, H: 3, W: 4 },
    attrs: {},
  },
};

const executor = openJs();
afterAll(() => executor.close());

describe.each(Object.entries(settings))("%s", (_, s) => {
  const first = backwardOf(readOperator(s.path));
  const second = backwardOf(first);
  const kernel = second.kernel(s.present);
  const inputs = Object.fromEntries(
    Object.entries(fillInputs(second, s, fill)).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(data, Math.fround) },
    ]),
  ) as Arrays;
  const { attrs, options } = numbersOf(second, s.attrs);

  it("has a gradient for every tensor that the first one takes", () => {
    const given = first.kernel(s.present).tensors.map(({ name }) => name);
    const own = readOperator(s.path).differentiable;
    const wanted = given.filter((name) => own.includes(name) || name.startsWith("grad_"));
    expect(wanted.length).toBeGreaterThan(1);
    for (const tensor of wanted) expect(kernel.outputs).toContain(`grad_${tensor}`);
    expect(findKernelFaults(kernel)).toEqual([]);
  });

  it("agrees with differences of the first gradients", () => {
    const forward = first.kernel(s.present);
    const given = Object.fromEntries(
      Object.entries(inputs).filter(([name]) => forward.tensors.some((t) => t.name === name)),
    );
    const wanted = kernel.outputs.map((name) => name.slice("grad_".length));
    compareDifferences(forward, s, given, wanted);
  });

  it("agrees in JavaScript", async () => {
    const sizes = resolveSizes(kernel, s.sizes, attrs, options);
    const { programs } = compile(second, findTarget("js"), { variants: [s.present] });
    const [program] = programs;
    const named = Object.entries(attrs).map(([attr, value]) => [attr.replaceAll(".", "_"), value]);
    const outputs = await executor.run(program!, {
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([name, { data }]) => [name, Float32Array.from(data)]),
      ),
      scalars: { ...sizes, ...Object.fromEntries(named) },
      constants: Object.fromEntries(
        program!.entry.constants
          .filter((c) => options[c.option] !== undefined)
          .map((c) => [c.name, options[c.option]!]),
      ),
    });
    const want = interpretKernel(kernel, inputs, s.sizes, attrs, options);
    let largest = 0;
    for (const output of kernel.outputs) {
      const expected = want[output]!.parts[0]!;
      const scale = Math.max(...expected.map(Math.abs));
      largest = Math.max(largest, scale);
      const error = Math.max(...expected.map((v, i) => Math.abs(v - outputs[output]![i]!)));
      // JavaScript computes in float64, and rounds what it stores: stages between, then the result.
      expect(error, output).toBeLessThanOrEqual(64 * 2 ** -24 * Math.max(scale, 2 ** -10));
    }
    expect(largest).toBeGreaterThan(0.1);
  });
});
