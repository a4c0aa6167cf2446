// Runs CUDA kernels for values and, in the simulation, some of the same jobs under the memory and
// races builds, which fail where a kernel's values may still be right.

import type { Executor, Job, Program, Unavailable } from "../contract/program.ts";
import type { BuildKind } from "./build.ts";
import { type CudaOptions, openCuda } from "./executor.ts";

/** What to open. */
export interface CheckedOptions extends Pick<CudaOptions, "cache" | "order" | "timeout"> {
  /** Every job under every build; else the first of each entry point, with the options' defaults. */
  readonly all?: boolean;
}

/** Jobs of an entry point that run under all builds where not all of them do. */
const most = 8;

const kinds = ["memory", "races"] as const satisfies readonly BuildKind[];

/** Opens CUDA for values, with the builds that find faults of memory and races where the compiler has them. */
export async function openChecked(options: CheckedOptions = {}): Promise<Executor | Unavailable> {
  const { all = false, order, ...rest } = options;
  const values = await openCuda(options);
  if ("unavailable" in values) return values;
  const checks: Executor[] = [];
  const names: string[] = [];
  const missing: string[] = [];
  for (const build of kinds) {
    const check = await openCuda({ ...rest, build, ...(order === undefined ? {} : { order }) });
    if ("unavailable" in check) missing.push(`no ${build} build: ${check.unavailable}`);
    else {
      checks.push(check);
      names.push(build);
    }
  }
  const choose = all ? (_: Program, job: Job) => job : chooseFirst();
  const share = all ? "all jobs" : `${most} jobs of each entry point with default options`;
  const also = names.length > 0 ? `${names.join(" and ")} builds for ${share}` : undefined;
  const device = [values.device.device, ...(also ? [names.join(" and ")] : []), ...missing];
  return {
    device: {
      ...values.device,
      device: device.join("; "),
      driver: [values.device.driver, ...(also ? [also] : [])].join("; "),
    },
    async run(program, job) {
      const results = await values.run(program, job);
      const chosen = choose(program, job);
      if (chosen !== undefined) for (const check of checks) await check.run(program, chosen);
      return results;
    },
    async close() {
      for (const executor of [values, ...checks]) await executor.close();
    },
  };
}

/**
 * The job that the further builds run, if they do. A build takes seconds for each choice of options, and
 * options choose between values only; sizes and optional tensors are what a kernel's accesses follow from.
 */
function chooseFirst(): (program: Program, job: Job) => Job | undefined {
  const counts = new Map<string, number>();
  return ({ entry, source }, { inputs, scalars }) => {
    const key = JSON.stringify([entry.name, source]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count < most ? { inputs, scalars } : undefined;
  };
}
