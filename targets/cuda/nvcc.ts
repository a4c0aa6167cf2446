// Compiles kernel files with nvcc for real architectures and reads off what each kernel uses.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Unavailable } from "../contract/program.ts";
import { cached, hashParts } from "../native/cache.ts";
import { findNvcc, runTool } from "../native/compilers.ts";
import type { Macros } from "./build.ts";

/** Compute capabilities that kernels are compiled for: Turing to Blackwell. */
export const architectures = [75, 80, 86, 89, 90, 100, 120] as const;

/** One of them. */
export type Architecture = (typeof architectures)[number];

/** What one kernel uses on one architecture, as the assembler reports it. */
export interface KernelResources {
  readonly registers: number;
  readonly spillStores: number;
  readonly spillLoads: number;
  readonly sharedBytes: number;
  /** Of arguments and constants; absent where the assembler does not tell, from Hopper on. */
  readonly constantBytes?: number;
  /** Of each thread's local memory. */
  readonly stackBytes: number;
  readonly barriers: number;
}

/** Resources by kernel for each architecture, or the compiler's text. */
export type NvccResult =
  | {
      readonly ok: true;
      readonly compiler: string;
      readonly kernels: ReadonlyMap<number, ReadonlyMap<string, KernelResources>>;
    }
  | { readonly ok: false; readonly compiler: string; readonly errors: string };

/** What to compile for, and with what. */
export interface NvccOptions {
  readonly architectures?: readonly number[];
  readonly macros?: Macros;
  /** A folder in which reports are kept by what was compiled; none are unless said. */
  readonly cache?: string;
}

/** Compiles one source for all architectures in one call of nvcc. */
export async function compileWithNvcc(
  source: string,
  { architectures: wanted = architectures, macros = {}, cache }: NvccOptions = {},
): Promise<NvccResult | Unavailable> {
  const nvcc = await findNvcc();
  if (!nvcc)
    return {
      target: "cuda",
      unavailable: "nvcc was not found, or no g++ for it.",
      install: "the CUDA toolkit (developer.nvidia.com/cuda-downloads) and g++",
    };
  if (wanted.length === 0) throw new RangeError("nvcc needs at least one architecture.");
  const release = /release [\d.]+/.exec(nvcc.version)?.[0] ?? nvcc.version;
  const compiler = `nvcc ${release}`;
  const args = [
    ...["-fatbin", "-std=c++17", "-fmad=false", "-Xptxas=-v"],
    ...wanted.map((sm) => `-gencode=arch=compute_${sm},code=sm_${sm}`),
    ...Object.entries(macros).map(([name, value]) => `-D${name}=${value}`),
    ...["kernel.cu", "-o", "kernel.fatbin"],
  ];
  const report = async (folder: string) => {
    await writeFile(join(folder, "kernel.cu"), source);
    const { ok, stdout, stderr } = await runTool(nvcc.path, args, folder);
    return { ok, text: stderr + stdout };
  };
  const { ok, text } =
    cache === undefined
      ? await inTemporary(report)
      : await remembered(cache, [nvcc.version, ...args, source], report);
  if (!ok) return { ok, compiler, errors: text.trim() };
  const kernels = readResources(text);
  const missing = wanted.filter((sm) => !kernels.has(sm));
  if (missing.length > 0)
    throw new Error(`nvcc said nothing of a kernel for sm_${missing.join(", sm_")}.`);
  return { ok, compiler, kernels };
}

interface Report {
  readonly ok: boolean;
  readonly text: string;
}

async function inTemporary(work: (folder: string) => Promise<Report>): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "warpweave-nvcc-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The report of an earlier call with equal parts; failures are not kept. */
async function remembered(
  cache: string,
  parts: readonly string[],
  work: (folder: string) => Promise<Report>,
): Promise<Report> {
  let failed: Report | undefined;
  try {
    const folder = await cached(cache, `report-${hashParts(parts)}`, async (temporary) => {
      const made = await work(temporary);
      if (!made.ok) {
        failed = made;
        throw new Error("nvcc failed");
      }
      await rm(join(temporary, "kernel.fatbin"), { force: true });
      await writeFile(join(temporary, "report.txt"), made.text);
    });
    return { ok: true, text: await readFile(join(folder, "report.txt"), "utf8") };
  } catch (error) {
    if (failed) return failed;
    throw error;
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
    const stack = /(\d+) bytes stack frame/.exec(part);
    // What a part ends with is told of the next architecture's module.
    const used = /Used \d+ registers.*/.exec(part)?.[0] ?? "";
    const constant = [...used.matchAll(/(\d+) bytes cmem\[\d+\]/g)];
    if (!head || !spills || !registers || !stack)
      throw new Error(`The report of ptxas is not understood:\n${part}`);
    const kernels = found.get(Number(head[2])) ?? new Map<string, KernelResources>();
    found.set(Number(head[2]), kernels);
    kernels.set(head[1]!, {
      registers: Number(registers[1]),
      spillStores: Number(spills[1]),
      spillLoads: Number(spills[2]),
      // The assembler leaves out what is not used.
      sharedBytes: Number(/(\d+) bytes smem/.exec(part)?.[1] ?? 0),
      ...(constant.length > 0 && {
        constantBytes: constant.reduce((sum, [, bytes]) => sum + Number(bytes), 0),
      }),
      stackBytes: Number(stack[1]),
      barriers: Number(/used (\d+) barriers/.exec(part)?.[1] ?? 0),
    });
  }
  return found;
}
