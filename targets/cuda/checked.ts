// Runs CUDA kernels for values and, in the simulation, some of the same jobs under the memory and
// races builds, which fail where a kernel's values may still be right; and as the PTX that nvcc makes of them.

import type { Executor, Job, Program, Unavailable } from "../contract/program.ts";
import type { BuildKind } from "./build.ts";
import { type CudaOptions, openCuda } from "./executor.ts";
import { ptxArchitectures } from "./ptx/build.ts";
import { openPtx } from "./ptx/executor.ts";

/** What to open. */
export interface CheckedOptions extends Pick<CudaOptions, "cache" | "order" | "timeout"> {
  /** Every job under every build; else the first of each entry point, with the options' defaults. */
  readonly all?: boolean;
}

/** Jobs of an entry point that run under all builds where not all of them do. */
const most = 8;

/** Jobs of an entry point that run as PTX, and with `all` for each choice of options. */
const mostAsPtx = { some: 2, all: 8 } as const;

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
  const interpreters = new Map<string, Executor>();
  for (const architecture of ptxArchitectures) {
    const { cache } = rest;
    const ptx = await openPtx({ architecture, ...(cache === undefined ? {} : { cache }) });
    if (!("unavailable" in ptx)) interpreters.set(`sm_${architecture}`, ptx);
    else if (!missing.includes(noPtx(ptx))) missing.push(noPtx(ptx));
  }
  const choose = all ? (_: Program, job: Job) => job : chooseFirst();
  const takeAsPtx = takeFew(all);
  return {
    device: describeChecked(values, [...checks.keys()], [...interpreters.keys()], missing, all),
    async run(program, job) {
      const results = await values.run(program, job);
      const chosen = choose(program, job);
      if (chosen) for (const check of checks.values()) await check.run(program, chosen);
      return results;
    },
    async runAgain(program, job) {
      if (!takeAsPtx(program, job)) return [];
      const runs = [...interpreters].map(async ([name, executor]) => ({
        by: `cuda as PTX of ${name}`,
        outputs: await executor.run(program, job),
      }));
      return Promise.all(runs);
    },
    async close() {
      const all = [values, ...checks.values(), ...interpreters.values()];
      for (const executor of all) await executor.close();
    },
  };
}

const noPtx = ({ unavailable }: Unavailable): string => `not executed as PTX: ${unavailable}`;

function describeChecked(
  { device }: Executor,
  kinds: readonly Kind[],
  ptx: readonly string[],
  missing: readonly string[],
  all: boolean,
): Executor["device"] {
  const names = kinds.join(" and ");
  const share = all ? "all jobs" : `${most} jobs of each entry point with default options`;
  const checks = kinds.length > 0 ? [`${names} checked`] : [];
  const also = kinds.length > 0 ? [`${names} builds for ${share}`] : [];
  const few = all
    ? `${mostAsPtx.all} jobs of each entry point and choice of options`
    : `${mostAsPtx.some} jobs of each entry point with default options`;
  const asPtx = ptx.length > 0 ? [`also executed as PTX of ${ptx.join(" and ")}`] : [];
  const interpreted = ptx.length > 0 ? [`PTX interpreted for ${few}`] : [];
  return {
    ...device,
    device: [device.device, ...checks, ...missing, ...asPtx].join("; "),
    driver: [device.driver, ...also, ...interpreted].join("; "),
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

/** The jobs that run as PTX: nvcc takes seconds for each choice of options, so that few of them are tried. */
function takeFew(all: boolean): (program: Program, job: Job) => boolean {
  const counts = new Map<string, number>();
  const most = all ? mostAsPtx.all : mostAsPtx.some;
  return ({ entry, source }, { constants = {} }) => {
    const byDefault = entry.constants.every(
      ({ name, default: value }) => (constants[name] ?? value) === value,
    );
    if (!all && !byDefault) return false;
    const key = JSON.stringify([entry.name, source, all ? constants : {}]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count < most;
  };
}
