// Runs modules of WebAssembly, in Node and in browsers: each launch is a call of a function they export. Who opens
// it says how texts become bytes, so that nothing else is loaded.

import { evaluateFormula } from "../contract/formula.ts";
import { guardBytes, poison } from "../contract/guards.ts";
import { arrayTypes, checkTypes, completeJob, isLeftOut } from "../contract/job.ts";
import { partSteps } from "../contract/kept.ts";
import type { Entry, Executor, Job, Prepared, Step } from "../contract/program.ts";
import {
  type CallBuffer,
  type CallRepeat,
  type CallStep,
  type Place,
  placeBuffers,
  runSteps,
  viewOf,
} from "./call.js";
import { closeEngine, type Engine, knowsRelaxed, openEngine } from "./engine.js";

/** How kernels are run. */
export interface WasmOptions {
  /** The bytes of a module, of its text; with relaxed vectors where these are asked for. */
  readonly assemble: (text: string, relaxed: boolean) => Promise<Uint8Array>;
  /** How many threads share loops; 1 by default. */
  readonly threads?: number;
  /** Whether relaxed vectors are used; by default where this engine knows them. */
  readonly relaxed?: boolean;
}

/** Threads are started for each module, so only the last ones are kept. */
const mostThreaded = 4;

/** Opens the engine that this runs in. */
export function openWasm(options: WasmOptions): Executor {
  const { assemble, threads = 1, relaxed = knowsRelaxed() } = options;
  const engines = new Map<string, Promise<Engine>>();
  const end = async (engine: Promise<Engine>): Promise<void> => {
    // One that could not be opened has no threads.
    const opened = await engine.catch(() => undefined);
    if (opened) await closeEngine(opened);
  };
  const load = async (source: string): Promise<Engine> => {
    const engine =
      engines.get(source) ??
      assemble(source, relaxed).then((bytes) => openEngine(bytes, { threads, relaxed }));
    engines.set(source, engine);
    for (const [old, first] of engines) {
      if (threads === 1 || engines.size <= mostThreaded) break;
      engines.delete(old);
      await end(first);
    }
    const opened = await engine;
    if (opened.why !== undefined)
      throw new Error(`WebAssembly has ${opened.threads} thread here: ${opened.why}.`);
    return opened;
  };
  return {
    device: {
      target: "wasm",
      device: describeEngine(threads, relaxed),
      driver: "none",
      hardware: false,
    },
    async run({ source, entry }, job) {
      const prepared = prepareEntry(entry, await load(source), job, threads);
      try {
        await prepared.run();
        return await prepared.read();
      } finally {
        await prepared.close();
      }
    },
    async build({ source }) {
      await load(source);
    },
    keepsConstant: true,
    prepare: async ({ source, entry }, job) =>
      prepareEntry(entry, await load(source), job, threads),
    async close() {
      for (const engine of engines.values()) await end(engine);
      engines.clear();
    },
  };
}

function describeEngine(threads: number, relaxed: boolean): string {
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } };
  const host =
    typeof process === "object" && process.versions?.node
      ? `Node ${process.versions.node} (V8 ${process.versions.v8})`
      : (navigator?.userAgent ?? "an engine without a name");
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  return `${host}, ${relaxed ? "relaxed SIMD" : "SIMD"}, ${count}`;
}

/** Memory behind a buffer that nothing may write to; also before the next one, which lies behind it. */
const guardBehind = ({ name }: CallBuffer): CallBuffer => ({
  name: `behind ${name}`,
  dtype: "i32",
  elements: guardBytes / 4,
  perWorker: false,
  data: undefined,
});

const pattern = 0x5a;

/** The bytes from the end of a buffer to the end of the guard behind it. */
function findGuard({ name, dtype }: CallBuffer, places: ReadonlyMap<string, Place>) {
  const [{ at, elements }, guard] = [places.get(name)!, places.get(`behind ${name}`)!];
  const from = at + elements * arrayTypes[dtype].BYTES_PER_ELEMENT;
  const length = guard.at + guardBytes - from;
  if (length < guardBytes || length > guardBytes + 64)
    throw new Error(`The guard of ${name} does not lie behind it.`);
  return { name, bytes: ({ memory }: Engine) => new Uint8Array(memory.buffer, from, length) };
}

/** A call with its memory; inputs are copied there. */
function prepareEntry(whole: Entry, engine: Engine, job: Job, threads: number): Prepared {
  checkTypes(whole, "WebAssembly", ["f32", "f64", "i32"]);
  const call = completeJob(whole, job);
  const { entry, scalars, constants, sizes, inputs, initial, constant } = call;
  const perWorker = new Set(entry.workspaces.filter((w) => w.perWorker).map(({ name }) => name));
  const plain = [...sizes].map(
    ([name, { dtype, elements }]): CallBuffer => ({
      name,
      dtype,
      elements,
      perWorker: perWorker.has(name),
      data: inputs[name] ?? initial[name],
    }),
  );
  const buffers = job.guarded ? plain.flatMap((buffer) => [buffer, guardBehind(buffer)]) : plain;
  const callSteps = (of: readonly Step[]): readonly CallStep[] =>
    of.flatMap((step): readonly CallStep[] => {
      if (isLeftOut(step, constants)) return [];
      if (step.kind === "fill") return [step];
      return [{ ...step, buffers: step.buffers.map(({ name }) => name) }];
    });
  const { once, each } = partSteps(entry, constant);
  const steps = callSteps(each);
  const repeats = (entry.repeats ?? []).map(
    ({ times, numbers }): CallRepeat => ({
      times: (known) => evaluateFormula(times, known),
      numbers: numbers.map(({ name, is }) => [name, (known) => evaluateFormula(is, known)]),
    }),
  );
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  const { places, release } = placeBuffers(engine, entry.name, buffers);
  let guards: readonly ReturnType<typeof findGuard>[] = [];
  try {
    if (job.guarded)
      guards = plain
        .filter(({ perWorker }) => !perWorker)
        .map((buffer) => findGuard(buffer, places));
    for (const { bytes } of guards) bytes(engine).fill(pattern);
    runSteps(engine, places, callSteps(once), scalars, Object.values(constants), repeats);
  } catch (error) {
    release();
    throw error;
  }
  return {
    async run() {
      if (engine.threads < threads)
        throw new Error(
          `${whole.name}: the threads of its module were ended; ` +
            `at most ${mostThreaded} modules have threads at once.`,
        );
      runSteps(engine, places, steps, scalars, Object.values(constants), repeats);
    },
    read: async () =>
      Object.fromEntries(
        outputs.map(({ name }) => [name, viewOf(engine, places.get(name)!).slice()]),
      ),
    async poison() {
      for (const { name } of [...outputs, ...entry.workspaces])
        poison(viewOf(engine, places.get(name)!));
    },
    damaged: async () => [
      ...guards.flatMap(({ name, bytes }) =>
        bytes(engine).every((byte) => byte === pattern) ? [] : [`behind ${name}`],
      ),
      ...Object.entries(inputs).flatMap(([name, data]) => {
        const found = viewOf(engine, places.get(name)!);
        return found.every((value, i) => Object.is(value, data[i])) ? [] : [name];
      }),
    ],
    async close() {
      release();
    },
  };
}
