import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { otherLowerings } from "../../generators/cli/lowerings.ts";
import { compile, compileKernels, scheduleOn } from "../../generators/compile.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import type { Data, Executor, Job, Program, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { openWgsl, type WgslExecutor } from "../../targets/wgsl/adapter.ts";
import { readBuffer } from "../../targets/wgsl/arrays.ts";
import { guardDevice } from "../../targets/wgsl/device.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

// Backward kernels as they ship: any of their results, overwritten or added to, and of empty tensors.

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return 0;
  if (tensor === "rois") return Math.fround((i % columns) * 3 + random() * 6 - 3);
  return Math.fround(random() * 2 - 1);
};

const openers = { js: openJs, gpujs: openGpujs, wgsl: openWgsl, cuda: openCuda } as const;
type Name = keyof typeof openers;
const names = Object.keys(openers) as Name[];

const opened = new Map<string, Executor | Unavailable>();
beforeAll(async () => {
  for (const [name, open] of Object.entries(openers)) opened.set(name, await open());
});
afterAll(async () => {
  for (const executor of opened.values()) if ("close" in executor) await executor.close();
});

/** The executor of a target; a test without one is skipped, with the reason. */
function executorOf(name: Name, context: { skip(reason: string): never }): Executor {
  const executor = opened.get(name)!;
  if ("device" in executor) return executor;
  console.log(`skipped on ${name}: ${executor.unavailable}`);
  return context.skip(executor.unavailable);
}

/** The shipped backward program of a variant with a job for these sizes, which may be 0. */
function prepare(
  name: string,
  target: Name,
  present: readonly string[],
  given: Readonly<Record<string, number>>,
  attributes: Parameters<typeof numbersOf>[1],
  by?: string,
): { readonly program: Program; readonly job: Job } {
  const path = new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
  const operator = readOperator(path);
  const { kernels } = gradientsOn(operator, findTarget(target));
  const at = kernels.findIndex((kernel) => kernel.present.join() === present.join());
  const kernel = kernels[at]!;
  const other = otherLowerings(kernels, findTarget(target)).find((way) => way.by === by)?.schedule;
  if (by !== undefined && (other === undefined || "refused" in other))
    throw new Error(`${name} has no ${by} on ${target}`);
  const schedule = other && "plan" in other ? other : scheduleOn(findTarget(target));
  const compiled = compileKernels(operator, kernels, findTarget(target), schedule);
  const { attrs, options } = numbersOf(operator, attributes);
  const setting = { present, sizes: given, attrs: attributes };
  const tensors = [
    ...new Map([...operator.tensors, ...kernel.tensors].map((t) => [t.name, t])).values(),
  ];
  const inputs = fillInputs({ ...operator, tensors, kernel: () => kernel }, setting, fill);
  const numbers = Object.entries(attrs).map(([attr, value]) => [attr.replaceAll(".", "_"), value]);
  return {
    program: compiled.programs[at]!,
    job: {
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([tensor, { data }]) => [tensor, Float32Array.from(data)]),
      ),
      scalars: {
        ...resolveSizes(kernel, given, attrs, options),
        ...(Object.fromEntries(numbers) as Record<string, number>),
      },
    },
  };
}

const deform = (target: Name, by?: string) =>
  prepare(
    "deform_conv2d",
    target,
    ["mask", "bias"],
    { N: 2, C: 4, H: 5, W: 4, O: 2, I: 2, G: 2, KH: 3, KW: 2 },
    { padding: { top: 1, left: 0, bottom: 1, right: 1 } },
    by,
  );

const outputsOf = ({ entry }: Program) => entry.tensors.filter(({ role }) => role === "output");

/** Bits are equal where additions come in one order; else sums of few terms are as close as their rounding. */
function expectSame(got: Data, want: Data, deterministic: boolean | undefined, what: string): void {
  expect(got.length, what).toBe(want.length);
  const largest = Math.max(...[...want].map(Math.abs));
  const error = Math.max(...[...want].map((value, i) => Math.abs(value - got[i]!)));
  expect(error, what).toBeLessThanOrEqual(deterministic ? 0 : 2 ** -18 * largest);
}

describe.each(names)("on %s", (target) => {
  it("each result alone, and two of them, are those of all together", async (context) => {
    const executor = executorOf(target, context);
    const { program, job } = deform(target);
    const outputs = outputsOf(program);
    const all = await executor.run(program, job);
    expect(Object.keys(all)).toEqual(outputs.map(({ name }) => name));
    const subsets = [...outputs.map(({ name }) => [name]), ["grad_bias", "grad_weight"]];
    for (const wanted of subsets) {
      const some = await executor.run(program, { ...job, wanted });
      expect(Object.keys(some).sort()).toEqual([...wanted].sort());
      for (const { name, deterministic } of outputs)
        if (wanted.includes(name)) expectSame(some[name]!, all[name]!, deterministic, name);
    }
    await expect(executor.run(program, { ...job, wanted: ["grad_groups"] })).rejects.toThrow(
      /has no output grad_groups; it has /,
    );
  });

  it("results are added to what is given, and to nothing else", async (context) => {
    const executor = executorOf(target, context);
    const { program, job } = deform(target);
    const outputs = outputsOf(program);
    const all = await executor.run(program, job);
    const some = outputs.map(({ name }) => name).filter((name) => name !== "grad_offset");
    const initial = Object.fromEntries(
      some.map((name) => [name, Float32Array.from(all[name]!, (_, i) => (i % 7) - 3)]),
    );
    const adding = executor.run(program, { ...job, initial });
    if (program.entry.accumulate === undefined) {
      expect(target).toBe("gpujs");
      await expect(adding).rejects.toThrow(/overwrites its outputs; it cannot add/);
      return;
    }
    const added = await adding;
    for (const { name, deterministic } of outputs) {
      const want = Float32Array.from(all[name]!, (v, i) => v + (initial[name]?.[i] ?? 0));
      const inOneGo = deterministic === true && !(name in initial);
      expectSame(added[name]!, want, inOneGo, name);
      if (name in initial) expect(initial[name]![0]).toBe(-3);
    }
    // And overwritten again, by the same executor.
    const again = await executor.run(program, job);
    for (const { name, deterministic } of outputs)
      expectSame(again[name]!, all[name]!, deterministic, name);
  });

  const ways = {
    js: [],
    gpujs: [],
    wgsl: ["deterministic", "owned"],
    cuda: ["deterministic", "owned"],
  };
  it.for(ways[target])("so are they where additions are %s", async (by, context) => {
    const executor = executorOf(target, context);
    const { program, job } = deform(target, by);
    const all = await executor.run(program, job);
    expect(outputsOf(program).every(({ deterministic }) => deterministic === true)).toBe(true);
    const initial = { grad_input: new Float32Array(all.grad_input!.length).fill(0.5) };
    const wanted = ["grad_input"];
    expect(await executor.run(program, { ...job, wanted })).toEqual({ grad_input: all.grad_input });
    const { grad_input } = await executor.run(program, { ...job, initial, wanted });
    const want = Float32Array.from(all.grad_input!, (v) => v + 0.5);
    expectSame(grad_input!, want, false, "grad_input");
  });

  const empty = [
    ["deform_conv2d", ["bias"], { N: 0, C: 2, H: 4, W: 4, O: 3, I: 2, G: 1, KH: 3, KW: 3 }],
    ["conv2d", ["bias"], { N: 0, C: 2, H: 4, W: 4, O: 3, I: 2, KH: 3, KW: 3 }],
    ["roi_align", [], { N: 2, C: 2, H: 4, W: 4, R: 0 }],
    ["roi_pool", ["offset"], { N: 1, C: 2, H: 4, W: 4, R: 0 }],
  ] as const;
  it.for(empty)(
    "an empty batch of %s has gradients of 0",
    async ([name, present, sizes], context) => {
      const executor = executorOf(target, context);
      const attributes = name.startsWith("roi") ? { output_size: { y: 2, x: 2 } } : {};
      if (target === "gpujs" && name === "roi_align") {
        // Its only gradient adds to elements that an index chooses.
        const path = new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
        expect(gradientsOn(readOperator(path), findTarget(target)).left).toEqual(["grad_input"]);
        return;
      }
      const { program, job } = prepare(name, target, present, sizes, attributes);
      const results = await executor.run(program, job);
      for (const { name } of outputsOf(program))
        expect(results[name], name).toEqual(new Float32Array(results[name]!.length));
      // Those of parameters, and of images without boxes, have their shapes.
      const lengths = Object.values(results).map(({ length }) => length);
      const ofOffsets = Object.keys(results).every((output) => output === "grad_offset");
      expect(Math.max(...lengths) > 0).toBe(!ofOffsets);
    },
  );
});

it("CUDA files of several kernels are compiled as one", async (context) => {
  const executor = executorOf("cuda", context);
  const sizes = { N: 1, C: 2, H: 20, W: 20, R: 1 };
  const attributes = { output_size: { y: 2, x: 2 } };
  const { program, job } = prepare("roi_align", "cuda", [], sizes, attributes);
  const operator = readOperator(new URL("../../dsl/ops/roi_align.ts", import.meta.url).pathname);
  const [forward] = compile(operator, findTarget("cuda")).programs;
  const source = `${forward!.source}\n${program.source}`;
  expect(source.match(/__forceinline__ T minimum\(/g)).toHaveLength(2);
  const { grad_output: _, ...inputs } = job.inputs;
  const { output } = await executor.run({ ...forward!, source }, { ...job, inputs });
  expect(output).toHaveLength(8);
  const { grad_input } = await executor.run({ ...program, source }, job);
  expect(grad_input!.some((v) => v !== 0)).toBe(true);
});

it("WGSL kernels add to buffers of the caller's, and need those of wanted results only", async (context) => {
  const executor = executorOf("wgsl", context) as WgslExecutor;
  const { program, job } = deform("wgsl");
  const all = await executor.run(program, job);
  const { gpu } = executor;
  const bufferOf = (data: Data): GPUBuffer => {
    const buffer = gpu.createBuffer({ size: Math.max(16, data.byteLength), usage: 0x8c });
    gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const tensors = Object.fromEntries(
    Object.entries(job.inputs).map(([name, data]) => [name, bufferOf(data)]),
  );
  const grad_weight = bufferOf(new Float32Array(all.grad_weight!.length).fill(2));
  const buffers = { ...tensors, grad_weight };
  for (const times of [1, 2]) {
    await executor.runner.run(program, buffers, job.scalars, { ACCUMULATE: 1 }, ["grad_weight"]);
    const bytes = await readBuffer(guardDevice(gpu), grad_weight, all.grad_weight!.byteLength);
    const want = all.grad_weight!.map((v) => 2 + times * v) as Float32Array;
    expectSame(new Float32Array(bytes), want, false, `added ${times} times`);
  }
  await expect(executor.runner.run(program, buffers, job.scalars)).rejects.toThrow(
    /no buffer was given for grad_/,
  );
  for (const buffer of Object.values(buffers)) buffer.destroy();
});
