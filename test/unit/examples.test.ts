// The examples in examples/ build, run and find their kernels to agree. What they include is generated here, of the
// entries that they call.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openBackward } from "../../generators/cli/backward.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { compile } from "../../generators/compile.ts";
import {
  findCompiler,
  findHostCompiler,
  findNvcc,
  runTool,
} from "../../targets/native/compilers.ts";
import { findTarget } from "../../targets/registry.ts";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "warpweave-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A tool's text; fails with it where the tool does. */
async function run(tool: string, args: readonly string[], cwd = folder): Promise<string> {
  const { ok, stdout, stderr } = await runTool(tool, args, cwd);
  expect(ok, `${basename(tool)} ${args.join(" ")}\n${stdout}${stderr}`).toBe(true);
  return stdout + stderr;
}

/** Both kernels of deformable convolution on a target, without optional tensors. */
async function generate(target: string): Promise<void> {
  const operator = openOperator("deform_conv2d");
  for (const each of [operator, openBackward(operator)]) {
    const { files } = compile(each, findTarget(target), { variants: [[]] });
    for (const [path, text] of files) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
}

/** Compilers may be missing on a machine of a user, never where all is tested. */
function lacks<T>(
  found: T | undefined,
  what: string,
  skip: (note: string) => void,
): found is undefined {
  if (found !== undefined) return false;
  if (process.env.CI) throw new Error(`There is no ${what}.`);
  skip(`no ${what} was found`);
  return true;
}

const agreement = /^output +agrees: .*\ngrad_input +agrees: /m;
const kernels = ["deform_conv2d", "deform_conv2d_backward"] as const;

test("examples/node runs in Node alone", async () => {
  const text = await run(process.execPath, [join(root, "examples/node/main.js")], root);
  expect(text).toContain("they agree");
  expect(text).toContain("a wrong mask is refused: mask has 8 channels");
});

test("examples/c is C99 without warnings, and agrees", async ({ skip }) => {
  const cc = await findCompiler(["gcc", "clang", "cc"]);
  if (lacks(cc, "C compiler", skip)) return;
  await generate("c");
  await Promise.all(
    kernels.map((name) => run(cc!.path, ["-std=c11", "-O1", "-w", "-c", `c/${name}.c`])),
  );
  const strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", "c"];
  const objects = kernels.map((name) => `${name}.o`);
  await run(cc!.path, [
    ...strict,
    join(root, "examples/c/main.c"),
    ...objects,
    "-lm",
    "-o",
    "in_c",
  ]);
  const text = await run(join(folder, "in_c"), []);
  expect(text).toMatch(agreement);
  expect(text).toContain("refused: stride_y must be at least 1.");
});

test("examples/cuda agrees in the simulation, and nvcc builds it", { timeout: 120_000 }, async ({
  skip,
}) => {
  const host = await findHostCompiler();
  if (lacks(host, "C++ compiler", skip)) return;
  await generate("cuda");
  const main = join(root, "examples/cuda/main.cu");
  const launches = kernels.map((name) => `cuda/${name}.launch.cu`);
  const simulation = join(root, "targets/cuda/simulation");
  const runtime = ["runtime/runtime", "group", "fiber", "barriers"].map((name) =>
    join(simulation, `${name}.cpp`),
  );
  // Nothing of the host part may warn; the kernels have pragmas of nvcc.
  const flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"];
  const include = ["-DWW_SIMULATION", "-I", join(simulation, "runtime"), "-I", "cuda"];
  const files = ["-x", "c++", main, ...launches, ...runtime, "-pthread", "-o", "simulated"];
  await run(host!.path, [...flags, "-ffp-contract=off", ...include, ...files]);
  const text = await run(join(folder, "simulated"), []);
  expect(text).toMatch(agreement);
  expect(text).toContain("refused: stride_y must be at least 1.");

  const nvcc = await findNvcc();
  if (lacks(nvcc, "nvcc", skip)) return;
  const parts = ["-std=c++17", "-arch=sm_75", "-Werror=all-warnings", "-I", "cuda"];
  await run(nvcc!.path, [...parts, main, ...launches, "-o", "built"]);
});
