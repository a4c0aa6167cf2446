// Runs generated modules with a GPU object of gpu.js, in Node and in browsers.

import { checkTypes, completeJob, type Numbers } from "../contract/job.ts";
import type { Data, Job, LaunchStep, Program } from "../contract/program.ts";
import { listRuns } from "../contract/turns.ts";
import type { Gpu, GpuKernel } from "./library.ts";

type Arrays = Readonly<Record<string, Float32Array>>;

/** A kernel as a generated module gives it. */
interface Prepared {
  (tensors: Arrays, numbers: Numbers): Float32Array | Promise<Float32Array>;
  readonly kernel: GpuKernel;
}

type Module = Readonly<Record<string, (gpu: Gpu, constants: Numbers) => Prepared>>;

/** Runs programs with one GPU object. */
export interface Runner {
  /** The class of kernels that really ran, asked of a kernel that was run. */
  readonly kernelClass: string;
  run(program: Program, job: Job): Promise<Record<string, Data>>;
}

/** A generated module, and the kernels that it has built. */
interface Loaded {
  readonly module: Promise<Module>;
  readonly prepared: Map<string, Prepared>;
}

/** A runner for a GPU object; rejects where the smallest kernel does not run right. */
export async function createRunner(gpu: Gpu): Promise<Runner> {
  const kernelClass = await probe(gpu);
  const modules = new Map<string, Loaded>();

  /** The kernel that a module builds, once for each choice of constants; sizes may change. */
  async function prepare(source: string, name: string, constants: Numbers): Promise<Prepared> {
    const { module, prepared } = modules.get(source) ?? {
      module: importText(source),
      prepared: new Map<string, Prepared>(),
    };
    modules.set(source, { module, prepared });
    const key = JSON.stringify([name, constants]);
    const known = prepared.get(key);
    if (known) return known;
    const build = (await module)[name];
    if (!build) throw new Error(`The generated module has no function ${name}.`);
    const made = build(gpu, constants);
    prepared.set(key, made);
    return made;
  }

  /** Computes the one array that a launch writes. */
  async function launch(
    { source }: Program,
    step: LaunchStep,
    arrays: Record<string, Float32Array>,
    scalars: Numbers,
    constants: Numbers,
  ): Promise<void> {
    const [result, ...others] = step.buffers.filter(({ access }) => access !== "read");
    if (!result || others.length > 0)
      throw new Error(`${step.function} must write one buffer to run in gpu.js.`);
    const compute = await prepare(source, step.function, constants);
    const values = await compute(arrays, scalars);
    const expected = arrays[result.name]?.length;
    if (values.length !== expected)
      throw new Error(`${step.function} gave ${values.length} elements, not ${expected}.`);
    if (values.length > 0) requireClass(compute.kernel, kernelClass, step.function);
    arrays[result.name] = values;
  }

  async function runNow(program: Program, job: Job): Promise<Record<string, Data>> {
    checkTypes(program.entry, "gpu.js", ["f32"]);
    const { entry, scalars, constants, sizes, inputs } = completeJob(program.entry, job);
    const arrays: Record<string, Float32Array> = {};
    for (const [name, { elements }] of sizes)
      arrays[name] = (inputs[name] as Float32Array | undefined) ?? new Float32Array(elements);
    for (const { step, scalars: own } of listRuns(entry, entry.steps, scalars)) {
      if (step.kind === "launch") await launch(program, step, arrays, own, constants);
      else arrays[step.buffer]?.fill(step.value);
    }
    const outputs = entry.tensors.filter(({ role }) => role === "output");
    return Object.fromEntries(outputs.map(({ name }) => [name, arrays[name]!]));
  }

  // Runs take turns: they share kernels, whose output size is set before each call.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    kernelClass,
    run(program, job) {
      const result = turn.then(() => runNow(program, job));
      turn = result.catch(() => {});
      return result;
    },
  };
}

/** The class of a kernel that has run and whose result is right. */
async function probe(gpu: Gpu): Promise<string> {
  const kernel = gpu.createKernel("function twice() { return this.thread.x * 2; }", {
    output: [3],
  });
  const values = await kernel();
  if (values[0] !== 0 || values[1] !== 2 || values[2] !== 4)
    throw new Error(`gpu.js computed [${values.join(", ")}] instead of [0, 2, 4].`);
  return kernel.kernel.constructor.name;
}

/** gpu.js replaces a kernel that it cannot build by one of another class, with no more than a warning. */
function requireClass({ kernel }: GpuKernel, expected: string, name: string): void {
  const { name: actual } = kernel.constructor;
  if (actual === expected) return;
  const why = kernel.fallbackReason ?? "it gave no reason";
  throw new Error(`gpu.js ran ${name} as ${actual} instead of ${expected}: ${why}.`);
}

/** A module from its text; it imports nothing. */
const importText = (text: string): Promise<Module> =>
  import(/* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`);
