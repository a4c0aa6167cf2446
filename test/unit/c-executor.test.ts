// What C is refused for, and names that its text uses itself.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile, compileKernels, scheduleOn } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { canBuildLibraries, findCCompiler } from "../../targets/c/build.ts";
import { openC } from "../../targets/c/executor.ts";
import { c } from "../../targets/c/target.ts";
import type { Job } from "../../targets/contract/program.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";

const compiler = await findCCompiler();
// Where there is no compiler these say so and are skipped; in CI there must be one.
const here = test.runIf(compiler !== undefined || process.env.CI !== undefined);

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "warpweave-c-"));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const numbers = (n: number, step: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * step) % 17) - 8);

here("a compiler without what it builds with is none", async () => {
  const path = join(cache, "no-headers");
  await writeFile(path, "#!/bin/sh\necho no headers >&2\nexit 1\n", { mode: 0o755 });
  expect(await canBuildLibraries({ name: "gcc", path, version: "0" }, cache)).toBe(false);
  expect(await canBuildLibraries(compiler!, cache)).toBe(true);
});

here("an operator may use the names that the text of a file uses itself", async () => {
  const operator = readOperator("test/declarations/own_names.ts");
  const job: Job = {
    inputs: { base: numbers(42, 5), code: numbers(12, 7) },
    scalars: { bytes: 2, i: 3, layout: 7, O: 4, end: 2, memory: 3, workers: 1 },
  };
  const [own, plain] = [await openC({ cache }), openJs()];
  if ("unavailable" in own) throw new Error(own.unavailable);
  const found = await own.run(compile(operator, c, {}).programs[0]!, job);
  expect(found).toEqual(await plain.run(compile(operator, js, {}).programs[0]!, job));
  const { kernels } = gradientsOn(operator, c);
  const program = compileKernels(operator, kernels, c, scheduleOn(c)).programs[0]!;
  const grad_output = numbers(56, 3);
  const gradients = await own.run(program, { ...job, inputs: { ...job.inputs, grad_output } });
  expect(Object.keys(gradients)).toEqual(["grad_base", "grad_code"]);
  await own.close();
});

test("threads that are none are refused", async () => {
  await expect(openC({ threads: 0 })).rejects.toThrow("on 1 to 1024 threads, not on 0");
});
