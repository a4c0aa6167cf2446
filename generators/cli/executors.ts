// How each target is opened on this machine.

import type { Opener, TargetMachine } from "../../targets/contract/machine.ts";
import type { Device, Executor, Unavailable } from "../../targets/contract/program.ts";
import { machines } from "../../targets/machine.ts";
import { targets } from "../../targets/registry.ts";
import type { Target } from "../emit/target.ts";
import { suggestName } from "../messages/nearest.ts";
import { UsageError, UserError } from "./errors.ts";

/** The names of the targets that can be run, `reference` not among them. */
export const runnable: readonly string[] = targets.map((t) => t.name);

/** Refuses a target that does not exist; `reference` is the declaration itself. */
export function checkTarget(name: string): void {
  const names = ["reference", ...runnable];
  if (names.includes(name)) return;
  throw new UsageError(`there is no target "${name}"; ${suggestName(name, names)}`);
}

/** What runs the kernels of a target. */
export function machineOf(name: string): TargetMachine {
  const all: Readonly<Record<string, TargetMachine>> = machines;
  const found = all[name];
  if (found === undefined) throw new Error(`nothing runs kernels of ${name}`);
  return found;
}

/** The ways of running a target, the preferred one first. */
export const openersOf = (name: string): readonly [Opener, ...Opener[]] => machineOf(name).open;

/** The same for `check`, which looks for more than wrong values; with `all`, in every case. */
export function checkersOf(name: string, all: boolean): readonly Opener[] {
  const { open, openToCheck } = machineOf(name);
  return openToCheck === undefined ? open : [() => openToCheck(all), ...open.slice(1)];
}

/** A target with a device that runs its kernels. */
export interface Opened {
  readonly target: Target;
  readonly executor: Executor;
}

/** The targets that run here, and those that do not, with the reason. */
export interface OpenedAll {
  readonly opened: readonly Opened[];
  readonly unavailable: readonly Unavailable[];
}

/** Opens all ways of running some targets; the caller closes them. */
export async function openAll(
  wanted: readonly Target[],
  ways: (name: string) => readonly Opener[] = openersOf,
): Promise<OpenedAll> {
  const opened: Opened[] = [];
  const unavailable: Unavailable[] = [];
  for (const target of wanted)
    for (const open of ways(target.name)) {
      const executor = await open();
      if ("unavailable" in executor) unavailable.push(executor);
      else opened.push({ target, executor });
    }
  return { opened, unavailable };
}

/** Closes every device. */
export async function closeAll({ opened }: Pick<OpenedAll, "opened">): Promise<void> {
  for (const { executor } of opened) await executor.close();
}

/** Why a target cannot run, as the end of a sentence. */
export function explainUnavailable({ unavailable, install }: Unavailable): string {
  const reason = unavailable.replace(/\.$/, "");
  return install === undefined ? reason : `${reason} (what helps: ${install})`;
}

/** Opens a target on so many CPU threads; refused with the reason and what to install where this machine cannot. */
export async function openExecutor(name: string, threads = 1): Promise<Executor> {
  const { open, openThreads } = machineOf(name);
  if (threads > 1 && openThreads === undefined) throw new UsageError(refuseThreads(name));
  const opened = await (threads > 1 && openThreads ? openThreads(threads) : open[0]());
  if (!("unavailable" in opened)) return opened;
  throw new UserError(`${name} cannot run here: ${explainUnavailable(opened)}`);
}

/** Can several CPU threads share a target's launches? */
export const sharesLaunches = (name: string): boolean => machineOf(name).openThreads !== undefined;

/** Why a target runs on one thread only, as a sentence. */
export function refuseThreads(name: string): string {
  const able = runnable.filter(sharesLaunches);
  return `${name} does not run on several CPU threads; ${able.join(" and ")} do`;
}

/** A device with its driver, where it has one. */
export const formatDevice = ({ device, driver }: Omit<Device, "target" | "hardware">): string =>
  driver === "none" ? device : `${device}; ${driver}`;
