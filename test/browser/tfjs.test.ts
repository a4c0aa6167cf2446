// The package for TensorFlow.js in a headless browser, bundled as applications bundle it.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
import { goldenCases } from "../golden/golden.ts";
import type { Array64 } from "../reference/array.ts";
import type { Answer, Call } from "./tfjs.page.ts";

const golden = goldenCases().find(({ name }) => name === "torchvision/k3p1_mask_bias")!;
const names = ["input", "offset", "weight", "mask", "bias"] as const;

const send = ({ shape, data }: Array64) => ({ shape, data: Float32Array.from(data) });

function errorOf(found: Float32Array, { data }: Array64): number {
  expect(found.length).toBe(data.length);
  const largest = Math.max(...data.map(Math.abs));
  return Math.max(...data.map((value, at) => Math.abs(value - found[at]!))) / largest;
}

describe("in a headless browser", { timeout: 120_000 }, () => {
  let browser: BrowserRunner;
  let page: string;
  beforeAll(async () => {
    const opened = await openBrowser();
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    browser = opened;
    page = await bundleModule(join(import.meta.dirname, "tfjs.page.ts"));
  }, 120_000);
  afterAll(() => browser?.close());

  it.each(["cpu", "webgpu"])("operators and layers work on %s", async (backend) => {
    const { inputs, gradients, attrs, expected } = golden;
    const tensors = { ...inputs, dy: gradients!.output };
    const call: Call = {
      backend,
      tensors: Object.fromEntries(
        Object.entries(tensors).map(([name, array]) => [name, send(array)]),
      ) as Call["tensors"],
      attributes: attrs,
    };
    const answer = await browser.evaluate<Answer>(page, call);
    expect(answer.backend).toBe(backend);
    // Fewer than 256 roundings of 2^-24, as in test/adapters.
    const bound = 256 * 2 ** -24;
    expect(errorOf(answer.output, expected)).toBeLessThan(bound);
    for (const [at, name] of names.entries())
      expect(errorOf(answer.gradients[at]!, gradients!.inputs[name]!), name).toBeLessThan(bound);
    expect(answer.losses.at(-1)).toBeLessThan(0.8 * answer.losses[0]!);
    expect(answer.left).toBe(0);
  });
});
