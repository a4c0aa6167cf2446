// The generated WGSL on the visitor's GPU, by the project's own runner.

import { backward, forward } from "virtual:kernels";
import { readBuffer } from "../../../targets/wgsl/arrays.ts";
import { guardDevice } from "../../../targets/wgsl/device.ts";
import { createRunner } from "../../../targets/wgsl/executor.ts";
import { maximumLimits } from "../../../targets/wgsl/limits.ts";
import { type Call, type Engine, scalarsOf } from "./engine.ts";
import type { Offsets } from "./field.ts";

/** A GPU that was opened. */
export interface Gpu extends Engine {
  readonly name: string;
  /** Whether the adapter is a program on the CPU. */
  readonly software: boolean;
  /** The most bytes that one tensor may have. */
  readonly maxBytes: number;
  /** Resolves when the device is lost, with the reason. */
  readonly lost: Promise<string>;
}

/** Opens the best GPU, or says why there is none. */
export async function openGpu(): Promise<Gpu | { readonly none: string }> {
  if (!globalThis.isSecureContext)
    return {
      none: "This address is no secure context; browsers give WebGPU to https, localhost and files.",
    };
  if (!navigator.gpu) return { none: "This browser has no WebGPU, or it is switched off." };
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return { none: "This browser has WebGPU but gives no adapter for it." };
  const device = await adapter.requestDevice({ requiredLimits: maximumLimits(adapter) });
  const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info;
  const parts = [vendor, architecture, model].filter(Boolean).join(" ");
  const software = isFallbackAdapter || /swiftshader|llvmpipe/i.test(`${parts} ${description}`);
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  return {
    ...createEngine(device),
    name: description || parts || "unnamed adapter",
    software,
    maxBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    lost: device.lost.then(({ reason, message }) => message || reason),
  };
}

function createEngine(gpu: GPUDevice): Engine {
  const device = guardDevice(gpu);
  const runner = createRunner(gpu);
  const tensors = createTensors(gpu, device.checked);
  const known = new Set<unknown>();

  async function run(
    call: Call,
    program: typeof forward,
    extra: Readonly<Record<string, GPUBuffer>>,
    wanted: string,
    bytes: number,
  ) {
    const output = await tensors.reserve(wanted, bytes);
    const buffers = {
      input: await tensors.upload("input", call.input),
      offset: await tensors.uploadOffsets(call.offsets),
      weight: await tensors.upload("weight", call.weight),
      ...extra,
      [wanted]: output,
    };
    await device.whileAlive(gpu.queue.onSubmittedWorkDone());
    const start = performance.now();
    await runner.run(program, buffers, scalarsOf(call), {}, [wanted]);
    await device.whileAlive(gpu.queue.onSubmittedWorkDone());
    const milliseconds = performance.now() - start;
    const data = new Float32Array(await readBuffer(device, output, bytes));
    const compiled = !known.has(program);
    known.add(program);
    return { data, milliseconds, compiled };
  }

  return {
    forward(call) {
      const { OH = 0, OW = 0 } = scalarsOf(call);
      return run(call, forward, {}, "output", 4 * 3 * OH * OW);
    },
    async backward(call, gradient) {
      const grad_output = await tensors.upload("grad_output", gradient);
      return run(call, backward, { grad_output }, "grad_offset", call.offsets.data.byteLength);
    },
    close() {
      runner.destroy();
      gpu.destroy();
    },
  };
}

/** Buffers that stay from call to call; what they hold already is not copied again. */
function createTensors(gpu: GPUDevice, checked: ReturnType<typeof guardDevice>["checked"]) {
  const buffers = new Map<string, GPUBuffer>();
  const held = new Map<string, Float32Array>();
  let versions: readonly number[] = [];

  /** A buffer of at least so many bytes. */
  async function reserve(name: string, bytes: number): Promise<GPUBuffer> {
    const kept = buffers.get(name);
    if (kept && kept.size >= bytes) return kept;
    kept?.destroy();
    buffers.delete(name);
    held.delete(name);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const made = await checked(`The buffer of ${name}, ${bytes} bytes`, () =>
      gpu.createBuffer({ label: name, size: Math.max(16, bytes), usage }),
    );
    buffers.set(name, made);
    return made;
  }

  async function upload(name: string, data: Float32Array<ArrayBuffer>): Promise<GPUBuffer> {
    const buffer = await reserve(name, data.byteLength);
    if (held.get(name) !== data) gpu.queue.writeBuffer(buffer, 0, data);
    held.set(name, data);
    return buffer;
  }

  return {
    reserve,
    upload,
    /** Only planes of taps that moved are copied. */
    async uploadOffsets(offsets: Offsets): Promise<GPUBuffer> {
      const { data } = offsets;
      const buffer = await reserve("offset", data.byteLength);
      const known = held.get("offset") === data ? versions : [];
      const length = data.length / offsets.versions.length;
      for (const [tap, version] of offsets.versions.entries()) {
        if (known[tap] === version) continue;
        gpu.queue.writeBuffer(buffer, 4 * tap * length, data, tap * length, length);
      }
      held.set("offset", data);
      versions = offsets.versions;
      return buffer;
    },
  };
}
