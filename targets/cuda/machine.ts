import type { TargetMachine } from "../contract/machine.ts";
import { defaultCache } from "../native/cache.ts";
import { openChecked } from "./checked.ts";
import { openCuda } from "./executor.ts";
import { architectures, compileWithNvcc } from "./nvcc.ts";
import { compileWithNvrtc } from "./nvrtc.ts";
import { computeOccupancy } from "./occupancy.ts";
import { openPtx } from "./ptx/executor.ts";
import { describeUse } from "./resources.ts";

const empty = 'extern "C" __global__ void probe() {}\n';

/** One architecture: what is wrong for one is wrong for all but in what it takes. */
async function readWithNvcc(sources: readonly string[]) {
  const found: (readonly string[])[] = [];
  for (const source of sources) {
    const result = await compileWithNvcc(source, { architectures: [80], cache: defaultCache() });
    if ("unavailable" in result) return result;
    found.push(result.ok ? [] : [result.errors.trim()]);
  }
  return found;
}

/** CUDA on a GPU, in the simulation and as PTX on the CPU, and two compilers of it. */
export const machine: TargetMachine = {
  open: [openCuda],
  openToCheck: (all) => openChecked({ all }),
  probes: [
    { what: "cuda on a GPU", opens: () => openCuda({ build: "gpu" }) },
    { what: "cuda simulated", opens: () => openCuda({ build: "simulation" }) },
    { what: "cuda memory check", opens: () => openCuda({ build: "memory" }) },
    { what: "cuda race check", opens: () => openCuda({ build: "races" }) },
    { what: "cuda as PTX", opens: openPtx },
    {
      what: "cuda by nvcc",
      compiles: async () => {
        const found = await compileWithNvcc(empty, { architectures: [80] });
        if ("unavailable" in found) return found;
        return found.ok
          ? found.compiler.replace("release ", "")
          : { target: "cuda", unavailable: `nvcc fails: ${found.errors.trim()}` };
      },
    },
    {
      what: "cuda by NVRTC",
      compiles: async () => {
        const found = await compileWithNvrtc(empty);
        if ("unavailable" in found) return found;
        return found.ok ? found.compiler : { target: "cuda", unavailable: found.errors.trim() };
      },
    },
  ],
  platforms: [
    { system: "Linux", how: "simulation on the CPU (x64)", executed: "executed" },
    { system: "Linux", how: "simulation on the CPU (arm64)", executed: "never executed" },
    { system: "Linux", how: "an NVIDIA GPU, built by nvcc", executed: "never executed" },
    { system: "macOS", how: "not supported", executed: "never executed" },
    { system: "Windows", how: "an NVIDIA GPU, built by nvcc", executed: "never executed" },
  ],
  measure: describeUse,
  devices: architectures.map((architecture) => ({
    name: `sm_${architecture}`,
    threads: 1024,
    // What a block may have without asking the driver for more.
    sharedBytes: 48 * 1024,
    occupancy: (group) => computeOccupancy(architecture, { ...group, barriers: 1 }).share,
  })),
  readers: [{ name: "nvcc", read: readWithNvcc }],
};
