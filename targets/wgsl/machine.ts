import type { TargetMachine } from "../contract/machine.ts";
import type { Unavailable } from "../contract/program.ts";
import { openWgsl } from "./adapter.ts";
import { openBrowser } from "./browser.ts";
import { validateWithNaga } from "./naga.ts";
import { validateWithDawn } from "./validate.ts";

const empty = "@compute @workgroup_size(1) fn probe() {}\n";

/** A compiler that finds fault with an empty kernel does not work. */
function explain(problems: readonly { message: string }[], name: string): string | Unavailable {
  const [first] = problems;
  return first === undefined ? name : { target: "wgsl", unavailable: first.message };
}

async function readWithDawn(sources: readonly string[]) {
  const found: (readonly string[])[] = [];
  for (const source of sources) {
    const problems = await validateWithDawn(source);
    if ("unavailable" in problems) return problems;
    found.push(problems.map(({ message }) => message));
  }
  return found;
}

async function readWithNaga(sources: readonly string[]) {
  const verdicts = await validateWithNaga(sources.map((source) => ({ source })));
  if ("unavailable" in verdicts) return verdicts;
  const found: (readonly string[])[] = [];
  for (const verdict of verdicts) {
    if ("unavailable" in verdict) return verdict;
    found.push(verdict.map(({ message }) => message));
  }
  return found;
}

/** WebGPU through Dawn in Node, in a headless browser, and two compilers of WGSL. */
export const machine: TargetMachine = {
  open: [openWgsl],
  probes: [
    { what: "wgsl on a GPU", opens: () => openWgsl({ adapter: "hardware" }) },
    { what: "wgsl on the CPU", opens: () => openWgsl({ adapter: "software" }) },
    { what: "wgsl in a browser", opens: openBrowser },
    {
      what: "wgsl by Dawn",
      compiles: async () => {
        const found = await validateWithDawn(empty);
        return "unavailable" in found ? found : explain(found, "Dawn's compiler, null backend");
      },
    },
    {
      what: "wgsl by naga",
      compiles: async () => {
        const found = await validateWithNaga([{ source: empty }]);
        if ("unavailable" in found) return found;
        const [verdict = []] = found;
        return "unavailable" in verdict ? verdict : explain(verdict, "naga, in Deno");
      },
    },
  ],
  // What WebGPU promises in its two modes, and what most adapters of computers give where it is asked for.
  devices: [
    { name: "compatibility mode", threads: 128, sharedBytes: 16_384 },
    { name: "default limits", threads: 256, sharedBytes: 16_384 },
    { name: "adapters of 1024 threads, 32 KiB", threads: 1024, sharedBytes: 32_768 },
  ],
  readers: [
    { name: "Dawn's compiler", read: readWithDawn },
    { name: "naga", read: readWithNaga },
  ],
  platforms: [
    { system: "Linux", how: "SwiftShader through Dawn (x64)", executed: "executed" },
    { system: "Linux", how: "a GPU's Vulkan driver through Dawn", executed: "never executed" },
    { system: "macOS", how: "Metal through Dawn", executed: "never executed" },
    { system: "Windows", how: "D3D12 through Dawn", executed: "never executed" },
    { system: "browsers", how: "Chromium with SwiftShader", executed: "executed" },
    { system: "browsers", how: "any with WebGPU, on a GPU", executed: "never executed" },
  ],
};
