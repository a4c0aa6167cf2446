// What this machine can run: every target and every compiler is really started, not just looked for.

import { arch, cpus, platform, release } from "node:os";
import type { Probe } from "../../targets/contract/machine.ts";
import type { Unavailable } from "../../targets/contract/program.ts";
import { targets } from "../../targets/registry.ts";
import { messageOf } from "./errors.ts";
import { formatDevice, machineOf } from "./executors.ts";

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

/** What a probe finds, when it does not break. */
async function tryProbe(target: string, probe: Probe): Promise<Finding> {
  const { what } = probe;
  if ("compiles" in probe) {
    const found = await probe.compiles();
    if (typeof found !== "string") return missing(target, what, found);
    return { what, target, state: "compiles", device: found };
  }
  const opened = await probe.opens();
  if ("unavailable" in opened) return missing(target, what, opened);
  const { hardware } = opened.device;
  await opened.close();
  return { what, target, state: "runs", device: formatDevice(opened.device), hardware };
}

function missing(target: string, what: string, found: Unavailable): Finding {
  const install = found.install === undefined ? {} : { install: found.install };
  return { what, target, state: "missing", device: found.unavailable, ...install };
}

/** Starts every target and compiler in turn; one that breaks is a finding too. */
export async function examine(): Promise<Machine> {
  const findings: Finding[] = [];
  for (const { name: target } of targets)
    for (const probe of machineOf(target).probes) {
      try {
        findings.push(await tryProbe(target, probe));
      } catch (error) {
        const device = `it fails: ${messageOf(error)}`;
        findings.push({ what: probe.what, target, state: "missing", device });
      }
    }
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  const system = `${platform()} ${release()} ${arch()}, ${processor}, Node ${process.versions.node}`;
  return { system, findings };
}
