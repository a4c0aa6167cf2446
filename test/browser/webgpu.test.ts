import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import type { Data } from "../../targets/contract/program.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
import { wgsl } from "../../targets/wgsl/target.ts";
import { mirrorExpected, mirrorJob, mirrorProgram, withSource } from "../unit/webgpu.fixtures.ts";

const root = join(import.meta.dirname, "../..");

test("the executor bundles for browsers, with no module of Node in it", async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["targets/wgsl/executor.ts"],
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain("targets/contract/formula.ts");
  expect(inputs.filter((file) => !/^targets\/((wgsl|contract)\/)?\w+\.ts$/.test(file))).toEqual([]);
});

test("a module of Node is refused by the bundler", async () => {
  await expect(bundleModule(join(root, "targets/wgsl/unpack.ts"))).rejects.toThrow(/node:fs/);
});

test("a CHROME_PATH that leads nowhere is said, not replaced", async () => {
  vi.stubEnv("CHROME_PATH", "/no/such/browser");
  expect(await openBrowser()).toEqual({
    target: "wgsl",
    unavailable: "CHROME_PATH names /no/such/browser, which does not exist",
  });
  vi.unstubAllEnvs();
});

describe("in a headless browser", { timeout: 60_000 }, () => {
  let page: BrowserRunner;
  const folder = mkdtempSync(join(tmpdir(), "browser-test-"));

  beforeAll(async () => {
    const opened = await openBrowser({ maxGroupsPerDimension: 5 });
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    page = opened;
  }, 60_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await page?.close();
  });

  test("says which device and browser ran", () => {
    console.log(`ran on: ${page.device.device}; ${page.device.driver}`);
    expect(page.browser).toMatch(/^Chromium \d+/);
    expect(page.device.device).toContain(page.browser);
  });

  test("runs programs, folding and choosing constants", async () => {
    for (const n of [0, 1, 6, 333])
      for (const mode of [0, 1]) {
        const job = mirrorJob(n, mode);
        expect(await page.run(mirrorProgram, job)).toEqual({ output: mirrorExpected(job) });
      }
  });

  test("computes gradients: all, some, added to what is there", async () => {
    const operator = readOperator(
      new URL("../../dsl/ops/deform_conv2d.ts", import.meta.url).pathname,
    );
    const [program, reference] = [wgsl, js].map((target) => {
      const { kernels } = gradientsOn({ ...operator, variants: [["mask"]] }, target);
      return compileKernels(operator, kernels, target, scheduleOn(target)).programs[0]!;
    });
    const sizes = {
      N: 1,
      C: 2,
      H: 4,
      W: 5,
      G: 1,
      KH: 3,
      KW: 3,
      OH: 4,
      OW: 5,
      O: 2,
      I: 2,
      groups: 1,
    };
    const padding = { padding_top: 1, padding_left: 1, padding_bottom: 1, padding_right: 1 };
    const steps = { stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 };
    const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    const inputs = {
      input: floats(40),
      offset: floats(360),
      weight: floats(36),
      mask: floats(180),
      grad_output: floats(40),
    };
    const job = { inputs, scalars: { ...sizes, ...padding, ...steps } };
    const want = await openJs().run(reference!, job);
    const near = (got: Data | undefined, expected: (i: number) => number) =>
      got!.forEach((v: number, i: number) => {
        expect(Math.abs(v - expected(i))).toBeLessThan(1e-4);
      });
    const all = await page.run(program!, job);
    expect(Object.keys(all)).toEqual(Object.keys(want));
    for (const [name, values] of Object.entries(want)) near(all[name], (i) => values[i]!);
    expect(await page.run(program!, { ...job, wanted: ["grad_mask"] })).toEqual({
      grad_mask: all.grad_mask,
    });
    const initial = { grad_input: new Float32Array(40).fill(3) };
    const added = await page.run(program!, { ...job, initial });
    near(added.grad_input, (i) => want.grad_input![i]! + 3);
    near(added.grad_weight, (i) => want.grad_weight![i]!);
  });

  test("rejects bad WGSL with line and source text, and goes on", async () => {
    const bad = withSource((source) => source.replace("* a.scale", "* scale"));
    await expect(page.run(bad, mirrorJob(4))).rejects.toThrow(
      /^The WGSL does not compile: line 25:42: unresolved value 'scale'\n/,
    );
    const job = mirrorJob(4);
    expect(await page.run(mirrorProgram, job)).toEqual({ output: mirrorExpected(job) });
  });

  test("calls any module, carries awkward numbers both ways, keeps the module's state", async () => {
    const file = join(folder, "script.ts");
    writeFileSync(
      file,
      `let calls = 0;
      export default ({ x }: { x: Float32Array }) => {
        const gl = document.createElement("canvas").getContext("webgl2");
        return { x: x.toReversed(), calls: ++calls, webgl: gl !== null, isolated: crossOriginIsolated };
      };`,
    );
    const text = await bundleModule(file);
    const x = Float32Array.of(Number.NaN, Infinity, -0, 1e-45, 3);
    const first = await page.evaluate<Record<string, unknown>>(text, { x });
    expect(first).toEqual({ x: x.toReversed(), calls: 1, webgl: true, isolated: true });
    expect(await page.evaluate(text, { x })).toMatchObject({ calls: 2 });
    await expect(
      page.evaluate("export default () => { throw new RangeError('too far'); }", 0),
    ).rejects.toThrow(/^too far$/);
  });
});
