// Which compilers this machine has, and how they are run.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";

/** A compiler found on this machine. */
export interface Compiler {
  readonly path: string;
  /** The name it was found by, e.g. `g++`. */
  readonly name: string;
  /** All that it says of itself; part of the cache's keys. */
  readonly version: string;
}

/** How one run of a program ended. */
export interface Finished {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const hostCompilers = ["g++", "clang++", "c++"] as const;

let running = 0;
const waiting: (() => void)[] = [];

/** Runs a program to its end, no more at a time than there are processors. */
export async function runTool(
  path: string,
  args: readonly string[],
  cwd?: string,
): Promise<Finished> {
  while (running >= availableParallelism()) await new Promise<void>((go) => waiting.push(go));
  running++;
  try {
    return await new Promise<Finished>((resolve) => {
      const options = { maxBuffer: 64 * 1024 * 1024, ...(cwd === undefined ? {} : { cwd }) };
      execFile(path, [...args], options, (error, stdout, stderr) =>
        resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? "") }),
      );
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** The host compiler of the simulation: the first of g++, clang++, c++ that runs. */
export const findHostCompiler = (): Promise<Compiler | undefined> => findCompiler(hostCompilers);

/** The first of these programs on PATH that runs. */
export async function findCompiler(names: readonly string[]): Promise<Compiler | undefined> {
  for (const name of names) {
    const compiler = await describeCompiler(name, searchPath());
    if (compiler) return compiler;
  }
  return undefined;
}

/** NVIDIA's compiler: on PATH, in CUDA_HOME or CUDA_PATH, or where its installer puts it. */
export async function findNvcc(): Promise<Compiler | undefined> {
  // It preprocesses with the host's compiler, so that without one it cannot work.
  if (!(await findHostCompiler())) return undefined;
  const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH, "/usr/local/cuda"];
  const bins = homes.flatMap((home) => (home ? [join(home, "bin")] : []));
  return describeCompiler("nvcc", [...searchPath(), ...bins]);
}

/** A program on PATH. */
export async function findTool(name: string): Promise<string | undefined> {
  for (const folder of searchPath())
    if (await canRun(join(folder, name))) return join(folder, name);
  return undefined;
}

function searchPath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

async function describeCompiler(
  name: string,
  folders: readonly string[],
): Promise<Compiler | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (!(await canRun(path))) continue;
    const { ok, stdout } = await runTool(path, ["--version"]);
    if (ok) return { path, name, version: stdout.trim() };
  }
  return undefined;
}

async function canRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
