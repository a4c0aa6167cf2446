// Runs CUDA kernels: on a GPU where there is one, else in the host simulation.

import type { Device, Executor, Unavailable } from "../program.ts";
import { type BuildKind, buildKernels, type Macros } from "./build.ts";
import { defaultCache } from "./cache.ts";
import { type Compiler, findHostCompiler, findNvcc } from "./compilers.ts";
import { findGpu } from "./gpu.ts";
import { type KernelLibrary, loadKoffi, loadLibrary } from "./library.ts";
import { planJob, planMacros } from "./plan.ts";
import { describeWorker, runWorker } from "./worker.ts";

/** In which order the simulation runs the threads of a group; the seed makes it repeatable. */
export type Order = "forward" | "reverse" | `random:${number}`;

/** What to open. */
export interface CudaOptions {
  /**
   * `auto` is a GPU if there is one, else the simulation; `simulation` is for values; `memory` is
   * the simulation under the address and undefined-behaviour sanitizers.
   */
  readonly build?: "auto" | BuildKind;
  /** Of the simulation only; forward unless said otherwise. */
  readonly order?: Order;
  /** A folder for builds; the user's cache folder unless said otherwise. */
  readonly cache?: string;
}

// The smallest kernel: building it shows that the compiler works and asks the device its name.
const probe = 'extern "C" __global__ void probe() {}\n';

/** Opens the CUDA target, or says why it cannot run here and what to install. */
export async function openCuda(options: CudaOptions = {}): Promise<Executor | Unavailable> {
  const { build = "auto", order, cache = defaultCache() } = options;
  if (order !== undefined && !/^(forward|reverse|random:\d+)$/.test(order))
    throw new RangeError(`The order ${order} is not forward, reverse or random:SEED.`);
  switch (build) {
    case "auto": {
      const gpu = await findGpu();
      const usable = gpu.present && (await findNvcc()) !== undefined;
      return openCuda({ ...options, build: usable ? "gpu" : "simulation" });
    }
    case "gpu":
      return openGpu(cache, order);
    case "simulation":
    case "memory":
      return openSimulation(build, cache, order ?? "forward");
    default:
      throw new RangeError(
        `There is no CUDA build ${build satisfies never}; there are auto, gpu, simulation, memory.`,
      );
  }
}

async function openGpu(cache: string, order?: Order): Promise<Executor | Unavailable> {
  if (order !== undefined)
    throw new RangeError("Only the simulation lets one choose the order of threads.");
  const gpu = await findGpu();
  if (!gpu.present) return unavailable(gpu.reason, "an NVIDIA GPU with its driver");
  const nvcc = await findNvcc();
  if (!nvcc) return unavailable("nvcc was not found.", "the CUDA toolkit and g++");
  return open(nvcc, "gpu", cache, undefined);
}

async function openSimulation(
  kind: "simulation" | "memory",
  cache: string,
  order: Order,
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
  if (kind === "simulation" && !(await loadKoffi()))
    return unavailable("The npm package koffi is not installed.", "npm install koffi");
  return open(compiler, kind, cache, order);
}

function unavailable(reason: string, install?: string): Unavailable {
  return { target: "cuda", unavailable: reason, ...(install === undefined ? {} : { install }) };
}

type Backend = Pick<KernelLibrary, "run"> | { readonly path: string };

async function open(
  compiler: Compiler,
  kind: BuildKind,
  cache: string,
  order: Order | undefined,
): Promise<Executor> {
  // One build for each text and choice of constants, also while it is still going on.
  const builds = new Map<string, Promise<Backend>>();
  const build = (source: string, macros: Macros): Promise<string> =>
    buildKernels(compiler, kind, cache, source, macros, kind === "gpu" ? "native" : undefined);

  function prepare(source: string, macros: Macros): Promise<Backend> {
    const key = JSON.stringify([source, macros]);
    const begun = builds.get(key);
    if (begun) return begun;
    const backend = build(source, macros).then((path): Backend | Promise<Backend> =>
      kind === "memory" ? { path } : loadLibrary(path, order),
    );
    builds.set(key, backend);
    return backend;
  }

  const path = await build(probe, {});
  const said =
    kind === "memory" ? await describeWorker(path) : (await loadLibrary(path, order)).describe();
  const device: Device = {
    target: "cuda",
    device: said.device,
    driver: order === undefined ? said.driver : `${said.driver}, threads ${order}`,
    hardware: kind === "gpu",
  };
  return {
    device,
    async run({ entry, source }, job) {
      const macros = planMacros(entry, job.constants);
      const plan = planJob(entry, job);
      const backend = await prepare(source, macros);
      return "path" in backend
        ? runWorker(backend.path, plan, order ?? "forward")
        : backend.run(plan);
    },
    async close() {
      builds.clear();
    },
  };
}
