// From the text of a kernel file to something that runs: a library for a GPU or for the
// simulation, which finds races too, or the memory build's program.

import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, hashParts } from "../native/cache.ts";
import { type Compiler, runTool } from "../native/compilers.ts";

/** What a build is for; `auto` of the executor is resolved before. */
export type BuildKind = "gpu" | "simulation" | "memory" | "races";

/** Macro names and the texts they stand for. */
export type Macros = Readonly<Record<string, string>>;

interface Recipe {
  /** Sources compiled once and linked to every kernel file. */
  readonly runtime: readonly string[];
  readonly compile: readonly string[];
  /** Further flags for the kernel file alone. */
  readonly kernel?: readonly string[];
  /** Further flags for linking both. */
  readonly link: readonly string[];
  readonly prelude: readonly string[];
  readonly result: string;
  /** What some compilers come without, and flags with which an empty program then is not built. */
  readonly needs: readonly { readonly what: string; readonly flags: readonly string[] }[];
}

const native = fileURLToPath(new URL(".", import.meta.url));

const headers = [
  "launcher.h",
  "registry.h",
  "simulation/device.h",
  "simulation/intrinsics.h",
  "simulation/fiber.h",
  "simulation/barriers.h",
  "simulation/group.h",
  "simulation/races.h",
] as const;

const simulation = ["fiber", "barriers", "group", "launcher"].map(
  (name) => `simulation/${name}.cpp`,
);

// Contraction is off everywhere: a*b+c rounds twice, as it does in the other targets.
const host = ["-std=c++17", "-O2", "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing"];
const hidden = ["-fPIC", "-fvisibility=hidden", "-DWW_SIMULATION"];
const undefinedBehaviour = [
  "-fsanitize=undefined,float-cast-overflow",
  "-fno-sanitize-recover=all",
];

const recipes: Readonly<Record<BuildKind, Recipe>> = {
  simulation: {
    runtime: simulation,
    compile: [...host, ...hidden],
    link: ["-shared", "-pthread", "-Wl,-Bsymbolic"],
    prelude: ["device.h"],
    result: "kernels.so",
    needs: [],
  },
  memory: {
    runtime: [...simulation, "simulation/worker.cpp"],
    compile: [...host, ...hidden, "-g1", "-fsanitize=address", "-DWW_ADDRESS_SANITIZER"],
    kernel: undefinedBehaviour,
    link: ["-pthread", ...undefinedBehaviour],
    prelude: ["device.h"],
    result: "kernels",
    needs: [
      { what: "address sanitizer", flags: ["-fsanitize=address"] },
      { what: "undefined-behaviour sanitizer", flags: undefinedBehaviour },
    ],
  },
  races: {
    runtime: [...simulation, "simulation/races.cpp", "simulation/tsan.cpp"],
    compile: [...host, ...hidden, "-DWW_RACES"],
    // Little optimised, so that accesses stay where the text has them. The sanitizer's own library is
    // not linked: simulation/tsan.cpp stands for it, and for all of it (defs).
    kernel: ["-O1", "-g1", "-gdwarf-4", "-fsanitize=thread"],
    link: ["-shared", "-pthread", "-Wl,-Bsymbolic", "-Wl,-z,defs"],
    prelude: ["device.h"],
    result: "kernels.so",
    needs: [{ what: "thread sanitizer's instrumentation", flags: ["-fsanitize=thread", "-c"] }],
  },
  gpu: {
    runtime: ["launcher_gpu.cu"],
    compile: ["-std=c++17", "-O3", "-fmad=false", "-Xcompiler=-fPIC"],
    link: ["-shared"],
    prelude: [],
    result: "kernels.so",
    needs: [],
  },
};

/** Kernel functions that a file defines, in its order. */
export function findKernels(source: string): string[] {
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, " ");
  const bounds = String.raw`(?:__launch_bounds__\s*\([^)]*\)\s*)?`;
  const pattern = new RegExp(String.raw`__global__\s+${bounds}void\s+${bounds}(\w+)\s*\(`, "g");
  return [...text.matchAll(pattern)].map(([, name]) => name!);
}

/** How many bytes the races build follows as one: those of the shortest elements that a file has. */
export const followedBytes = (source: string): number =>
  /\bunsigned short\b/.test(source) ? 2 : 4;

/** Builds a kernel file, or finds it in the cache: the path of the library or program. */
export async function buildKernels(
  compiler: Compiler,
  kind: BuildKind,
  cache: string,
  source: string,
  macros: Macros,
  architecture?: string,
): Promise<string> {
  const recipe = recipes[kind];
  const target = architecture === undefined ? [] : [`-arch=${architecture}`];
  const word = kind === "races" ? [`-DWW_WORD_BYTES=${followedBytes(source)}`] : [];
  const sections = await sanitizeSections(compiler, kind);
  const compile = [...recipe.compile, ...word, ...sections, ...target];
  const flags = [...compile, ...(recipe.kernel ?? [])];
  const objects = await buildRuntime(compiler, recipe, cache, compile);
  const defines = Object.keys(macros)
    .sort()
    .map((name) => `-D${name}=${macros[name]}`);
  const registration = writeRegistration(recipe, source);
  const key = hashParts([objects.key, ...flags, ...recipe.link, ...defines, registration, source]);
  const folder = await cached(cache, key, async (temporary) => {
    await writeFile(join(temporary, "kernel.cu"), source);
    const file = kind === "gpu" ? "library.cu" : "library.cpp";
    await writeFile(join(temporary, file), registration);
    // Warnings about generated text are for nvcc's and the simulation's tests, not for its users.
    const args = [...flags, "-w", ...defines, ...includes(objects.folder)];
    await compileIn(compiler, temporary, [...args, "-c", file, "-o", "kernel.o"]);
    const parts = recipe.runtime.map((name) => join(objects.folder, objectName(name)));
    const link = [...compile, ...recipe.link, "kernel.o", ...parts];
    await compileIn(compiler, temporary, [...link, "-o", recipe.result]);
    await rm(join(temporary, "kernel.o"));
  });
  return join(folder, recipe.result);
}

/** What a build needs of a compiler that this one lacks. */
export async function findLack(compiler: Compiler, kind: BuildKind): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "warpweave-"));
  try {
    await writeFile(join(folder, "empty.cpp"), "int main() {}\n");
    for (const { what, flags } of recipes[kind].needs)
      if (!(await runTool(compiler.path, [...flags, "empty.cpp"], folder)).ok) return what;
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function writeRegistration(recipe: Recipe, source: string): string {
  const kernels = findKernels(source);
  if (kernels.length === 0)
    throw new Error("The CUDA source has no kernel: it must define a __global__ void function.");
  return [
    ...recipe.prelude.map((header) => `#include "${header}"`),
    '#include "kernel.cu"',
    '#include "registry.h"',
    `const ww::Kernel ww::kernels[] = {${kernels.map((name) => `WW_KERNEL(${name})`).join(", ")}};`,
    `const unsigned ww::kernel_count = ${kernels.length};`,
    "",
  ].join("\n");
}

/** The runtime's objects, beside copies of its headers so that a build needs no other folder. */
async function buildRuntime(
  compiler: Compiler,
  recipe: Recipe,
  cache: string,
  compile: readonly string[],
): Promise<{ readonly folder: string; readonly key: string }> {
  const files = [...headers, ...recipe.runtime];
  const texts = await Promise.all(files.map((file) => readFile(join(native, file), "utf8")));
  const key = hashParts([compiler.path, compiler.version, ...compile, ...files, ...texts]);
  const folder = await cached(cache, `runtime-${key}`, async (temporary) => {
    for (const header of headers)
      await copyFile(join(native, header), join(temporary, base(header)));
    await Promise.all(
      recipe.runtime.map((file) => {
        const args = [...compile, ...includes(native), "-c", join(native, file)];
        return compileIn(compiler, temporary, [...args, "-o", objectName(file)]);
      }),
    );
  });
  return { folder, key };
}

function includes(folder: string): string[] {
  return ["-I", folder, "-I", join(folder, "simulation")];
}

// g++ gives variables in named sections no red zones unless it is told to; clang has no such flag.
async function sanitizeSections(compiler: Compiler, kind: BuildKind): Promise<readonly string[]> {
  const gnu = compiler.version.includes("Free Software Foundation");
  return kind === "memory" && gnu ? ["-fsanitize-sections=ww_shared"] : [];
}

async function compileIn(compiler: Compiler, cwd: string, args: readonly string[]): Promise<void> {
  const { ok, stdout, stderr } = await runTool(compiler.path, args, cwd);
  if (!ok) throw new Error(`${compiler.name} could not compile the kernel:\n${stderr}${stdout}`);
}

function base(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

function objectName(file: string): string {
  return base(file).replace(/\.\w+$/, ".o");
}
