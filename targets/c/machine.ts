import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TargetMachine } from "../contract/machine.ts";
import { runTool } from "../native/compilers.ts";
import { findCCompiler } from "./build.ts";
import { openCheckedC } from "./checked.ts";
import { openC } from "./executor.ts";

/** Syntax and types; what a text does is seen where it runs. */
async function readWithCompiler(sources: readonly string[]) {
  const compiler = await findCCompiler();
  if (compiler === undefined) return { target: "c", unavailable: "no C compiler was found." };
  const folder = await mkdtemp(join(tmpdir(), "warpweave-read-"));
  try {
    const found: (readonly string[])[] = [];
    for (const [i, source] of sources.entries()) {
      const file = `kernels${i}.c`;
      await writeFile(join(folder, file), source);
      const args = ["-std=c11", "-fsyntax-only", "-w", file];
      const { ok, stderr } = await runTool(compiler.path, args, folder);
      found.push(ok ? [] : [stderr.trim()]);
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** C on the CPU, by the machine's own compiler. */
export const machine: TargetMachine = {
  open: [() => openC(), () => openC({ threads: 2 })],
  openToCheck: openCheckedC,
  openThreads: (threads) => openC({ threads }),
  probes: [
    { what: "c on the CPU", opens: () => openC() },
    { what: "c memory check", opens: () => openC({ build: "memory" }) },
    { what: "c on the CPU, 2 threads", opens: () => openC({ threads: 2 }) },
  ],
  readers: [{ name: "the C compiler", read: readWithCompiler }],
  platforms: [
    { system: "Linux", how: "gcc (x64)", executed: "executed" },
    { system: "Linux", how: "gcc (arm64), clang", executed: "never executed" },
    { system: "macOS", how: "clang", executed: "never executed" },
  ],
};
