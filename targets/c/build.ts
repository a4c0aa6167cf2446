// Builds of a file, kept by what they are made of: a shared library, or a program under sanitizers.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { cached, hashParts } from "../cuda/cache.ts";
import { type Compiler, findCompiler, runTool } from "../cuda/compilers.ts";

/** fast: what ships is built so; strict: a multiplication and an addition are never one. */
export type BuildKind = "fast" | "strict";

const names = ["gcc", "clang", "cc"] as const;

/** The C compiler of this machine. */
export const findCCompiler = (): Promise<Compiler | undefined> => findCompiler(names);

const contraction: Readonly<Record<BuildKind, string>> = {
  fast: "-ffp-contract=fast",
  strict: "-ffp-contract=off",
};

/** Flags of all builds: no value depends on errno or traps. */
const flags = (kind: BuildKind): readonly string[] => [
  "-std=c11",
  "-O3",
  "-march=native",
  "-fno-math-errno",
  "-fno-trapping-math",
  contraction[kind],
];

const openmp = new Map<string, Promise<boolean>>();

/** Can this compiler share loops among threads? */
export function hasOpenMp(compiler: Compiler, cache: string): Promise<boolean> {
  const found = openmp.get(compiler.path) ?? tryOpenMp(compiler, cache);
  openmp.set(compiler.path, found);
  return found;
}

async function tryOpenMp(compiler: Compiler, cache: string): Promise<boolean> {
  const text = "#include <omp.h>\nint threads(void) { return omp_get_max_threads(); }\n";
  const key = hashParts([compiler.path, compiler.version, text]);
  try {
    await cached(cache, `openmp-${key}`, (folder) =>
      compileIn(compiler, folder, text, ["-fopenmp", "-shared", "-fPIC", "-o", "probe.so"]),
    );
    return true;
  } catch {
    return false;
  }
}

/** The shared library of a file, built or found in the cache. */
export async function buildLibrary(
  compiler: Compiler,
  kind: BuildKind,
  cache: string,
  source: string,
): Promise<string> {
  const threads = (await hasOpenMp(compiler, cache)) ? ["-fopenmp"] : [];
  const args = [...flags(kind), ...threads, "-shared", "-fPIC", "-w"];
  // Builds for one processor are no good on another that shares the folder.
  const processor = cpus()[0]?.model ?? "";
  const key = hashParts([compiler.path, compiler.version, processor, ...args, source]);
  const folder = await cached(cache, key, (temporary) =>
    compileIn(compiler, temporary, source, [...args, "-o", "kernels.so", "-lm"]),
  );
  return join(folder, "kernels.so");
}

async function compileIn(
  compiler: Compiler,
  folder: string,
  source: string,
  args: readonly string[],
): Promise<void> {
  await writeFile(join(folder, "kernels.c"), source);
  const { ok, stdout, stderr } = await runTool(compiler.path, ["kernels.c", ...args], folder);
  if (!ok) throw new Error(`${compiler.name} could not compile the kernels:\n${stderr}${stdout}`);
}
