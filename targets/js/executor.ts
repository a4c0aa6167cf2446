// Runs generated modules, in Node and in browsers: each launch is a call of a function they export.

import { poison } from "../contract/guards.ts";
import { checkTypes, completeJob, createArray, isLeftOut } from "../contract/job.ts";
import { partSteps } from "../contract/kept.ts";
import type { Data, Entry, Executor, Job, Prepared } from "../contract/program.ts";
import { listRuns, type Run } from "../contract/turns.ts";

type Kernels = Readonly<Record<string, ((...args: readonly unknown[]) => void) | undefined>>;

/** Opens the JavaScript engine that this runs in. */
export function openJs(): Executor {
  const modules = new Map<string, Promise<Kernels>>();
  const load = (source: string): Promise<Kernels> => {
    const known = modules.get(source);
    if (known) return known;
    const url = `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
    const loaded = import(/* @vite-ignore */ url) as Promise<Kernels>;
    modules.set(source, loaded);
    return loaded;
  };
  return {
    device: { target: "js", device: describeEngine(), driver: "none", hardware: false },
    async run({ source, entry }, job) {
      const ready = prepareEntry(entry, await load(source), job);
      await ready.run();
      return ready.read();
    },
    keepsConstant: true,
    prepare: async ({ source, entry }, job) => prepareEntry(entry, await load(source), job),
    async close() {
      modules.clear();
    },
  };
}

function describeEngine(): string {
  if (typeof process === "object" && process.versions?.node)
    return `Node ${process.versions.node} (V8 ${process.versions.v8})`;
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } };
  return navigator?.userAgent ?? "a JavaScript engine without a name";
}

/** A call with all its arrays; those of inputs stay the caller's. */
function prepareEntry(whole: Entry, kernels: Kernels, job: Job): Prepared {
  checkTypes(whole, "JavaScript", ["f32", "f64", "i32", "u32"]);
  const call = completeJob(whole, job);
  const { entry, scalars, constants, sizes, inputs, initial, constant } = call;
  const { once, each } = partSteps(entry, constant);
  const readAgain = new Set(
    each.flatMap((step) => (step.kind === "launch" ? step.buffers.map(({ name }) => name) : [])),
  );
  const given = (name: string): Data | undefined =>
    // Changes of the caller's array must not be seen by some steps only.
    constant.includes(name) && readAgain.has(name) ? inputs[name]!.slice() : inputs[name];
  const buffers = new Map(
    [...sizes].map(([name, { dtype, elements }]) => [
      name,
      given(name) ?? initial[name] ?? createArray(dtype, elements),
    ]),
  );
  const steps = each.filter((step) => !isLeftOut(step, constants));
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  const runs = listRuns(entry, steps, scalars);
  for (const step of once)
    runStep(entry, { step, scalars }, kernels, buffers, Object.values(constants));
  return {
    async run() {
      for (const run of runs) runStep(entry, run, kernels, buffers, Object.values(constants));
    },
    read: async () => Object.fromEntries(outputs.map(({ name }) => [name, buffers.get(name)!])),
    async poison() {
      for (const { name } of [...outputs, ...entry.workspaces]) poison(buffers.get(name)!);
    },
    async close() {
      buffers.clear();
    },
  };
}

function runStep(
  entry: Entry,
  { step, scalars }: Run,
  kernels: Kernels,
  buffers: ReadonlyMap<string, Data>,
  constants: readonly number[],
): void {
  const bufferOf = (name: string): Data => {
    const buffer = buffers.get(name);
    if (!buffer) throw new Error(`${entry.name}: a step uses ${name}, which is no buffer of it.`);
    return buffer;
  };
  if (step.kind === "fill") {
    bufferOf(step.buffer).fill(step.value);
    return;
  }
  const kernel = kernels[step.function];
  if (!kernel) throw new Error(`The module of ${entry.name} has no function ${step.function}.`);
  const numbers = step.scalars.map((name) => scalars[name]!);
  kernel(...step.buffers.map(({ name }) => bufferOf(name)), ...numbers, ...constants);
}
