// What runs inside the browser's page: the same executor, on the page's own adapter. A request is
// a call of the default export; the module stays loaded, and with it the device and its pipelines.

import type { Data, Device, Job, Program } from "../program.ts";
import { createRunner, type Runner, type RunnerOptions } from "./executor.ts";

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
export type PageDevice = Pick<Device, "device" | "driver" | "hardware">;

let opened: Promise<{ readonly device: PageDevice; readonly gpu: GPUDevice }> | undefined;
const runners = new Map<string, Runner>();

/** Answers one request. */
export default async function answer(
  request: PageRequest,
): Promise<PageDevice | Record<string, Data>> {
  opened ??= open();
  const { device, gpu } = await opened;
  switch (request.kind) {
    case "describe":
      return device;
    case "run": {
      const key = JSON.stringify(request.options);
      const runner = runners.get(key) ?? createRunner(gpu, request.options);
      runners.set(key, runner);
      return runner.runArrays(request.program, request.job);
    }
    default:
      return request satisfies never;
  }
}

async function open() {
  // Only browsers have a navigator for certain, and the types here are those of Node.
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  const adapter = await navigator?.gpu?.requestAdapter();
  if (!adapter) throw new Error("the browser has no WebGPU adapter");
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const gpu = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures: (["shader-f16"] as const).filter((name) => adapter.features.has(name)),
  });
  const about: PageDevice = {
    device: [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter",
    driver: description,
    hardware: !isFallbackAdapter,
  };
  return { device: about, gpu };
}
