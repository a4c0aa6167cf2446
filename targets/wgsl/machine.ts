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
  platforms: [
    { system: "Linux", how: "SwiftShader through Dawn (x64)", executed: "executed" },
    { system: "Linux", how: "a GPU's Vulkan driver through Dawn", executed: "never executed" },
    { system: "macOS", how: "Metal through Dawn", executed: "never executed" },
    { system: "Windows", how: "D3D12 through Dawn", executed: "never executed" },
    { system: "browsers", how: "Chromium with SwiftShader", executed: "executed" },
    { system: "browsers", how: "any with WebGPU, on a GPU", executed: "never executed" },
  ],
};
