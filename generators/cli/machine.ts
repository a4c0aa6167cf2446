// What this machine can run: every target and every compiler is really started, not just looked for.

import { arch, cpus, platform, release } from "node:os";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { compileWithNvcc } from "../../targets/cuda/nvcc.ts";
import { compileWithNvrtc } from "../../targets/cuda/nvrtc.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { openBrowser } from "../../targets/wgsl/browser.ts";
import { validateWithNaga } from "../../targets/wgsl/naga.ts";
import { validateWithDawn } from "../../targets/wgsl/validate.ts";
import { messageOf } from "./errors.ts";
import { formatDevice } from "./executors.ts";

/** One thing that a machine may be able to do. */
export interface Finding {
  /** The target, and which of its ways. */
  readonly what: string;
  readonly target: string;
  /** `runs` kernels, only `compiles` (checks) them, or is `missing`. */
  readonly state: "runs" | "compiles" | "missing";
  /** Device and driver, or why it is missing. */
  readonly device: string;
  /** True where the device is real hardware of the target's kind. */
  readonly hardware?: boolean;
  /** What makes it run, where it does not or where hardware is missing. */
  readonly install?: string;
}

/** This machine, and all that was found on it. */
export interface Machine {
  readonly system: string;
  readonly findings: readonly Finding[];
}

interface Probe {
  readonly what: string;
  readonly target: string;
  readonly find: (probe: Pick<Probe, "what" | "target">) => Promise<Finding>;
}

type Opened = Executor | Unavailable;

/** A probe that opens an executor and closes it again. */
function opens(what: string, target: string, open: () => Promise<Opened>): Probe {
  return {
    what,
    target,
    find: async (probe) => {
      const opened = await open();
      if ("unavailable" in opened) return missing(probe, opened);
      const { hardware } = opened.device;
      await opened.close();
      return { ...probe, state: "runs", device: formatDevice(opened.device), hardware };
    },
  };
}

/** A probe that compiles a small kernel; what it gives is a compiler's name, or why there is none. */
function compiles(
  what: string,
  target: string,
  compile: () => Promise<string | Unavailable>,
): Probe {
  return {
    what,
    target,
    find: async (probe) => {
      const found = await compile();
      if (typeof found !== "string") return missing(probe, found);
      return { ...probe, state: "compiles", device: found };
    },
  };
}

function missing(probe: Pick<Probe, "what" | "target">, found: Unavailable): Finding {
  const { what, target } = probe;
  const install = found.install === undefined ? {} : { install: found.install };
  return { what, target, state: "missing", device: found.unavailable, ...install };
}

const emptyWgsl = "@compute @workgroup_size(1) fn probe() {}\n";
const emptyCuda = 'extern "C" __global__ void probe() {}\n';

const probes: readonly Probe[] = [
  opens("js in Node", "js", async () => openJs()),
  opens("gpu.js", "gpujs", openGpujs),
  opens("gpu.js, CPU mode", "gpujs", () => openGpujs({ mode: "cpu" })),
  opens("wgsl on a GPU", "wgsl", () => openWgsl({ adapter: "hardware" })),
  opens("wgsl on the CPU", "wgsl", () => openWgsl({ adapter: "software" })),
  opens("wgsl in a browser", "wgsl", openBrowser),
  compiles("wgsl by Dawn", "wgsl", async () => {
    const found = await validateWithDawn(emptyWgsl);
    return "unavailable" in found ? found : explain(found, "Dawn's compiler, null backend");
  }),
  compiles("wgsl by naga", "wgsl", async () => {
    const found = await validateWithNaga([{ source: emptyWgsl }]);
    if ("unavailable" in found) return found;
    const [verdict = []] = found;
    return "unavailable" in verdict ? verdict : explain(verdict, "naga, in Deno");
  }),
  opens("cuda on a GPU", "cuda", () => openCuda({ build: "gpu" })),
  opens("cuda simulated", "cuda", () => openCuda({ build: "simulation" })),
  opens("cuda memory check", "cuda", () => openCuda({ build: "memory" })),
  compiles("cuda by nvcc", "cuda", async () => {
    const found = await compileWithNvcc(emptyCuda, { architectures: [80] });
    if ("unavailable" in found) return found;
    return found.ok
      ? found.compiler.replace("release ", "")
      : { target: "cuda", unavailable: `nvcc fails: ${found.errors.trim()}` };
  }),
  compiles("cuda by NVRTC", "cuda", async () => {
    const found = await compileWithNvrtc(emptyCuda);
    if ("unavailable" in found) return found;
    return found.ok ? found.compiler : { target: "cuda", unavailable: found.errors.trim() };
  }),
];

/** A compiler that finds fault with an empty kernel does not work. */
function explain(problems: readonly { message: string }[], name: string): string | Unavailable {
  const [first] = problems;
  return first === undefined ? name : { target: "wgsl", unavailable: first.message };
}

/** Starts every target and compiler in turn; one that breaks is a finding too. */
export async function examine(): Promise<Machine> {
  const findings: Finding[] = [];
  for (const { what, target, find } of probes) {
    try {
      findings.push(await find({ what, target }));
    } catch (error) {
      findings.push({ what, target, state: "missing", device: `it fails: ${messageOf(error)}` });
    }
  }
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const system = `${platform()} ${release()} ${arch()}, ${processor}, Node ${process.versions.node}`;
  return { system, findings };
}
