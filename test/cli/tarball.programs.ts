// Programs of others on the installed package: type-checked as editors do, bundled as apps are, and run.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import type { Folder } from "./cli.fixtures.ts";
import {
  compilerProgram,
  jsProgram,
  manifestProgram,
  webgpuProgram,
  wrongProgram,
} from "./tarball.fixtures.ts";

const root = resolve(import.meta.dirname, "../..");
const tsc = join(root, "node_modules/.bin/tsc");

const programs = {
  "app/js.ts": jsProgram,
  "app/webgpu.ts": webgpuProgram,
  "app/wrong.ts": wrongProgram,
  "app/manifest.ts": manifestProgram,
  "app/compiler.ts": compilerProgram,
} as const;

/** What an app that only runs kernels must not hold. */
const compilers = ["ts-morph", "dist/vendor", "commander", "ajv"];

/** The tests of programs beside an installed package. */
export function describePrograms(installed: () => Folder): void {
  describe("programs that import the package", () => {
    beforeAll(() => {
      mkdirSync(installed().path("app"));
      for (const [path, text] of Object.entries(programs)) installed().write(path, text);
      installed().write("package.json", JSON.stringify({ private: true, type: "module" }));
    });

    test.each([
      ["bundler", "esnext"],
      ["nodenext", "nodenext"],
    ])("have types under moduleResolution %s", (moduleResolution, module) => {
      const types = [join(root, "node_modules/@types/node")];
      const config = {
        compilerOptions: {
          ...{ module, moduleResolution, target: "es2023", lib: ["es2023", "dom"], types },
          ...{ strict: true, noEmit: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
        },
        include: ["app"],
      };
      const path = installed().write(`tsconfig.${moduleResolution}.json`, JSON.stringify(config));
      const { stdout, status } = spawnSync(tsc, ["-p", path], { encoding: "utf8" });
      expect(stdout).toBe("");
      expect(status).toBe(0);
    });

    /** A bundle of an app as it is shipped to browsers, and the files in it. */
    async function bundle(entry: string, external: readonly string[] = []) {
      const { outputFiles, metafile } = await build({
        entryPoints: [installed().path(entry)],
        bundle: true,
        minify: true,
        format: "esm",
        platform: "browser", // what Node alone has is an error
        write: false,
        metafile: true,
        external: [...external],
        logLevel: "silent",
      });
      const { contents, text } = outputFiles[0]!;
      const [whole, packed] = [contents, gzipSync(contents)].map(({ length }) =>
        (length / 1024).toFixed(1),
      );
      console.log(`bundle of ${entry}: ${whole} KB, ${packed} KB compressed`);
      return { text, bytes: contents.length, files: Object.keys(metafile.inputs) };
    }

    test.each([
      ["app/js.ts", 60, ["conv2d.js", "conv2d_backward.js"]],
      ["app/webgpu.ts", 90, ["webgpu/conv2d.js"]],
    ] as const)("bundle only what they run: %s", async (entry, kilobytes, expected) => {
      const { text, bytes, files } = await bundle(entry);
      for (const name of expected) expect(files.some((file) => file.endsWith(name))).toBe(true);
      for (const name of compilers)
        expect(files.filter((file) => file.includes(`/${name}/`))).toEqual([]);
      // The index names all operators; what is not imported leaves no trace.
      expect(text).not.toContain("roi_align");
      expect(bytes).toBeLessThan(kilobytes * 1024);
    });

    test("a bundle with the compiler is noticed", async () => {
      await expect(bundle("app/compiler.ts", compilers)).rejects.toThrow(
        /Could not resolve "(node:)?\w+/,
      );
    });

    /** Runs a program as JavaScript, in plain Node. */
    async function run(entry: string, ...args: readonly string[]): Promise<string> {
      const { outputFiles } = await build({
        entryPoints: [installed().path(entry)],
        format: "esm",
        write: false,
      });
      const file = installed().write(entry.replace(/\.ts$/, ".mjs"), outputFiles[0]!.text);
      return execFileSync(process.execPath, [file, ...args], { encoding: "utf8" }).trim();
    }

    test("compute with the JavaScript kernels", async () => {
      expect(await run("app/js.ts")).toBe("4,4,4,4 4,8,4,8,16,8,4,8,4");
    });

    test("read the manifest", async () => {
      expect(await run("app/manifest.ts")).toMatch(/^\d+\.\d+\.\d+ conv2d string$/);
    });

    test("compile a declaration", async () => {
      const operator = join(root, "examples/flow_warp.ts");
      const answer = await run("app/compiler.ts", operator);
      expect(answer).toBe("wgsl/flow_warp.wgsl function function");
    });

    test("compute on a WebGPU device", async () => {
      await run("app/webgpu.ts");
      const opened = await openWgsl({ adapter: "software" });
      if ("unavailable" in opened) throw new Error(opened.unavailable);
      try {
        const { compute } = await import(pathToFileURL(installed().path("app/webgpu.mjs")).href);
        const sums = await compute(opened.gpu);
        expect([...sums]).toEqual([1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1]);
      } finally {
        await opened.close();
      }
    });

    test("take generated files as they are", () => {
      const script = `
        import { readFileSync } from "node:fs";
        for (const path of ["wgsl/conv2d.wgsl", "cuda/conv2d.cu", "c/conv2d.h", "c/conv2d.c", "wasm/conv2d.js"])
          console.log(readFileSync(new URL(import.meta.resolve("warpweave/kernels/" + path)), "utf8").split("\\n")[0]);
        console.log(readFileSync(new URL(import.meta.resolve("warpweave/kernels/wasm/conv2d.wasm"))).length > 1000);
      `;
      const file = installed().write("app/files.mjs", script);
      const lines = execFileSync(process.execPath, [file], { encoding: "utf8" }).trim().split("\n");
      expect(lines.slice(0, -1)).toHaveLength(5);
      for (const line of lines.slice(0, -1))
        expect(line).toContain("SPDX-License-Identifier: MIT-0");
      expect(lines.at(-1)).toBe("true");
    });
  });
}
