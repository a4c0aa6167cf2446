// From CUDA text to the PTX that nvcc makes of it, remembered by content.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashParts } from "../../native/cache.ts";
import { type Compiler, runTool } from "../../native/compilers.ts";
import type { Macros } from "../build.ts";

/** Architectures whose PTX is executed: the oldest and the newest that kernels are made for; their forms differ. */
export const ptxArchitectures = [75, 120] as const;

// As libraries for a GPU are built: a*b+c rounds twice, as it does in the other targets.
const flags = ["-ptx", "-std=c++17", "-O3", "-fmad=false"] as const;

/** The PTX of a kernel file for one architecture. */
export async function compileToPtx(
  compiler: Compiler,
  cache: string,
  source: string,
  macros: Macros,
  architecture: number,
): Promise<string> {
  const defines = Object.keys(macros)
    .sort()
    .map((name) => `-D${name}=${macros[name]}`);
  const args = [...flags, `-arch=sm_${architecture}`, ...defines];
  const key = hashParts([compiler.path, compiler.version, ...args, source]);
  const folder = await cached(cache, `ptx-${key}`, async (temporary) => {
    await writeFile(join(temporary, "kernel.cu"), source);
    const { ok, stdout, stderr } = await runTool(
      compiler.path,
      [...args, "-w", "kernel.cu", "-o", "kernel.ptx"],
      temporary,
    );
    if (!ok) throw new Error(`nvcc could not compile the kernel:\n${stderr}${stdout}`);
  });
  return readFile(join(folder, "kernel.ptx"), "utf8");
}
