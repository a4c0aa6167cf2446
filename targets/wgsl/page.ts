// What runs inside the browser's page: the same executor, on the page's own adapter. A request is
// a call of the default export; the module stays loaded, and with it the device and its pipelines.

import type { Data, Device, Job, Program } from "../contract/program.ts";
import { createRunner, type Runner, type RunnerOptions } from "./executor.ts";
import { maximumLimits } from "./limits.ts";

/** What may be asked of the page. */
export type PageRequest =
  | { readonly kind: "describe" }
  | {
      readonly kind: "run";
      readonly program: Program;
      readonly job: Job;
      readonly options: RunnerOptions;
    };

/** The page's adapter, as far as browsers tell. */
export type PageDevice = Pick<Device, "device" | "driver" | "hardware" | "features">;

interface Opened {
  readonly device: PageDevice;
  readonly gpu: GPUDevice;
}
let opened: Promise<Opened | undefined> | undefined;
const runners = new Map<string, Runner>();

/** Answers one request. */
export default async function answer(
  request: PageRequest,
): Promise<PageDevice | Record<string, Data> | undefined> {
  opened ??= open();
  const found = await opened;
  switch (request.kind) {
    case "describe":
      return found?.device; // undefined: there is no adapter.
    case "run": {
      if (!found) throw new Error("the browser has no WebGPU adapter");
      const key = JSON.stringify(request.options);
      const runner = runners.get(key) ?? createRunner(found.gpu, request.options);
      runners.set(key, runner);
      return runner.runArrays(request.program, request.job);
    }
    default:
      return request satisfies never;
  }
}

async function open(): Promise<Opened | undefined> {
  // Only browsers have a navigator for certain, and the types here are those of Node.
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  const adapter = await navigator?.gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const gpu = await adapter.requestDevice({
    requiredLimits: maximumLimits(adapter),
    requiredFeatures: (["shader-f16"] as const).filter((name) => adapter.features.has(name)),
  });
  const about: PageDevice = {
    device: [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter",
    driver: description,
    hardware: !isFallbackAdapter,
    features: [...gpu.features],
  };
  return { device: about, gpu };
}
