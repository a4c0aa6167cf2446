// What a device or the caller's buffers cannot do is refused at the start, with the limit named.

import type { Entry, LaunchStep } from "../contract/program.ts";
import type { BufferSize } from "./values.ts";

type LimitName =
  | "maxBufferSize"
  | "maxStorageBufferBindingSize"
  | "maxStorageBuffersPerShaderStage"
  | "maxComputeInvocationsPerWorkgroup"
  | "maxComputeWorkgroupStorageSize";

/** Refuses a program whose buffers or groups are larger than the device allows. */
export function checkLimits(
  limits: GPUSupportedLimits,
  entry: Entry,
  sizes: ReadonlyMap<string, BufferSize>,
): void {
  for (const [name, { bytes }] of sizes) {
    refuseAbove(
      limits,
      "maxStorageBufferBindingSize",
      bytes,
      `${entry.name}: ${name} takes`,
      "bytes",
    );
    refuseAbove(limits, "maxBufferSize", bytes, `${entry.name}: ${name} takes`, "bytes");
  }
  for (const step of entry.steps) if (step.kind === "launch") checkLaunch(limits, step);
}

function checkLaunch(limits: GPUSupportedLimits, launch: LaunchStep): void {
  const { function: what, buffers, group, sharedBytes } = launch;
  const use = `${what} uses`;
  refuseAbove(limits, "maxStorageBuffersPerShaderStage", buffers.length, use, "buffers");
  refuseAbove(
    limits,
    "maxComputeInvocationsPerWorkgroup",
    group,
    `${what} has`,
    "threads in a group",
  );
  refuseAbove(
    limits,
    "maxComputeWorkgroupStorageSize",
    sharedBytes,
    use,
    "bytes of workgroup memory",
  );
}

function refuseAbove(
  limits: GPUSupportedLimits,
  limit: LimitName,
  need: number,
  what: string,
  unit: string,
): void {
  if (need > limits[limit])
    throw new RangeError(
      `${what} ${need} ${unit}; this device allows ${limits[limit]} (${limit}).`,
    );
}

/** Refuses buffers that are missing or smaller than the shapes they are for. */
export function checkBuffers(
  entry: Entry,
  buffers: Readonly<Record<string, GPUBuffer>>,
  sizes: ReadonlyMap<string, BufferSize>,
): void {
  for (const { name } of entry.tensors) {
    const bytes = sizes.get(name)?.bytes ?? 0;
    const buffer = buffers[name];
    if (bytes > 0 && !buffer) throw new Error(`${entry.name}: no buffer was given for ${name}.`);
    if (buffer && buffer.size < bytes)
      throw new RangeError(
        `${entry.name}: the buffer of ${name} has ${buffer.size} bytes; it needs ${bytes}.`,
      );
  }
}

/** What a device allows groups of threads. */
export const limitsOfGroups = (limits: GPUSupportedLimits): Readonly<Record<string, number>> => ({
  maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
});

/** Every limit at the adapter's maximum; a device has the small defaults otherwise. */
export function maximumLimits(adapter: GPUAdapter): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") all[name] = value;
  }
  return all;
}
