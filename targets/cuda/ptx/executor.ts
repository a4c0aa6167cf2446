// Runs CUDA kernels as the PTX that nvcc makes of them, instruction by instruction, on the CPU. It is slow, and strict:
// bounds, alignment, races, memory that nobody wrote, threads that wait for ever.

import type { Executor, Unavailable } from "../../contract/program.ts";
import { defaultCache } from "../../native/cache.ts";
import { findNvcc } from "../../native/compilers.ts";
import type { Macros } from "../build.ts";
import { planJob } from "../plan.ts";
import { compileToPtx, ptxArchitectures } from "./build.ts";
import type { ThreadOrder } from "./order.ts";
import { parsePtx } from "./parse.ts";
import { runPtx } from "./plan.ts";
import type { Module } from "./syntax.ts";

/** What to open. */
export interface PtxOptions {
  /** Compute capability, 75 unless said otherwise. */
  readonly architecture?: number;
  /** A folder for builds; the user's cache folder unless said otherwise. */
  readonly cache?: string;
  /** In which order threads and groups run; forward unless said otherwise. */
  readonly order?: ThreadOrder;
  /** Instructions that a launch may take before it is said not to end. */
  readonly budget?: number;
}

/** Enough for every job of a check, and soon over where a loop does not end. */
const defaultBudget = 500_000_000;

// The smallest kernel shows whether nvcc knows the architecture.
const probe = 'extern "C" __global__ void probe() {}\n';

/** Opens the interpreter of PTX, or says why it cannot run here and what to install. */
export async function openPtx(options: PtxOptions = {}): Promise<Executor | Unavailable> {
  const { architecture = ptxArchitectures[0], order = "forward", budget = defaultBudget } = options;
  const { cache = defaultCache() } = options;
  const nvcc = await findNvcc();
  if (!nvcc)
    return {
      target: "cuda",
      unavailable: "There is no nvcc with g++, which makes the PTX.",
      install: "the CUDA toolkit (developer.nvidia.com/cuda-downloads) and g++",
    };
  const release = /release [\d.]+/.exec(nvcc.version)?.[0] ?? "of unknown release";
  try {
    await compileToPtx(nvcc, cache, probe, {}, architecture);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      target: "cuda",
      unavailable: `nvcc ${release} makes no PTX of sm_${architecture}: ${why.trim()}`,
      install: `a CUDA toolkit that compiles for sm_${architecture}; release 12.8 does for all`,
    };
  }
  const modules = new Map<string, Promise<Module>>();
  function prepare(source: string, macros: Macros): Promise<Module> {
    const key = JSON.stringify([source, macros]);
    const begun = modules.get(key);
    if (begun) return begun;
    const made = compileToPtx(nvcc!, cache, source, macros, architecture).then(parsePtx);
    modules.set(key, made);
    made.catch(() => modules.delete(key));
    return made;
  }
  let closed = false;
  return {
    device: {
      target: "cuda",
      device: `PTX of sm_${architecture}, interpreted`,
      driver: `nvcc ${release}; threads ${order}`,
      hardware: false,
      simulation: true,
    },
    async run({ entry, source }, job) {
      if (closed) throw new Error("This PTX executor is closed.");
      const plan = planJob(entry, job);
      const module = await prepare(source, plan.macros);
      return runPtx(module, plan, { order, budget }).outputs;
    },
    async close() {
      closed = true;
      modules.clear();
    },
  };
}
