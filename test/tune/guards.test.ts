// Guarded calls: what a run leaves out is NaN, and what is written beside outputs is found.

import { expect, test } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { findKernel } from "../../generators/cli/tuning/subject.ts";
import { makeConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer } from "../../generators/measure/work/layers.ts";
import { createGuarded, guardBytes } from "../../targets/contract/guards.ts";
import { machines } from "../../targets/machine.ts";
import { targetsByName } from "../../targets/registry.ts";

test("a write before or behind an array is found", () => {
  const { data, isDamaged } = createGuarded("f32", 5);
  data.fill(3);
  expect(isDamaged()).toBe(false);
  const bytes = new Uint8Array(data.buffer);
  for (const at of [0, guardBytes - 1, guardBytes + data.byteLength, bytes.length - 1]) {
    const before = bytes[at]!;
    bytes[at] = before ^ 1;
    expect([at, isDamaged()]).toEqual([at, true]);
    bytes[at] = before;
  }
  expect(isDamaged()).toBe(false);
});

const work = makeConv(parseLayer("1,3,6,5,4,3"));
const operator = openOperator("conv2d");

test.each(["js", "wasm", "c"] as const)("%s computes the same when it is guarded", async (name) => {
  const executor = await machines[name].open[0]();
  if ("unavailable" in executor) {
    // In CI there is a C compiler; elsewhere it is said what is missing.
    expect(process.env.CI ?? "").toBe("");
    process.stderr.write(`skipped: ${name}: ${executor.unavailable}\n`);
    return;
  }
  const { compile, scalars } = findKernel(operator, work, targetsByName[name]);
  const inputs = Object.fromEntries(
    Object.entries(work.tensors).map(([tensor, { data }]) => [tensor, data]),
  );
  const program = compile();
  const expected = await executor.run(program, { inputs, scalars });
  const prepared = await executor.prepare!(program, { inputs, scalars, guarded: true });
  await prepared.poison!();
  expect((await prepared.read()).output!.every(Number.isNaN)).toBe(true);
  await prepared.run();
  expect(await prepared.read()).toEqual(expected);
  expect((await prepared.damaged?.()) ?? []).toEqual([]);
  await prepared.close();
  await executor.close();
});
