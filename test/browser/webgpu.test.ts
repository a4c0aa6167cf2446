import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type BrowserRunner, bundleModule, openBrowser } from "../../targets/wgsl/browser.ts";
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
