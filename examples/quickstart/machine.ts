// What runs here: every way of running every target, opened once.

import { openersOf } from "../../generators/cli/executors.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { targets } from "../../targets/registry.ts";

/** A target with a device that runs its kernels. */
export interface Opened {
  readonly target: Target;
  readonly executor: Executor;
}

/** The targets that run here, and those that do not, with the reason. */
export interface Machine {
  readonly opened: readonly Opened[];
  readonly unavailable: readonly Unavailable[];
}

/** Opens everything; the caller closes it. */
export async function openMachine(): Promise<Machine> {
  const opened: Opened[] = [];
  const unavailable: Unavailable[] = [];
  for (const target of targets)
    for (const open of openersOf(target.name)) {
      const executor = await open();
      if ("unavailable" in executor) unavailable.push(executor);
      else opened.push({ target, executor });
    }
  return { opened, unavailable };
}

/** Closes every device. */
export async function closeMachine({ opened }: Machine): Promise<void> {
  for (const { executor } of opened) await executor.close();
}
