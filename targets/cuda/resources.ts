// What the kernels of a file take of each architecture: as the assembler reports it, and how full a
// multiprocessor becomes with it.

import type { KernelUse, Measured } from "../contract/machine.ts";
import type { Unavailable } from "../contract/program.ts";
import { defaultCache } from "../native/cache.ts";
import { type Architecture, architectures, compileWithNvcc, type KernelResources } from "./nvcc.ts";
import { computeOccupancy } from "./occupancy.ts";

/** A kernel on one architecture. */
export interface KernelBudget extends KernelResources {
  readonly kernel: string;
  readonly architecture: Architecture;
  /** Of a block. */
  readonly threads: number;
}

/** The kernels of a file on some architectures, in the file's order, and which compiler says so. */
export interface Budgets {
  readonly compiler: string;
  readonly kernels: readonly KernelBudget[];
}

/** The threads of a block of each kernel that a file defines, from its bounds. */
export function readBounds(source: string): ReadonlyMap<string, number> {
  const pattern = /__global__ void __launch_bounds__\((\d+)[^)]*\)\s*(\w+)\(/g;
  return new Map(
    [...source.matchAll(pattern)].map(([, threads, name]) => [name!, Number(threads)]),
  );
}

/** Compiles a file for some architectures; a report that was made before is read. */
export async function measureKernels(
  source: string,
  wanted: readonly Architecture[] = architectures,
  cache: string = defaultCache(),
): Promise<Budgets | Unavailable> {
  const result = await compileWithNvcc(source, { architectures: wanted, cache });
  if ("unavailable" in result) return result;
  if (!result.ok) throw new Error(`nvcc does not compile the kernels:\n${result.errors}`);
  const kernels = [...readBounds(source)].flatMap(([kernel, threads]) =>
    wanted.map((architecture): KernelBudget => {
      const found = result.kernels.get(architecture)?.get(kernel);
      if (!found) throw new Error(`nvcc said nothing of ${kernel} on sm_${architecture}.`);
      return { kernel, architecture, threads, ...found };
    }),
  );
  const reported = [...result.kernels.values()].reduce((sum, of) => sum + of.size, 0);
  if (reported !== kernels.length)
    throw new Error("nvcc compiled kernels without __launch_bounds__, whose threads are unknown.");
  return { compiler: result.compiler, kernels };
}

/** The same for people, with occupancy. */
export async function describeUse(source: string): Promise<Measured | Unavailable> {
  const found = await measureKernels(source);
  if ("unavailable" in found) return found;
  return { by: found.compiler, kernels: found.kernels.map(describeKernel) };
}

function describeKernel(budget: KernelBudget): KernelUse {
  const { kernel, architecture, threads, registers, sharedBytes, spillStores, spillLoads } = budget;
  const { blocks, warps, share, limiters } = computeOccupancy(architecture, budget);
  return {
    kernel,
    device: `sm_${architecture}`,
    use: {
      threads,
      registers,
      "spilled bytes": spillStores + spillLoads,
      "shared bytes": sharedBytes,
      blocks,
      warps,
      occupancy: `${Math.round(share * 100)} %`,
      "limited by": limiters.join(", "),
    },
  };
}
