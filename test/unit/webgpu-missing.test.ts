// What is said where an optional package is not installed: the modules are bundled without the
// packages and run in a folder that has no node_modules.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "webgpu-missing-"));
const targets = join(import.meta.dirname, "../../targets/wgsl");
let answers: Record<string, { unavailable?: string; install?: string }>;

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { openWgsl } from "./adapter.ts";
        import { openBrowser } from "./browser.ts";
        import { validateWithNaga } from "./naga.ts";
        import { unpackBundle } from "./unpack.ts";
        import { validateWithDawn } from "./validate.ts";
        console.log(JSON.stringify({
          adapter: await openWgsl(),
          dawn: await validateWithDawn("x"),
          naga: await validateWithNaga([]),
          browser: await openBrowser(),
          archive: await unpackBundle("swiftshader"),
        }));`,
      resolveDir: targets,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  const file = join(folder, "ask.mjs");
  writeFileSync(file, outputFiles[0]?.text ?? "");
  answers = JSON.parse(execFileSync(process.execPath, [file], { encoding: "utf8" }));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["adapter", "webgpu"],
  ["dawn", "webgpu"],
  ["naga", "deno"],
  ["browser", "playwright-core"],
])("%s names the package %s and how to install it", (part, name) => {
  expect(answers[part]?.unavailable).toBe(`the npm package ${name} is not installed`);
  expect(answers[part]?.install).toContain(`npm install`);
  expect(answers[part]?.install).toContain(name);
});

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "so does the archive of SwiftShader",
  () => {
    expect(answers.archive).toEqual({
      unavailable: "the npm package @sparticuz/chromium is not installed",
      install: "npm install @sparticuz/chromium",
    });
  },
);
