// What is committed in generated/ passes the compilers of others: Dawn, naga, gcc or clang. CUDA is compiled where its
// registers are counted (budgets.test.ts).

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findCCompiler } from "../../targets/c/build.ts";
import { runTool } from "../../targets/native/compilers.ts";
import { validateWithNaga } from "../../targets/wgsl/naga.ts";
import { findEntryPoints, validateWithDawn } from "../../targets/wgsl/validate.ts";

const folder = new URL("../../generated/", import.meta.url);
const filesOf = (target: string) =>
  readdirSync(new URL(target, folder)).map((name) => ({
    name,
    source: readFileSync(new URL(`${target}/${name}`, folder), "utf8"),
  }));

const shaders = filesOf("wgsl");
const kernels = filesOf("cuda");
const compiler = await findCCompiler();
if (!compiler) console.log("skipped: there is no C compiler, so no C file was compiled");

test("there are files, gradients of every operator among them", () => {
  expect(shaders.length).toBeGreaterThanOrEqual(10);
  const named = (ending: string) => kernels.filter(({ name }) => name.endsWith(ending)).length;
  // Each kernel has its text, its host part and the header of that.
  for (const ending of [".launch.cu", ".h"]) expect(named(ending), ending).toBe(shaders.length);
  expect(named(".cu"), ".cu").toBe(2 * shaders.length);
  const forward = shaders.map(({ name }) => name).filter((name) => !name.includes("_backward."));
  for (const name of forward)
    expect(shaders.map((file) => file.name)).toContain(name.replace(".", "_backward."));
});

test.each(["js", "gpujs", "wgsl", "cuda", "c"])("lines of %s fit into 100 columns", (target) => {
  for (const { name, source } of filesOf(target))
    expect(
      source.split("\n").filter((line) => line.length > 100),
      name,
    ).toEqual([]);
});

/** Every override of a file at 0 and at 1: both sides of each option. */
const choices = (source: string): Record<string, number>[] => {
  const names = [...source.matchAll(/^override (\w+)/gm)].map(([, name]) => name!);
  return [0, 1].map((value) => Object.fromEntries(names.map((name) => [name, value])));
};

test.each(shaders)("Dawn compiles $name", async ({ source }) => {
  for (const constants of choices(source))
    expect(await validateWithDawn(source, constants)).toEqual([]);
});

// naga reads and checks each file whole. Pipelines take seconds each, in SwiftShader behind it: one choice for each
// file and every fourth of its entry points, in turn; Dawn has both choices of all.
test("naga compiles all WGSL", async () => {
  const texts = shaders.map(({ source }, i) => {
    const all = findEntryPoints(source);
    const entryPoints = all.filter(
      (_, k) => k % Math.min(4, all.length) === i % Math.min(4, all.length),
    );
    expect(entryPoints.length).toBeGreaterThan(0);
    return { source, constants: choices(source)[i % 2]!, entryPoints };
  });
  const found = await validateWithNaga(texts);
  expect(found).toEqual(texts.map(() => []));
}, 120_000);

test.runIf(compiler !== undefined || process.env.CI !== undefined)(
  "C is compiled without a warning, and headers by C++ too",
  async () => {
    const inFolder = fileURLToPath(new URL("c/", folder));
    const strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"];
    const names = filesOf("c").map(({ name }) => name);
    const texts = names.filter((name) => name.endsWith(".c"));
    const headers = names.filter((name) => name.endsWith(".h"));
    expect(texts.length).toBe(shaders.length);
    const c = await runTool(compiler!.path, ["-std=c11", ...strict, ...texts], inFolder);
    expect(c.stderr).toBe("");
    const cpp = await runTool(compiler!.path, ["-xc++", ...strict, ...headers], inFolder);
    expect(cpp.stderr).toBe("");
  },
);
