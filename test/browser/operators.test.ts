// The generated WGSL kernels and JavaScript modules in a headless browser.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deform_conv2d } from "../../generated/js/deform_conv2d.js";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
import { wgsl } from "../../targets/wgsl/target.ts";
import { operatorCases } from "../unit/gpujs.fixtures.ts";

const cases = operatorCases(wgsl);

describe("in a headless browser", { timeout: 60_000 }, () => {
  let browser: BrowserRunner;
  beforeAll(async () => {
    const opened = await openBrowser();
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    browser = opened;
  }, 60_000);
  afterAll(() => browser?.close());

  it.each(cases)("WGSL: $name", async ({ program, job, complain }) => {
    expect(complain(await browser.run(program, job))).toBe("");
  });

  it("JavaScript: deform_conv2d gives what it gives in Node", async () => {
    const fill = (shape: number[], f: (i: number) => number) => ({
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
    });
    const tensors = {
      input: fill([1, 2, 5, 6], (i) => Math.sin(i)),
      offset: fill([1, 18, 5, 6], (i) => 2 * Math.cos(i)),
      weight: fill([3, 2, 3, 3], (i) => Math.sin(2 * i)),
    };
    const page = await bundleModule(join(import.meta.dirname, "operators.page.ts"));
    const text = readFileSync(
      new URL("../../generated/js/deform_conv2d.js", import.meta.url),
      "utf8",
    );
    const attributes = { padding: 1 };
    const call = { text, operator: "deform_conv2d", tensors, attributes };
    const found = await browser.evaluate(page, call);
    const expected = deform_conv2d(tensors, attributes);
    expect(expected.data.some((v) => v !== 0)).toBe(true);
    expect(found).toEqual(expected);
  });
});
