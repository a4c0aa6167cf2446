// Calls that are kept on a device give what a single run gives, again and again.

import { expect, it } from "vitest";
import { closeAll, openAll } from "../../generators/cli/executors.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { parsePooling } from "../../generators/measure/work/layers.ts";
import { makeRoiAlign } from "../../generators/measure/work/pooling.ts";
import { resolve } from "../../targets/js/runtime.js";
import { targets } from "../../targets/registry.ts";

// Its kernels are small, so that no device takes long to build them.
const work = makeRoiAlign(parsePooling("1,3,6,5,4,2"));
const operator = openOperator(work.op);
const inputs = Object.fromEntries(Object.entries(work.tensors).map(([n, { data }]) => [n, data]));
const shapes = Object.fromEntries(Object.entries(work.tensors).map(([n, { shape }]) => [n, shape]));
const signature = describeSignature(operator, [operator.kernel([])]);
const { scalars } = resolve(signature, shapes, work.attrs);
const grad_output = work.upstream.data;

it("on every target that keeps calls, forward and backward", async () => {
  // Opening others would build simulations.
  const cheap = ["js", "wasm", "c", "wgsl"];
  const all = await openAll(targets.filter(({ name }) => cheap.includes(name)));
  const tried: string[] = [];
  try {
    for (const { target, executor } of all.opened) {
      if (!executor.prepare) continue;
      const { kernels } = gradientsOn({ ...operator, variants: [[]] }, target);
      for (const [of, given] of [
        [[operator.kernel([])], inputs],
        [kernels, { ...inputs, grad_output }],
      ] as const) {
        const [program] = compileKernels(operator, of, target, scheduleOn(target)).programs;
        const job = { inputs: given, scalars };
        const expected = await executor.run(program!, job);
        const ready = await executor.prepare(program!, job);
        for (let i = 0; i < 3; i++) await ready.run();
        const got = await ready.read();
        expect(Object.keys(got)).toEqual(Object.keys(expected));
        for (const [name, values] of Object.entries(expected)) {
          const largest = Math.max(...Array.from(values, Math.abs));
          expect(largest).toBeGreaterThan(0);
          for (const [i, value] of values.entries())
            expect(Math.abs(got[name]![i]! - value)).toBeLessThan(1e-4 * largest);
        }
        await ready.close();
      }
      tried.push(target.name);
    }
  } finally {
    await closeAll(all);
  }
  expect(tried).toContain("js");
  expect(tried).toContain("wgsl");
});
