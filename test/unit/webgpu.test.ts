import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Entry, Program, UniformBlock } from "../../targets/contract/program.ts";
import { openWgsl, type WgslExecutor } from "../../targets/wgsl/adapter.ts";
import { createRunner } from "../../targets/wgsl/executor.ts";
import { mirrorExpected, mirrorJob, mirrorProgram, withSource } from "./webgpu.fixtures.ts";

const variablesBefore = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES];
let executor: WgslExecutor;

beforeAll(async () => {
  const opened = await openWgsl({ adapter: "software" });
  if ("unavailable" in opened) throw new Error(opened.unavailable);
  executor = opened;
});
afterAll(() => executor?.close());

const storage = 0x80 | 0x08 | 0x04;

function changeEntry(change: Partial<Entry>): Program {
  return { ...mirrorProgram, entry: { ...mirrorProgram.entry, ...change } };
}

describe("running", () => {
  test("names adapter and driver, and does not call SwiftShader hardware", () => {
    expect(executor.device).toMatchObject({ target: "wgsl", hardware: false });
    expect(executor.device.device).toContain("SwiftShader");
    expect(executor.device.driver).not.toBe("unknown driver");
  });

  test.each([1, 3, 4, 5, 1000])("gives the exact result for %i elements", async (n) => {
    for (const mode of [undefined, 0, 1]) {
      const job = mirrorJob(n, mode);
      expect((await executor.run(mirrorProgram, job)).output).toEqual(mirrorExpected(job));
    }
  });

  test.each([
    { maxGroupsPerDimension: 7 },
    { maxGroupsPerDimension: 3, firstSubmitThreads: 1, submitMilliseconds: 0.001 },
    { maxGroupsPerDimension: 2 },
    { firstSubmitThreads: 12, submitMilliseconds: 5 },
  ])("folds and splits without running a group twice: %o", async (options) => {
    const runner = createRunner(executor.gpu, options);
    for (const n of [1, 29, 57, 200]) {
      const job = mirrorJob(n);
      expect((await runner.runArrays(mirrorProgram, job)).output).toEqual(mirrorExpected(job));
    }
    runner.destroy();
  });

  test("writes the uniform block where its description says", async () => {
    const source = mirrorProgram.source.replace(
      "{ N: i32, scale: f32, group_base: u32 }",
      "{ scale: f32, @size(12) group_base: u32, N: i32 }",
    );
    expect(source).not.toBe(mirrorProgram.source);
    const uniform: UniformBlock = {
      binding: 5,
      bytes: 32,
      members: [
        { name: "N", type: "i32", offset: 16, from: "scalar" },
        { name: "scale", type: "f32", offset: 0, from: "scalar" },
        { name: "group_base", type: "u32", offset: 4, from: "executor" },
      ],
    };
    const steps = mirrorProgram.entry.steps.map((step, at) =>
      at === 0 ? { ...step, uniform } : step,
    );
    const runner = createRunner(executor.gpu, { maxGroupsPerDimension: 2 });
    const job = mirrorJob(57);
    const { output } = await runner.runArrays(
      { source, entry: { ...mirrorProgram.entry, steps } },
      job,
    );
    expect(output).toEqual(mirrorExpected(job));
    runner.destroy();
  });

  test("covers more groups than one dimension of a dispatch allows", async () => {
    const job = mirrorJob(65535 * 4 + 9);
    const { output } = await executor.run(mirrorProgram, job);
    // toEqual takes seconds on arrays of this length.
    expect(output?.length).toBe(2 * (65535 * 4 + 9));
    expect(mirrorExpected(job).findIndex((x, i) => x !== output?.[i])).toBe(-1);
  });

  test("concurrent runs share workspaces without mixing", async () => {
    const jobs = [5, 300, 7, 1200, 64].map((n, i) => mirrorJob(n, i % 2));
    const results = await Promise.all(jobs.map((job) => executor.run(mirrorProgram, job)));
    results.forEach((result, i) => {
      expect(result.output).toEqual(mirrorExpected(jobs[i]!));
    });
  });

  test("compiles once per program and constants", async () => {
    const compile = vi.spyOn(executor.gpu, "createComputePipelineAsync");
    const parse = vi.spyOn(executor.gpu, "createShaderModule");
    const runner = createRunner(executor.gpu);
    for (const mode of [0, 1, 0, 1, 0]) await runner.runArrays(mirrorProgram, mirrorJob(9, mode));
    // Two entry points with two constants each, and the fill; two texts.
    expect(compile).toHaveBeenCalledTimes(5);
    expect(parse).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();
    runner.destroy();
  });

  test("an empty job gives an empty result", async () => {
    expect((await executor.run(mirrorProgram, mirrorJob(0))).output).toEqual(new Float32Array(0));
  });

  test("fills with other values and types", async () => {
    const fillOnly = (dtype: "i32" | "u32" | "f32" | "f16", value: number) =>
      changeEntry({
        tensors: [{ name: "output", role: "output", dtype, axes: [["N"]], shape: ["N"] }],
        steps: [{ kind: "fill", buffer: "output", value }],
        workspaces: [],
        sizes: [],
        scalars: [{ name: "N", type: "i32", from: "size" }],
      });
    const job = { inputs: {}, scalars: { N: 5 } };
    const run = async (dtype: "i32" | "u32" | "f32" | "f16", value: number) =>
      (await executor.run(fillOnly(dtype, value), job)).output;
    expect(await run("i32", -3)).toEqual(new Int32Array(5).fill(-3));
    expect(await run("u32", 4e9)).toEqual(new Uint32Array(5).fill(4e9));
    expect(await run("f32", -Infinity)).toEqual(new Float32Array(5).fill(-Infinity));
    expect(await run("f16", 1.5)).toEqual(new Uint16Array(5).fill(0x3e00));
    await expect(run("f16", 0.1)).rejects.toThrow("not exact in f16");
  });
});

describe("the caller's buffers", () => {
  async function makeBuffers(n: number) {
    const { gpu } = executor;
    const job = mirrorJob(n);
    const make = (bytes: number) => gpu.createBuffer({ size: Math.max(16, bytes), usage: storage });
    const buffers = { input: make(n * 4), output: make(n * 8), unused: make(0) };
    gpu.queue.writeBuffer(buffers.input, 0, job.inputs.input as Float32Array<ArrayBuffer>);
    return { gpu, job, buffers };
  }

  async function read(gpu: GPUDevice, from: GPUBuffer, bytes: number) {
    const copy = gpu.createBuffer({ size: bytes, usage: 0x01 | 0x08 });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, copy, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    await copy.mapAsync(1);
    return new Float32Array(copy.getMappedRange().slice(0));
  }

  test("run works on them", async () => {
    const { gpu, job, buffers } = await makeBuffers(50);
    await executor.runner.run(mirrorProgram, buffers, job.scalars);
    expect(await read(gpu, buffers.output, 400)).toEqual(mirrorExpected(job));
  });

  test("encode records into the caller's encoder and survives a larger run before submit", async () => {
    const { gpu, job, buffers } = await makeBuffers(50);
    const runner = createRunner(gpu, { maxGroupsPerDimension: 2 });
    const encoder = gpu.createCommandEncoder();
    await runner.encode(encoder, mirrorProgram, buffers, job.scalars);
    await runner.runArrays(mirrorProgram, mirrorJob(400));
    gpu.queue.submit([encoder.finish()]);
    expect(await read(gpu, buffers.output, 400)).toEqual(mirrorExpected(job));
  });

  test("too small or missing ones are refused", async () => {
    const { job, buffers } = await makeBuffers(50);
    const { input, unused } = buffers;
    const small = executor.gpu.createBuffer({ size: 16, usage: storage });
    const run = (given: Record<string, GPUBuffer>) =>
      executor.runner.run(mirrorProgram, given, job.scalars);
    await expect(run({ input, unused, output: small })).rejects.toThrow(
      "mirror: the buffer of output has 16 bytes; it needs 400.",
    );
    await expect(run({ input, unused })).rejects.toThrow("mirror: no buffer was given for output.");
    const unusable = executor.gpu.createBuffer({ size: 400, usage: 0x08 });
    await expect(run({ input, unused, output: unusable })).rejects.toThrow(/usage/i);
  });
});

describe("refusals", () => {
  const fails = (program: Program, job = mirrorJob(8)) =>
    expect(executor.run(program, job)).rejects;

  test("a syntax error comes with line and source text", async () => {
    await fails(
      withSource((s) => s.replace("i32(id * 4u + thread);", "i32(id * 4u + thred);")),
    ).toThrow(/line 24:\d+: unresolved value 'thred'\n {2}let i = i32/);
  });

  test("a missing entry point or a type clash of bindings is an error", async () => {
    await fails(withSource((s) => s.replace("fn mirror(", "fn other("))).toThrow(/mirror/);
    await fails(
      withSource((s) => s.replace("binding(3) var<storage, read>", "binding(3) var<uniform>")),
    ).toThrow();
  });

  test("too large buffers name the limit", async () => {
    const N = 400_000_000;
    const job = { ...mirrorJob(0), scalars: { N, E: 0, scale: 1 } };
    const workspaceOnly = changeEntry({
      tensors: mirrorProgram.entry.tensors.filter(({ name }) => name === "output"),
      sizes: [{ name: "M", is: "1" }],
    });
    await fails(workspaceOnly, { ...job, inputs: {} }).toThrow(
      /columns takes 1600000000 bytes; this device allows \d+ \(maxStorageBufferBindingSize\)/,
    );
    const [columns] = mirrorProgram.entry.workspaces;
    const { entry, source } = workspaceOnly;
    const larger = { ...entry, workspaces: [{ ...columns!, elements: "N * 6" }] };
    await fails({ source, entry: larger }, { ...job, inputs: {} }).toThrow(
      "columns would have 2400000000 elements; kernels index with 32-bit integers",
    );
  });

  test("too many threads, too much workgroup memory", async () => {
    const [first, ...rest] = mirrorProgram.entry.steps;
    if (first?.kind !== "launch") throw new Error("the fixture changed");
    await fails(changeEntry({ steps: [{ ...first, group: 4096 }, ...rest] })).toThrow(
      /scale_columns has 4096 threads in a group; .*maxComputeInvocationsPerWorkgroup/,
    );
    await fails(changeEntry({ steps: [{ ...first, sharedBytes: 1e6 }, ...rest] })).toThrow(
      "maxComputeWorkgroupStorageSize",
    );
    await fails(changeEntry({ steps: [{ ...first, groups: "N * 1000000000" }] })).toThrow(
      "8000000000 groups; a 32-bit group id allows at most 4294901760",
    );
  });

  test("wrong inputs", async () => {
    const job = mirrorJob(8);
    const input = new Float32Array(7);
    await fails(mirrorProgram, { ...job, inputs: { ...job.inputs, input } }).toThrow(
      "mirror: input has 7 elements; its shape (N) has 8.",
    );
    await fails(mirrorProgram, {
      ...job,
      inputs: { ...job.inputs, input: new Float64Array(8) },
    }).toThrow("mirror: input is a Float64Array; f32 takes a Float32Array.");
    await fails(mirrorProgram, { ...job, inputs: { input: job.inputs.input! } }).toThrow(
      "needs the tensor unused",
    );
    await fails(mirrorProgram, { ...job, inputs: { ...job.inputs, extra: input } }).toThrow(
      "mirror takes no tensor extra; it takes input, unused.",
    );
    await fails(mirrorProgram, { ...job, constants: { mode: 2 } }).toThrow(
      "mirror: mode is 2; it is the index of one of: low, high.",
    );
    await fails(mirrorProgram, { ...job, constants: { mod: 1 } }).toThrow(
      "mirror has no constant mod; it has mode.",
    );
    await fails(mirrorProgram, { ...job, scalars: { N: 8, E: 0 } }).toThrow(
      "no value for the scalar scale",
    );
    await fails(mirrorProgram, { ...job, scalars: { ...job.scalars, M: 3 } }).toThrow(
      "M is 3, but 2 * N gives 16",
    );
  });

  test("a lost device rejects, during a run and after", async () => {
    const own = await openWgsl({ adapter: "software", firstSubmitThreads: 4 });
    if ("unavailable" in own) throw new Error(own.unavailable);
    const running = own.run(mirrorProgram, mirrorJob(100_000));
    const rejected = expect(running).rejects.toThrow(/^The GPU device was lost \(destroyed\)/);
    setTimeout(() => own.close(), 20);
    await rejected;
    await expect(own.run(mirrorProgram, mirrorJob(8))).rejects.toThrow(/device was lost/);
  });
});

test("a GPU that is not there is unavailable, not replaced", async () => {
  const opened = await openWgsl({ adapter: "hardware" });
  if ("unavailable" in opened) expect(opened.unavailable).toBe("no GPU with a driver was found");
  else {
    expect(opened.device.hardware).toBe(true);
    await opened.close();
  }
});

test("child processes see the Vulkan variables as they were", () => {
  expect([process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES]).toEqual(variablesBefore);
});
