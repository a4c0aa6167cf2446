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
type Kind = (typeof kinds)[number];

/** Opens CUDA for values, with the builds that find faults of memory and races where the compiler has them. */
export async function openChecked(options: CheckedOptions = {}): Promise<Executor | Unavailable> {
  const { all = false, ...rest } = options;
  const values = await openCuda(rest);
  if ("unavailable" in values) return values;
  const checks = new Map<Kind, Executor>();
  const missing: string[] = [];
  for (const build of kinds) {
    const check = await openCuda({ ...rest, build });
    if ("unavailable" in check) missing.push(`no ${build} check: ${check.unavailable}`);
    else checks.set(build, check);
  }
  const choose = all ? (_: Program, job: Job) => job : chooseFirst();
  return {
    device: describeChecked(values, [...checks.keys()], missing, all),
    async run(program, job) {
      const results = await values.run(program, job);
      const chosen = choose(program, job);
      if (chosen) for (const check of checks.values()) await check.run(program, chosen);
      return results;
    },
    async close() {
      for (const executor of [values, ...checks.values()]) await executor.close();
    },
  };
}

function describeChecked(
  { device }: Executor,
  kinds: readonly Kind[],
  missing: readonly string[],
  all: boolean,
): Executor["device"] {
  const names = kinds.join(" and ");
  const share = all ? "all jobs" : `${most} jobs of each entry point with default options`;
  const checks = kinds.length > 0 ? [`${names} checked`] : [];
  const also = kinds.length > 0 ? [`${names} builds for ${share}`] : [];
  return {
    ...device,
    device: [device.device, ...checks, ...missing].join("; "),
    driver: [device.driver, ...also].join("; "),
  };
}

/**
 * The job that the further builds run, if they do. A build takes seconds for each choice of options; of those,
 * the default is enough where plans are watched under all (generators/check/races.ts).
 */
function chooseFirst(): (program: Program, job: Job) => Job | undefined {
  const counts = new Map<string, number>();
  return ({ entry, source }, { constants: _, ...job }) => {
    const key = JSON.stringify([entry.name, source]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count < most ? job : undefined;
  };
}
