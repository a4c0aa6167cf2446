// What the executor says, keeps and refuses.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { GPU } from "gpu.js";
import { describe, expect, it, test } from "vitest";
import type { Executor, Program } from "../../targets/contract/program.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import type { Gpu, GpuKernel, Library, Mode } from "../../targets/gpujs/library.ts";
import { createRunner } from "../../targets/gpujs/runner.ts";
import { operatorCases } from "./gpujs.fixtures.ts";

async function open(mode: Mode): Promise<Executor> {
  const opened = await openGpujs({ mode });
  if ("unavailable" in opened) throw new Error(opened.unavailable);
  return opened;
}
const cases = operatorCases();
const plain = cases.find(({ program }) => program.entry.name === "conv2d")!;

test.each([
  ["cpu", /^gpu\.js \d+\.\d+\.\d+ CPUKernel$/],
  ["webasm", /^gpu\.js \d+\.\d+\.\d+ WebAssemblyKernel$/],
  ["gpu", /^gpu\.js \d+\.\d+\.\d+ (WebAssembly|HeadlessGL)Kernel$/],
] as const)("mode %s names the class that ran", async (mode, expected) => {
  const executor = await open(mode);
  console.log(`mode ${mode}: ${executor.device.device}; ${executor.device.driver}`);
  expect(executor.device).toMatchObject({ target: "gpujs", hardware: false });
  expect(executor.device.device).toMatch(expected);
  await executor.close();
});

test("a mode that Node does not have is said", async () => {
  expect(await openGpujs({ mode: "webgpu" })).toEqual({
    target: "gpujs",
    unavailable: expect.stringMatching(/^gpu\.js cannot run in its mode webgpu here: /),
  });
});

test("a missing package is named, with how to install it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gpujs-missing-"));
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { openGpujs } from "./executor.ts";
        console.log(JSON.stringify(await openGpujs()));`,
      resolveDir: join(import.meta.dirname, "../../targets/gpujs"),
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  const file = join(folder, "ask.mjs");
  writeFileSync(file, outputFiles[0]?.text ?? "");
  const answer = execFileSync(process.execPath, [file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  expect(JSON.parse(answer)).toEqual({
    target: "gpujs",
    unavailable: "the npm package gpu.js is not installed",
    install: "npm install gpu.js",
  });
});

/** gpu.js with a count of the kernels it makes. */
function counting(mode: Mode): { readonly gpu: Gpu; readonly made: () => number } {
  const { GPU: Class } = { GPU } as unknown as Library;
  const gpu = new Class({ mode });
  const createKernel = gpu.createKernel.bind(gpu);
  let made = 0;
  gpu.createKernel = (source, settings) => {
    made++;
    return createKernel(source, settings);
  };
  return { gpu, made: () => made };
}

test("one kernel serves all sizes; other constants get another", async () => {
  const { gpu, made } = counting("cpu");
  const runner = await createRunner(gpu);
  const same = cases.filter(({ program }) => program.entry.name === "roi_align");
  for (const { program, job, complain } of same)
    expect(complain(await runner.run(program, job))).toBe("");
  const constants = new Set(same.map(({ job }) => JSON.stringify(job.constants)));
  expect(same.length).toBeGreaterThan(constants.size);
  expect(made()).toBe(constants.size + 1); // and the probe
  await gpu.destroy();
});

test("runs at the same time do not mix", async () => {
  const executor = await open("webasm");
  const twice = [...cases.slice(0, 6), ...cases.slice(0, 6)];
  const results = await Promise.all(twice.map(({ program, job }) => executor.run(program, job)));
  expect(twice.map(({ complain }, i) => complain(results[i]!))).toEqual(twice.map(() => ""));
  await executor.close();
});

test("a kernel that gpu.js replaces by another class is an error, not a result", async () => {
  const classes = [
    { name: "Fast", mode: "fast" },
    { name: "Slow", mode: "slow" },
  ];
  let calls = 0;
  const gpu: Gpu = {
    createKernel() {
      const kernel = Object.assign(
        (...args: readonly (Float32Array | number)[]) =>
          args.length === 0 ? new Float32Array([0, 2, 4]) : new Float32Array(size),
        {
          kernel: {
            constructor: classes[Math.min(calls++, 1)],
            fallbackReason: "it has a bad day",
          },
          setOutput: ([elements]: readonly number[]) => {
            size = elements ?? 0;
          },
        },
      );
      return kernel as GpuKernel;
    },
    destroy: async () => {},
  };
  let size = 0;
  const runner = await createRunner(gpu);
  await expect(runner.run(plain.program, plain.job)).rejects.toThrow(
    "gpu.js ran conv2d as Slow instead of Fast: it has a bad day.",
  );
});

describe("refuses, with one sentence,", () => {
  const { program, job } = plain;
  const without = ({ input: _, ...rest }: typeof job.inputs) => rest;
  it.each([
    ["a missing tensor", { ...job, inputs: without(job.inputs) }, /needs the tensor input/],
    [
      "an unknown tensor",
      { ...job, inputs: { ...job.inputs, mask: new Float32Array(1) } },
      /takes no tensor mask/,
    ],
    [
      "a wrong type",
      { ...job, inputs: { ...job.inputs, weight: new Float64Array(9) } },
      /weight is a Float64Array/,
    ],
    [
      "a wrong length",
      { ...job, inputs: { ...job.inputs, weight: new Float32Array(9) } },
      /weight has 9 elements; its shape \(.*\) has \d+\./,
    ],
    ["a wrong size", { ...job, scalars: { ...job.scalars, OH: 1000 } }, /OH is 1000, but/],
    [
      "a part of a size",
      { ...job, scalars: { ...job.scalars, C: 1.5 } },
      /C is 1\.5; it must be a 32-bit integer/,
    ],
    ["an unknown constant", { ...job, constants: { FAST: 1 } }, /no constant FAST/],
  ])("%s", async (_, bad, message) => {
    const executor = await open("cpu");
    await expect(executor.run(program, bad)).rejects.toThrow(message);
    await executor.close();
  });

  it("more elements than f32 can count, in all modes but cpu", async () => {
    const N = 2 ** 24 + 1;
    const entry: Program["entry"] = {
      ...program.entry,
      tensors: program.entry.tensors.map((t) => ({
        ...t,
        shape: t.name === "input" ? ["N"] : t.name === "output" ? ["1"] : t.shape,
      })),
    };
    const large = { ...job, inputs: { ...job.inputs, input: new Float32Array(N) } };
    const scalars = { ...large.scalars, N };
    const executor = await open("webasm");
    await expect(
      executor.run({ ...program, entry: { ...entry, sizes: [] } }, { ...large, scalars }),
    ).rejects.toThrow(
      "The length of input is 16777217; gpu.js counts exactly up to 16777216, and further in its mode cpu only.",
    );
    await executor.close();
  });
});
