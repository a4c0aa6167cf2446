// What an execution gives, whoever ran it.

import type { Device } from "../../targets/contract/program.ts";
import type { Rule } from "../tune/winners/find.ts";
import type { NpArray } from "./io/dtypes.ts";

/** The results by name, gradients after them, and where they come from. */
export interface Execution {
  readonly results: Readonly<Record<string, NpArray>>;
  readonly device: Omit<Device, "hardware">;
  /** Of the results, and of the gradients where there are any. */
  readonly milliseconds: readonly number[];
  /** How long a compiler took before, on targets that have one. */
  readonly built?: number;
  /** How the schedules of the kernels were found; none of the reference. */
  readonly schedules: readonly UsedSchedule[];
}

/** By which rule the schedule of a kernel was found, and why. */
export interface UsedSchedule {
  readonly role: string;
  readonly rule: Rule;
  readonly why: string;
}

/** Outputs and how long they took. */
export async function timed<T>(run: () => T | Promise<T>) {
  const start = performance.now();
  const outputs = await run();
  return { outputs, milliseconds: performance.now() - start };
}
