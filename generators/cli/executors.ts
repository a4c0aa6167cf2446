// How each target is opened on this machine.

import { openCuda } from "../../targets/cuda/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import type { Device, Executor, Unavailable } from "../../targets/program.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { UserError } from "./errors.ts";
import { suggestName } from "./nearest.ts";

/** Targets whose kernels can be run, and how each is opened. */
const openers: Readonly<Record<string, () => Promise<Executor | Unavailable>>> = {
  js: async () => openJs(),
  wgsl: openWgsl,
  cuda: openCuda,
};

/** The names of the targets that can be run, `reference` not among them. */
export const runnable: readonly string[] = Object.keys(openers);

/** Refuses a target that does not exist; `reference` is the declaration itself. */
export function checkTarget(name: string): void {
  const names = ["reference", ...runnable];
  if (names.includes(name)) return;
  throw new UserError(`there is no target "${name}"; ${suggestName(name, names)}`);
}

/** Opens a target; refused with the reason and what to install where this machine cannot run it. */
export async function openExecutor(name: string): Promise<Executor> {
  const open = openers[name];
  if (open === undefined) throw new UserError(`${name} has no kernels to run`);
  const opened = await open();
  if (!("unavailable" in opened)) return opened;
  const reason = opened.unavailable.replace(/\.$/, "");
  const remedy = opened.install === undefined ? "" : `; to change that: ${opened.install}`;
  throw new UserError(`${name} cannot run here: ${reason}${remedy}`);
}

/** A device with its driver, where it has one. */
export const formatDevice = ({ device, driver }: Omit<Device, "target" | "hardware">): string =>
  driver === "none" ? device : `${device}; ${driver}`;
