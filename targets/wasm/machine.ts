import type { TargetMachine } from "../contract/machine.ts";
import { assemble } from "./assemble.ts";
import { openWasm } from "./executor.ts";
import { relax } from "./relax.ts";

/** Opens WebAssembly in Node, with so many threads. */
export const openWasmInNode = async (threads = 1, relaxed?: boolean) =>
  openWasm({
    assemble: (text, isRelaxed) => assemble(isRelaxed ? relax(text) : text),
    threads,
    ...(relaxed === undefined ? {} : { relaxed }),
  });

async function readWithWabt(sources: readonly string[]) {
  const found: (readonly string[])[] = [];
  for (const source of sources)
    found.push(
      await assemble(source).then(
        () => [],
        (error: unknown) => [error instanceof Error ? error.message : String(error)],
      ),
    );
  return found;
}

/** WebAssembly runs wherever Node or a browser does; it has vectors of 128 bits in all of them. */
export const machine: TargetMachine = {
  open: [() => openWasmInNode()],
  // Two threads find what iterations that are not independent would make wrong.
  openToCheck: () => openWasmInNode(2),
  openThreads: (threads) => openWasmInNode(threads),
  probes: [
    { what: "wasm in Node", opens: () => openWasmInNode() },
    { what: "wasm in Node, 2 threads", opens: () => openWasmInNode(2) },
  ],
  readers: [{ name: "wabt", read: readWithWabt }],
  platforms: [
    { system: "Linux", how: "Node 20 (x64)", executed: "executed" },
    { system: "macOS", how: "Node 20", executed: "never executed" },
    { system: "Windows", how: "Node 20", executed: "never executed" },
    { system: "browsers", how: "Chromium", executed: "executed" },
  ],
};
