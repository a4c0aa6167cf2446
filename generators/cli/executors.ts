// How each target is opened on this machine.

import type { Device, Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { targets } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { UserError } from "./errors.ts";
import { suggestName } from "./nearest.ts";

/** Opens a target on one device. */
export type Opener = () => Promise<Executor | Unavailable>;

/** The ways of running each target, the preferred one first; `check` uses all of them. */
const openers: Readonly<Record<string, readonly [Opener, ...Opener[]]>> = {
  js: [async () => openJs()],
  gpujs: [openGpujs, () => openGpujs({ mode: "cpu" })],
  wgsl: [openWgsl],
  cuda: [openCuda],
};

/** The names of the targets that can be run, `reference` not among them. */
export const runnable: readonly string[] = targets.map((t) => t.name);

/** Refuses a target that does not exist; `reference` is the declaration itself. */
export function checkTarget(name: string): void {
  const names = ["reference", ...runnable];
  if (names.includes(name)) return;
  throw new UserError(`there is no target "${name}"; ${suggestName(name, names)}`);
}

/** The ways of running a target, the preferred one first. */
export function openersOf(name: string): readonly [Opener, ...Opener[]] {
  const found = openers[name];
  if (found === undefined) throw new Error(`nothing runs kernels of ${name}`);
  return found;
}

/** Why a target cannot run, as the end of a sentence. */
export function explainUnavailable({ unavailable, install }: Unavailable): string {
  const reason = unavailable.replace(/\.$/, "");
  return install === undefined ? reason : `${reason} (what helps: ${install})`;
}

/** Opens a target; refused with the reason and what to install where this machine cannot run it. */
export async function openExecutor(name: string): Promise<Executor> {
  const opened = await openersOf(name)[0]();
  if (!("unavailable" in opened)) return opened;
  throw new UserError(`${name} cannot run here: ${explainUnavailable(opened)}`);
}

/** A device with its driver, where it has one. */
export const formatDevice = ({ device, driver }: Omit<Device, "target" | "hardware">): string =>
  driver === "none" ? device : `${device}; ${driver}`;
