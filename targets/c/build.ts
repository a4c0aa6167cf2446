// Builds of a file, kept by what they are made of: a shared library, or a program under sanitizers.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { cached, hashParts } from "../native/cache.ts";
import { type Compiler, findCompiler, runTool } from "../native/compilers.ts";

/**
 * fast: what ships is built so; strict: a multiplication and an addition are never one; memory: under sanitizers,
 * which find what is outside of arrays, and what C does not define.
 */
export type BuildKind = "fast" | "strict" | "memory";

const names = ["gcc", "clang", "cc"] as const;

/** The C compiler of this machine. */
export const findCCompiler = (): Promise<Compiler | undefined> => findCompiler(names);

/** No value depends on errno or traps. */
const common = ["-std=c11", "-march=native", "-fno-math-errno", "-fno-trapping-math"] as const;

const flags: Readonly<Record<BuildKind, readonly string[]>> = {
  fast: [...common, "-O3", "-ffp-contract=fast"],
  strict: [...common, "-O3", "-ffp-contract=off"],
  memory: [...common, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

/** A compiler that was run and refused a text. */
class RefusedText extends Error {}

const openmp = new Map<string, Promise<boolean>>();

/** Can this compiler share loops among threads? */
export function hasOpenMp(compiler: Compiler, cache: string): Promise<boolean> {
  const found = openmp.get(compiler.path) ?? tryOpenMp(compiler, cache);
  openmp.set(compiler.path, found);
  return found;
}

async function tryOpenMp(compiler: Compiler, cache: string): Promise<boolean> {
  const text = "#include <omp.h>\nint threads(void) { return omp_get_max_threads(); }\n";
  return canBuild(compiler, cache, text, ["-fopenmp", "-shared", "-fPIC"]);
}

async function canBuild(
  compiler: Compiler,
  cache: string,
  text: string,
  args: readonly string[],
): Promise<boolean> {
  const key = hashParts([compiler.path, compiler.version, text, ...args]);
  try {
    await cached(cache, `probe-${key}`, (folder) =>
      compileIn(compiler, folder, text, [...args, "-o", "probe"]),
    );
    return true;
  } catch (error) {
    if (error instanceof RefusedText) return false;
    throw error;
  }
}

/** Can this compiler build what kernels need: is the C library there with its headers? */
export const canBuildLibraries = (compiler: Compiler, cache: string): Promise<boolean> =>
  canBuild(compiler, cache, "#include <math.h>\n#include <stdlib.h>\nint one = 1;\n", [
    ...flags.fast,
    ...["-shared", "-fPIC", "-lm"],
  ]);

/** Has this compiler the libraries of its sanitizers? */
export const hasSanitizers = (compiler: Compiler, cache: string): Promise<boolean> =>
  canBuild(compiler, cache, "int main(void) { return 0; }\n", flags.memory);

/** The program that makes calls of a file's functions under sanitizers, built or found in the cache. */
export async function buildSanitized(
  compiler: Compiler,
  cache: string,
  source: string,
  main: string,
): Promise<string> {
  const args = [...flags.memory, "-w"];
  const parts = [compiler.path, compiler.version, processor(), ...args, source];
  // The kernels take most of the time, and programs for all entries of a file share them.
  const kernels = await cached(cache, hashParts(parts), (temporary) =>
    compileIn(compiler, temporary, source, [...args, "-c", "-o", "kernels.o"]),
  );
  const folder = await cached(cache, hashParts([...parts, main]), (temporary) => {
    const link = [...args, join(kernels, "kernels.o"), "-o", "program", "-lm"];
    return compileIn(compiler, temporary, main, link, "main.c");
  });
  return join(folder, "program");
}

/** Builds for one processor are no good on another that shares the folder. */
const processor = (): string => cpus()[0]?.model ?? "";

/**
 * Threads of OpenMP wait inside its library between calls, and it goes where the kernels' go: Node 26 closes libraries
 * when it ends, under the feet of threads. Mach-O's linker knows no such flag.
 */
const stays: readonly string[] = process.platform === "linux" ? ["-Wl,-z,nodelete"] : [];

/** The shared library of a file, built or found in the cache. */
export async function buildLibrary(
  compiler: Compiler,
  kind: BuildKind,
  cache: string,
  source: string,
): Promise<string> {
  const threads = (await hasOpenMp(compiler, cache)) ? ["-fopenmp", ...stays] : [];
  const args = [...flags[kind], ...threads, "-shared", "-fPIC", "-w"];
  const key = hashParts([compiler.path, compiler.version, processor(), ...args, source]);
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
  file = "kernels.c",
): Promise<void> {
  await writeFile(join(folder, file), source);
  const { ok, stdout, stderr } = await runTool(compiler.path, [file, ...args], folder);
  if (!ok)
    throw new RefusedText(`${compiler.name} could not compile the kernels:\n${stderr}${stdout}`);
}
