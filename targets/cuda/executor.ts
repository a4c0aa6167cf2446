// Runs CUDA kernels: on a GPU where there is one, else in the host simulation.

import type { Executor, Unavailable } from "../contract/program.ts";
import { defaultCache } from "../native/cache.ts";
import { type Compiler, findHostCompiler, findNvcc } from "../native/compilers.ts";
import { loadKoffi } from "../native/koffi.ts";
import { type BuildKind, buildKernels, findLack, type Macros } from "./build.ts";
import { findGpu } from "./gpu.ts";
import { loadLibrary } from "./library.ts";
import { type KernelRunner, planJob } from "./plan.ts";
import { openRaces } from "./races.ts";
import { openWorker } from "./worker.ts";

/** In which order the simulation runs the threads of a group; the seed makes it repeatable. */
export type Order = "forward" | "reverse" | `random:${number}`;

/** What to open. */
export interface CudaOptions {
  /**
   * `auto` is a GPU if there is one, else the simulation; `simulation` is for values; `memory` is
   * the simulation under the address and undefined-behaviour sanitizers; `races` notes who touches
   * what, and fails where two threads do so without order.
   */
  readonly build?: "auto" | BuildKind;
  /** Of the simulation only; forward unless said otherwise. */
  readonly order?: Order;
  /** A folder for builds; the user's cache folder unless said otherwise. */
  readonly cache?: string;
  /** Of the memory build only: milliseconds after which a job is ended. None unless said. */
  readonly timeout?: number;
}

// The smallest kernel: building it shows that the compiler works and asks the device its name.
const probe = 'extern "C" __global__ void probe() {}\n';

/** Opens the CUDA target, or says why it cannot run here and what to install. */
export async function openCuda(options: CudaOptions = {}): Promise<Executor | Unavailable> {
  const { build = "auto", order } = options;
  if (order !== undefined && !/^(forward|reverse|random:\d+)$/.test(order))
    throw new RangeError(`The order ${order} is not forward, reverse or random:SEED.`);
  switch (build) {
    case "auto": {
      const gpu = await openGpu(options);
      if (!("unavailable" in gpu)) return gpu;
      return openSimulation("simulation", options, gpu.unavailable);
    }
    case "gpu":
      return openGpu(options);
    case "simulation":
    case "memory":
    case "races":
      return openSimulation(build, options);
    default:
      throw new RangeError(
        `There is no CUDA build ${build satisfies never}; ` +
          "there are auto, gpu, simulation, memory and races.",
      );
  }
}

async function openGpu(options: CudaOptions): Promise<Executor | Unavailable> {
  const gpu = await findGpu();
  if (!gpu.present) return unavailable(gpu.reason, "an NVIDIA GPU with its driver");
  if (options.order !== undefined)
    throw new RangeError("Only the simulation lets one choose the order of threads.");
  const compiler = await findNvcc();
  if (!compiler)
    return unavailable("There is a GPU, but no nvcc with g++.", "the CUDA toolkit and g++");
  return open({ kind: "gpu", compiler, options, architecture: gpu.architecture });
}

async function openSimulation(
  kind: Exclude<BuildKind, "gpu">,
  options: CudaOptions,
  reason?: string,
): Promise<Executor | Unavailable> {
  if (process.platform !== "linux")
    return unavailable(
      `The host simulation of CUDA is written for Linux, not for ${process.platform}.`,
    );
  const compiler = await findHostCompiler();
  if (!compiler)
    return unavailable(
      "There is no CUDA GPU in use, and none of g++, clang++ and c++ was found for the simulation.",
      "g++ (Debian and Ubuntu: apt install g++)",
    );
  if (kind !== "memory" && !(await loadKoffi()))
    return unavailable("The npm package koffi is not installed.", "npm install koffi");
  const order = options.order ?? "forward";
  try {
    const opening = { kind, compiler, options: { ...options, order } };
    return await open(reason === undefined ? opening : { ...opening, reason });
  } catch (error) {
    const lack = await findLack(compiler, kind);
    if (lack === undefined) throw error;
    return unavailable(`${compiler.name} has no ${lack}.`, "g++ with the libraries it comes with");
  }
}

function unavailable(reason: string, install?: string): Unavailable {
  return { target: "cuda", unavailable: reason, ...(install === undefined ? {} : { install }) };
}

interface Opening {
  readonly kind: BuildKind;
  readonly compiler: Compiler;
  readonly options: CudaOptions;
  readonly architecture?: string;
  /** Why this is not the GPU, where one was looked for. */
  readonly reason?: string;
}

async function startRunner(
  kind: BuildKind,
  path: string,
  { order, timeout }: CudaOptions,
): Promise<KernelRunner> {
  switch (kind) {
    case "memory":
      return openWorker(path, order ?? "forward", timeout);
    case "races":
      return openRaces(path, order);
    case "gpu":
    case "simulation":
      return loadLibrary(path, order);
    default:
      throw new Error(`there is no build ${kind satisfies never}`);
  }
}

async function open(opening: Opening): Promise<Executor> {
  const { kind, compiler, options, architecture } = opening;
  const { order, cache = defaultCache() } = options;
  const build = (source: string, macros: Macros) =>
    buildKernels(compiler, kind, cache, source, macros, architecture);
  const start = (path: string) => startRunner(kind, path, options);

  // One build for each text and choice of constants, also while it is still going on.
  const runners = new Map<string, Promise<KernelRunner>>();
  let closed = false;
  function prepare(source: string, macros: Macros): Promise<KernelRunner> {
    const key = JSON.stringify([source, macros]);
    const begun = runners.get(key);
    if (begun) return begun;
    const runner = build(source, macros).then(start);
    runners.set(key, runner);
    runner.catch(() => runners.delete(key));
    return runner;
  }

  const { device, driver } = await (await start(await build(probe, {}))).describe();
  const details = [driver];
  if (order !== undefined) details.push(`threads ${order}`);
  if (opening.reason !== undefined) details.push(`no GPU because: ${opening.reason}`);
  return {
    device: {
      target: "cuda",
      device,
      driver: details.join("; "),
      hardware: kind === "gpu",
      ...(kind === "gpu" ? {} : { simulation: true }),
    },
    async build({ entry, source }, job) {
      await prepare(source, planJob(entry, job).macros);
    },
    async run({ entry, source }, job) {
      if (closed) throw new Error("This CUDA executor is closed.");
      const plan = planJob(entry, job);
      return (await prepare(source, plan.macros)).run(plan);
    },
    async close() {
      closed = true;
      runners.clear();
    },
  };
}
