// Runs C kernels: built by this machine's compiler, loaded into this process, called on its arrays.

import { createGuarded, type Guarded, poison } from "../contract/guards.ts";
import { completeJob, createArray } from "../contract/job.ts";
import { partSteps } from "../contract/kept.ts";
import type {
  Data,
  Entry,
  Executor,
  Job,
  Prepared,
  Program,
  Unavailable,
} from "../contract/program.ts";
import { defaultCache } from "../native/cache.ts";
import type { Compiler } from "../native/compilers.ts";
import { loadKoffi } from "../native/koffi.ts";
import {
  type BuildKind,
  buildLibrary,
  canBuildLibraries,
  findCCompiler,
  hasOpenMp,
  hasSanitizers,
} from "./build.ts";
import { mostThreads } from "./layout.ts";
import { type BoundEntry, bindEntry } from "./library.ts";
import { openSanitized } from "./sanitizer.ts";

/** What to open. */
export interface COptions {
  readonly build?: BuildKind;
  /** CPU threads of a launch; 1 unless said otherwise. */
  readonly threads?: number;
  /** A folder for builds; the user's cache folder unless said otherwise. */
  readonly cache?: string;
}

/** Why C cannot run here, and what would make it run. */
export const unavailableC = (reason: string, install: string): Unavailable => ({
  target: "c",
  unavailable: reason,
  install,
});

/** Opens the C target, or says why it cannot run here and what to install. */
export async function openC(options: COptions = {}): Promise<Executor | Unavailable> {
  const { build = "fast", threads = 1, cache = defaultCache("c") } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads)
    throw new RangeError(`C kernels run on 1 to ${mostThreads} threads, not on ${threads}.`);
  const compiler = await findCCompiler();
  if (!compiler)
    return unavailableC(
      "None of gcc, clang and cc was found.",
      "gcc (Debian and Ubuntu: apt install gcc libc6-dev)",
    );
  if (!(await canBuildLibraries(compiler, cache)))
    return unavailableC(
      `${compiler.name} cannot build shared libraries with the C library's headers.`,
      "libc6-dev (Debian and Ubuntu: apt install libc6-dev)",
    );
  if (!(await loadKoffi()))
    return unavailableC("The npm package koffi is not installed.", "npm install koffi");
  if (threads > 1 && !(await hasOpenMp(compiler, cache)))
    return unavailableC(
      `${compiler.name} has no OpenMP, which threads need.`,
      "libgomp (with gcc) or libomp (Debian and Ubuntu: apt install libomp-dev)",
    );
  if (build !== "memory") return openWith(compiler, build, threads, cache);
  if (threads > 1) throw new RangeError("Under sanitizers C kernels run on 1 thread.");
  if (!(await hasSanitizers(compiler, cache)))
    return unavailableC(`${compiler.name} has no sanitizers.`, "gcc with libasan and libubsan");
  return openSanitized(compiler, cache);
}

function openWith(
  compiler: Compiler,
  build: Exclude<BuildKind, "memory">,
  threads: number,
  cache: string,
): Executor {
  const libraries = new Map<string, Promise<string>>();
  const libraryOf = (source: string): Promise<string> => {
    const library = libraries.get(source) ?? buildLibrary(compiler, build, cache, source);
    libraries.set(source, library);
    return library;
  };
  const functions = new Map<string, Promise<BoundEntry>>();
  const bind = async ({ source, entry }: Program): Promise<BoundEntry> => {
    const library = await libraryOf(source);
    const key = JSON.stringify([library, entry.name]);
    const bound = functions.get(key) ?? bindEntry(library, entry);
    functions.set(key, bound);
    return bound;
  };
  const workspace: Workspace = { memory: new Uint8Array(0) };
  const prepare = async (program: Program, job: Job): Promise<Prepared> =>
    prepareEntry(await bind(program), program.entry, job, threads, workspace);
  const version = /\d+\.\d+/.exec(compiler.version)?.[0] ?? "";
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  const strict = build === "strict" ? ", no contraction" : "";
  return {
    device: {
      target: "c",
      device: `CPU (${process.arch}), ${count}`,
      driver: `${compiler.name} ${version}${strict}`,
      hardware: true,
    },
    async run(program, job) {
      const prepared = await prepare(program, job);
      await prepared.run();
      return prepared.read();
    },
    async build(program) {
      await bind(program);
    },
    prepare,
    keepsConstant: true,
    async close() {
      libraries.clear();
      functions.clear();
      workspace.memory = new Uint8Array(0);
    },
  };
}

/** Memory that all calls share: none begins before another has ended. */
interface Workspace {
  memory: Uint8Array;
}

/** A copy with memory that never moves, as small arrays of the engine may. */
function copyOf(data: Data): Data {
  const { buffer, byteOffset, byteLength } = data;
  const copy = new ArrayBuffer(byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength));
  return new (data.constructor as new (memory: ArrayBuffer) => Data)(copy);
}

/** A call with its outputs; inputs stay where they are. */
function prepareEntry(
  bound: BoundEntry,
  whole: Entry,
  job: Job,
  threads: number,
  workspace: Workspace,
): Prepared {
  const complete = completeJob(whole, job);
  const { entry, scalars, constants, sizes, initial, constant } = complete;
  // What stays the same is a copy: some of it is read in each run, and where it lies tells a workspace what it holds.
  const copies = constant.map((name) => [name, copyOf(complete.inputs[name]!)] as const);
  const inputs = { ...complete.inputs, ...Object.fromEntries(copies) };
  const outputs: Record<string, Data> = {};
  const guarded = new Map<string, Guarded>();
  for (const { name, role, dtype } of entry.tensors) {
    if (role !== "output") continue;
    const { elements } = sizes.get(name)!;
    if (job.guarded) guarded.set(name, createGuarded(dtype, elements));
    outputs[name] = guarded.get(name)?.data ?? initial[name] ?? createArray(dtype, elements);
  }
  const call = { inputs, outputs, scalars, constants, threads };
  const bytes = bound.workspaceBytes(call);
  if (job.guarded) {
    if (Object.keys(initial).length > 0 || constant.length > 0)
      throw new Error(`${entry.name}: a guarded call neither adds to outputs nor keeps inputs.`);
    const scratch = createGuarded("f64", Math.ceil(bytes / 8));
    guarded.set("a workspace", scratch);
    const own = new Uint8Array(scratch.data.buffer as ArrayBuffer, scratch.data.byteOffset, bytes);
    return {
      run: async () => bound.run(call, own),
      read: async () => outputs,
      async poison() {
        for (const data of [...Object.values(outputs), own]) poison(data);
      },
      damaged: async () => [...guarded].flatMap(([name, of]) => (of.isDamaged() ? [name] : [])),
      async close() {},
    };
  }
  if (partSteps(entry, constant).once.length > 0) {
    const own = new Uint8Array(bytes);
    const scratch = Object.entries(outputs).map(([name, data]) => [name, data.slice()] as const);
    bound.run({ ...call, outputs: Object.fromEntries(scratch) }, own);
    return {
      run: async () => bound.run(call, own, constant),
      read: async () => outputs,
      async close() {},
    };
  }
  return {
    async run() {
      if (workspace.memory.length < bytes) workspace.memory = new Uint8Array(bytes);
      bound.run(call, workspace.memory);
    },
    read: async () => outputs,
    async close() {},
  };
}
