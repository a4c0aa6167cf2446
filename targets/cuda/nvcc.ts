// Compiles kernel files with nvcc for real architectures and reads off what each kernel uses.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Unavailable } from "../contract/program.ts";
import type { Macros } from "./build.ts";
import { findNvcc, runTool } from "./compilers.ts";

/** Compute capabilities that kernels are compiled for: Turing to Blackwell. */
export const architectures = [75, 80, 86, 89, 90, 100, 120] as const;

/** What one kernel uses on one architecture, as the assembler reports it. */
export interface KernelResources {
  readonly registers: number;
  readonly spillStores: number;
  readonly spillLoads: number;
  readonly sharedBytes: number;
}

/** Resources by kernel for each architecture, or the compiler's text. */
export type NvccResult =
  | {
      readonly ok: true;
      readonly compiler: string;
      readonly kernels: ReadonlyMap<number, ReadonlyMap<string, KernelResources>>;
    }
  | { readonly ok: false; readonly compiler: string; readonly errors: string };

/** Compiles one source for all architectures in one call of nvcc. */
export async function compileWithNvcc(
  source: string,
  options: { readonly architectures?: readonly number[]; readonly macros?: Macros } = {},
): Promise<NvccResult | Unavailable> {
  const nvcc = await findNvcc();
  if (!nvcc)
    return {
      target: "cuda",
      unavailable: "nvcc was not found, or no g++ for it.",
      install: "the CUDA toolkit (developer.nvidia.com/cuda-downloads) and g++",
    };
  const wanted = options.architectures ?? architectures;
  if (wanted.length === 0) throw new RangeError("nvcc needs at least one architecture.");
  const compiler = /release [\d.]+/.exec(nvcc.version)?.[0] ?? nvcc.version;
  const folder = await mkdtemp(join(tmpdir(), "warpweave-nvcc-"));
  try {
    await writeFile(join(folder, "kernel.cu"), source);
    const { ok, stdout, stderr } = await runTool(
      nvcc.path,
      [
        "-fatbin",
        "-std=c++17",
        "-fmad=false",
        "-Xptxas=-v",
        ...wanted.map((sm) => `-gencode=arch=compute_${sm},code=sm_${sm}`),
        ...Object.entries(options.macros ?? {}).map(([name, value]) => `-D${name}=${value}`),
        "kernel.cu",
        "-o",
        "kernel.fatbin",
      ],
      folder,
    );
    if (!ok) return { ok, compiler: `nvcc ${compiler}`, errors: (stderr + stdout).trim() };
    const kernels = readResources(stderr + stdout);
    const missing = wanted.filter((sm) => !kernels.has(sm));
    if (missing.length > 0)
      throw new Error(`nvcc said nothing of a kernel for sm_${missing.join(", sm_")}.`);
    return { ok, compiler: `nvcc ${compiler}`, kernels };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the assembler's report; it throws where a kernel is named but not described. */
export function readResources(text: string): Map<number, Map<string, KernelResources>> {
  const found = new Map<number, Map<string, KernelResources>>();
  const parts = text.split(/Compiling entry function '/).slice(1);
  for (const part of parts) {
    const head = /^(\w+)' for 'sm_(\d+)\w?'/.exec(part);
    const spills = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(part);
    const registers = /Used (\d+) registers/.exec(part);
    if (!head || !spills || !registers)
      throw new Error(`The report of ptxas is not understood:\n${part}`);
    const kernels = found.get(Number(head[2])) ?? new Map<string, KernelResources>();
    found.set(Number(head[2]), kernels);
    kernels.set(head[1]!, {
      registers: Number(registers[1]),
      spillStores: Number(spills[1]),
      spillLoads: Number(spills[2]),
      // The assembler leaves out what is not used.
      sharedBytes: Number(/(\d+) bytes smem/.exec(part)?.[1] ?? 0),
    });
  }
  return found;
}
