// Arrays to the device and back.

import { arrayTypes } from "../contract/job.ts";
import type { Data, Entry } from "../contract/program.ts";
import type { GuardedDevice } from "./device.ts";
import type { BufferSize } from "./values.ts";

type Sizes = ReadonlyMap<string, BufferSize>;

/** A buffer for each tensor; inputs are uploaded, outputs begin as zeros. */
export async function allocateTensors(
  { gpu, checked }: GuardedDevice,
  entry: Entry,
  inputs: Readonly<Record<string, Data>>,
  sizes: Sizes,
): Promise<Record<string, GPUBuffer>> {
  const buffers: Record<string, GPUBuffer> = {};
  try {
    for (const { name } of entry.tensors) {
      const size = Math.max(16, sizes.get(name)?.bytes ?? 0);
      buffers[name] = await checked(`The buffer of ${name}, ${size} bytes`, () =>
        gpu.createBuffer({
          label: name,
          size,
          usage: 0x80 | 0x08 | 0x04, // STORAGE | COPY_DST | COPY_SRC
        }),
      );
      const data = inputs[name];
      if (data) upload(gpu, buffers[name], data);
    }
  } catch (error) {
    for (const buffer of Object.values(buffers)) buffer.destroy();
    throw error;
  }
  return buffers;
}

function upload(gpu: GPUDevice, buffer: GPUBuffer, data: Data): void {
  if (data.byteLength === 0) return;
  let bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length % 4 !== 0) {
    // Writes are in words; an odd number of halves is padded.
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    bytes = padded;
  }
  gpu.queue.writeBuffer(buffer, 0, bytes);
}

/** Fills a buffer with bytes of ones, which are NaN. */
export function poisonBuffer(gpu: GPUDevice, buffer: GPUBuffer): void {
  gpu.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(0xff));
}

/** The outputs' contents, once the work that is submitted has been done. */
export async function readOutputs(
  device: GuardedDevice,
  entry: Entry,
  buffers: Readonly<Record<string, GPUBuffer>>,
  sizes: Sizes,
): Promise<Record<string, Data>> {
  const outputs: Record<string, Data> = {};
  for (const { name, role, dtype } of entry.tensors) {
    if (role !== "output") continue;
    const { bytes = 0, elements = 0 } = sizes.get(name) ?? {};
    const buffer = buffers[name];
    if (!buffer) throw new Error(`No buffer was given for ${name}.`);
    const type = arrayTypes[dtype];
    outputs[name] =
      elements === 0
        ? new type(0)
        : new type(await readBuffer(device, buffer, bytes)).subarray(0, elements);
  }
  return outputs;
}

/** The first `bytes` bytes (a multiple of four) of a buffer that has COPY_SRC usage. */
export async function readBuffer(
  { gpu, checked, whileAlive }: GuardedDevice,
  buffer: GPUBuffer,
  bytes: number,
): Promise<ArrayBuffer> {
  const staging = await checked(`Reading ${bytes} bytes back`, () => {
    const copy = gpu.createBuffer({ size: bytes, usage: 0x01 | 0x08 /* MAP_READ | COPY_DST */ });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    return copy;
  });
  try {
    await whileAlive(staging.mapAsync(1 /* GPUMapMode.READ */));
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
