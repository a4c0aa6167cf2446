// A WebGPU device in Node through npm `webgpu` (Dawn): a real GPU where there is one, otherwise
// SwiftShader, a Vulkan driver that computes on the CPU.
// On macOS (Metal) and Windows (D3D12) Dawn needs no help; that was never executed by the authors.

import { join } from "node:path";
import type { Device, Executor, Unavailable } from "../contract/program.ts";
import { createRunner, type Runner, type RunnerOptions } from "./executor.ts";
import { limitsOfGroups, maximumLimits } from "./limits.ts";
import { unpackBundle } from "./unpack.ts";

/** Which adapter to open, and how to run on it. */
export interface OpenOptions extends RunnerOptions {
  /** "any" (the default) prefers a GPU; "hardware" accepts nothing else, "software" wants none. */
  readonly adapter?: "any" | "hardware" | "software";
}

/** An executor with its WebGPU device at hand. */
export interface WgslExecutor extends Executor {
  readonly gpu: GPUDevice;
  readonly runner: Runner;
}

const target = "wgsl";

/** The best adapter of this machine, for those who open a device of their own. */
export async function openAdapter(
  want: OpenOptions["adapter"] = "any",
): Promise<GPUAdapter | Unavailable> {
  const dawn = await importDawn();
  return "unavailable" in dawn ? dawn : findAdapter(dawn, want);
}

/** Opens a device of the best adapter of this machine. */
export async function openWgsl(options: OpenOptions = {}): Promise<WgslExecutor | Unavailable> {
  const found = await openAdapter(options.adapter);
  if ("unavailable" in found) return found;
  const gpu = await found.requestDevice({
    requiredLimits: maximumLimits(found),
    requiredFeatures: (["shader-f16", "subgroups", "timestamp-query"] as const).filter((feature) =>
      found.features.has(feature),
    ),
  });
  const runner = createRunner(gpu, options);
  return {
    device: {
      ...describe(found.info),
      features: [...gpu.features],
      limits: limitsOfGroups(gpu.limits),
    },
    gpu,
    runner,
    run: (program, job) => runner.runArrays(program, job),
    prepare: (program, job) => runner.prepare(program, job),
    ...(gpu.features.has("timestamp-query") && { measureClock: () => runner.measureClock() }),
    async close() {
      runner.destroy();
      gpu.destroy();
      await gpu.lost;
    },
  };
}

type Dawn = { create(options: string[]): GPU };

/** npm `webgpu`, if it is installed and has a binary for this platform. */
export async function importDawn(): Promise<Dawn | Unavailable> {
  try {
    return await import("webgpu");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND")
      return {
        target,
        unavailable: "the npm package webgpu is not installed",
        install: "npm install webgpu",
      };
    return { target, unavailable: `npm webgpu does not load here: ${message.split("\n")[0]}` };
  }
}

/** Timestamps as they are: what pages are kept from knowing, a process of one's own may. */
const settings = ["disable-dawn-features=timestamp_quantization"];

const kept = Symbol.for("warpweave.dawn");

/** A Dawn instance that is never collected: when one is, Dawn aborts the process. */
export function createInstance(dawn: Dawn, options: string[]): GPU {
  const holder = globalThis as { [kept]?: GPU[] };
  const instance = dawn.create(options);
  holder[kept] = [...(holder[kept] ?? []), instance];
  return instance;
}

async function findAdapter(
  dawn: Dawn,
  want: "any" | "hardware" | "software",
): Promise<GPUAdapter | Unavailable> {
  if (want !== "software" && (await mayHaveGpu())) {
    const gpu = createInstance(dawn, settings);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter && !adapter.info.isFallbackAdapter) return adapter;
  }
  if (want === "hardware") return { target, unavailable: "no GPU with a driver was found" };
  return openSwiftShader(dawn);
}

// On Linux a GPU is reached through the system's Vulkan loader. Dawn prints a warning where that
// is missing, so it is looked for first, and once: later the loader beside SwiftShader is in the
// process under the same name.
let systemLoader: Promise<boolean> | undefined;
function mayHaveGpu(): Promise<boolean> {
  systemLoader ??= findSystemLoader();
  return systemLoader;
}

async function findSystemLoader(): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const koffi = await importKoffi();
  if ("unavailable" in koffi) return true;
  try {
    loaded.push(koffi.load("libvulkan.so.1"));
    return true;
  } catch {
    return false;
  }
}

async function openSwiftShader(dawn: Dawn): Promise<GPUAdapter | Unavailable> {
  const none = "there is no GPU with a driver, and SwiftShader cannot stand in";
  const folder = await unpackBundle("swiftshader");
  if (typeof folder !== "string")
    return { target, ...folder, unavailable: `${none}: ${folder.unavailable}` };
  const koffi = await importKoffi();
  if ("unavailable" in koffi) return { ...koffi, unavailable: `${none}: ${koffi.unavailable}` };
  await mayHaveGpu();
  const drivers = join(folder, "vk_swiftshader_icd.json");
  try {
    // Dawn opens libvulkan.so.1 by its bare name and gets the one that is loaded already.
    loaded.push(koffi.load(join(folder, "libvulkan.so.1")));
    const adapter = await withVulkanDrivers(drivers, () =>
      createInstance(dawn, settings).requestAdapter(),
    );
    return adapter ?? { target, unavailable: `${none}: Dawn finds no adapter in it` };
  } catch (error) {
    return { target, unavailable: `${none}: ${(error as Error).message}` };
  }
}

const loaded: unknown[] = []; // Referenced for the life of the process, so never unloaded.

// The loader reads its variables (the second is the new name of the first) while an adapter is
// looked for; afterwards child processes shall not see them.
async function withVulkanDrivers<T>(files: string, work: () => Promise<T>): Promise<T> {
  const names = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = files;
  try {
    return await work();
  } finally {
    names.forEach((name, index) => {
      const value = before[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }
}

async function importKoffi(): Promise<{ load(path: string): unknown } | Unavailable> {
  try {
    return (await import("koffi")).default;
  } catch {
    const unavailable = "the npm package koffi is not installed";
    return { target, unavailable, install: "npm install koffi" };
  }
}

function describe(info: GPUAdapterInfo): Device {
  const name = info.device || info.architecture || info.vendor || "unnamed adapter";
  return {
    target,
    device: info.architecture === "swiftshader" ? "SwiftShader (CPU)" : name,
    driver: info.description || "unknown driver",
    hardware: !info.isFallbackAdapter,
  };
}
