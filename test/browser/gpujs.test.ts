// The generated kernels in gpu.js's WebGL and WebGPU modes, in a headless browser.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Data } from "../../targets/contract/program.ts";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
import { operatorCases } from "../unit/gpujs.fixtures.ts";
import { differences, operationCases } from "../unit/gpujs-operations.fixtures.ts";

interface Answer {
  readonly kernelClass: string;
  readonly outputs: Record<string, Data>;
}

const cases = operatorCases();
const operations = operationCases();

describe("in a headless browser", { timeout: 60_000 }, () => {
  let browser: BrowserRunner;
  let page: string;
  beforeAll(async () => {
    const opened = await openBrowser();
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    browser = opened;
    page = await bundleModule(join(import.meta.dirname, "gpujs.page.ts"));
  }, 60_000);
  afterAll(() => browser?.close());

  describe.each([
    ["webgl", "WebGLKernel"],
    ["webgl2", "WebGL2Kernel"],
    ["webgpu", "WebGPUKernel"],
  ] as const)("mode %s", (mode, expected) => {
    it("says which class of kernels ran", async () => {
      const { kernelClass } = await browser.evaluate<Answer>(page, { mode });
      console.log(`gpu.js mode ${mode} ran ${kernelClass} on ${browser.device.device}`);
      expect(kernelClass).toBe(expected);
    });

    it.each(cases)("$name", async ({ program, job, complain }) => {
      const { outputs } = await browser.evaluate<Answer>(page, { mode, program, job });
      expect(complain(outputs)).toBe("");
    });

    it.each(operations)("$name", async (c) => {
      const { program, job } = c;
      const { outputs } = await browser.evaluate<Answer>(page, { mode, program, job });
      expect(differences(c, outputs.y!)).toEqual([]);
    });
  });
});
