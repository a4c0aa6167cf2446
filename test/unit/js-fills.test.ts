// Results that begin with something else than 0, where they may be chosen and added to.

import { expect, test } from "vitest";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { frameUnit } from "../../generators/emit/unit.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { js } from "../../targets/js/target.ts";

type Backward = (
  tensors: object,
  attributes: object,
  choice?: object,
) => Readonly<Record<string, { readonly data: Float32Array }>>;

test("a fill is done in new arrays, and not in those that are added to", async () => {
  const operator = readOperator("dsl/ops/roi_align.ts");
  const serial = { name: "serial", steps: [] } as const;
  const { kernels } = gradientsOn(operator, js);
  const { printed } = compileKernels(operator, kernels, js, scheduleOn(js, serial));
  const load = async (value: number): Promise<Backward> => {
    const plans = printed.plans.map((plan) => {
      const steps = plan.entry.steps.map((s) => (s.kind === "fill" ? { ...s, value } : s));
      expect(steps.some(({ kind }) => kind === "fill")).toBe(true);
      return { ...plan, entry: { ...plan.entry, steps } };
    });
    const text = frameUnit({ ...printed, plans }, js).get("js/roi_align_backward.js")!;
    return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).roi_align_backward;
  };
  const tensors = {
    input: { data: new Float32Array(30), shape: [1, 1, 5, 6] },
    rois: { data: Float32Array.of(0, 0, 0, 4, 4), shape: [1, 5] },
    grad_output: { data: Float32Array.of(1, 2, 3, 4), shape: [1, 1, 2, 2] },
  };
  const attributes = { output_size: 2, spatial_scale: 1 };
  const plain = (await load(0))(tensors, attributes).grad_input!.data;
  expect(plain.some((v) => v !== 0)).toBe(true);
  const filled = await load(7);
  expect([...filled(tensors, attributes).grad_input!.data]).toEqual([...plain].map((v) => v + 7));
  const own = new Float32Array(30).fill(1);
  filled(tensors, attributes, { accumulate: { grad_input: own } });
  expect([...own]).toEqual([...plain].map((v) => v + 1));
});
