// The clock of a WebGPU device: what timestamps say of a call is what passes while it runs.

import { afterAll, expect, test } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { findKernel } from "../../generators/cli/tuning/subject.ts";
import { makeConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer } from "../../generators/measure/work/layers.ts";
import { targetsByName } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";

const opened = await openWgsl();
const executor = "unavailable" in opened ? undefined : opened;
const hasClock = executor?.measureClock !== undefined;
if ("unavailable" in opened) console.warn(`Skipped: timestamps need WebGPU: ${opened.unavailable}`);
else if (!hasClock) console.warn(`Skipped: ${opened.device.device} has no timestamps.`);
if (process.env.CI && !hasClock) throw new Error("CI has a device with timestamps.");
afterAll(() => executor?.close());

test.skipIf(!hasClock)("a call takes as long by timestamps as by the wall, or less", async () => {
  const step = await executor!.measureClock!();
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(1);
  const work = makeConv(parseLayer("1,16,24,24,16,3"));
  const tuned = findKernel(openOperator("conv2d"), work, targetsByName.wgsl);
  const inputs = Object.fromEntries(
    Object.entries(work.tensors).map(([name, { data }]) => [name, data] as const),
  );
  const call = await executor!.prepare!(tuned.compile(), { inputs, scalars: tuned.scalars });
  await call.run();
  const expected = (await call.read()).output!.slice();
  const shares: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const taken = await call.time!();
    const passed = performance.now() - start;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(passed);
    shares.push(taken / passed);
  }
  // What passes is the work itself for the most part, unless the machine does other work meanwhile.
  expect(Math.max(...shares)).toBeGreaterThan(1 / 20);
  expect((await call.read()).output).toEqual(expected);
  await call.close();
});
