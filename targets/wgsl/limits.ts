// What a device cannot do is refused before anything is allocated, with the limit named.

import type { Entry, LaunchStep } from "../program.ts";
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
    require(limits, "maxStorageBufferBindingSize", bytes, `${entry.name}: ${name} takes`, "bytes");
    require(limits, "maxBufferSize", bytes, `${entry.name}: ${name} takes`, "bytes");
  }
  for (const step of entry.steps) if (step.kind === "launch") checkLaunch(limits, step);
}

function checkLaunch(limits: GPUSupportedLimits, launch: LaunchStep): void {
  const { function: what, buffers, group, sharedBytes } = launch;
  const use = `${what} uses`;
  require(limits, "maxStorageBuffersPerShaderStage", buffers.length, use, "buffers");
  require(limits, "maxComputeInvocationsPerWorkgroup", group, `${what} has`, "threads in a group");
  require(limits, "maxComputeWorkgroupStorageSize", sharedBytes, use, "bytes of workgroup memory");
}

function require(
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
