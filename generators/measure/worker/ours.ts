// Generated kernels of one target on one of its devices.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { partSteps } from "../../../targets/contract/kept.ts";
import type { TargetMachine } from "../../../targets/contract/machine.ts";
import type { Executor, Job, Prepared, Program } from "../../../targets/contract/program.ts";
import { machines } from "../../../targets/machine.ts";
import type { Work } from "../work/work.ts";
import { packingSteps } from "./packing.ts";
import type { Computer, Open, RunningMode } from "./serve.ts";

/** Which device to open. */
export interface OursOptions {
  readonly target: string;
  /** Which of the target's ways of running. */
  readonly way: number;
  /** Where the programs lie: a file for each target. */
  readonly folder: string;
}

/** A call's programs, in the order in which they run; the last one's outputs are the results. */
export interface OursPrograms {
  readonly programs: readonly Program[];
  readonly scalars: Readonly<Record<string, number>>;
}

/** Opens a target's device and keeps calls on it. */
export const open: Open = async (threads, options) => {
  const { target, way, folder } = options as OursOptions;
  const all: Readonly<Record<string, TargetMachine>> = machines;
  const machine = all[target]!;
  const opened = await (machine.openThreads?.(threads) ?? machine.open[way]!());
  if ("unavailable" in opened) return opened;
  const { device } = opened;
  if (device.simulation === true) {
    await opened.close();
    return { unavailable: `${device.device} says nothing of its speed` };
  }
  const computer: Computer = {
    device: device.driver === "none" ? device.device : `${device.device}; ${device.driver}`,
    own: device,
    versions: { node: process.versions.node },
    async prepare(work) {
      const text = await readFile(join(folder, `${target}.json`), "utf8");
      return prepareCall(opened, work, JSON.parse(text) as OursPrograms);
    },
    close: () => opened.close(),
  };
  return computer;
};

async function prepareCall(executor: Executor, work: Work, { programs, scalars }: OursPrograms) {
  const arrays = Object.entries(work.tensors).map(([name, { data }]) => [name, data] as const);
  const all = { ...Object.fromEntries(arrays), grad_output: work.upstream.data };
  const jobs = programs.map(({ entry }): Job => {
    const inputs = entry.tensors.filter(({ role }) => role === "input");
    return {
      inputs: Object.fromEntries(inputs.map(({ name }) => [name, all[name as keyof typeof all]])),
      scalars,
    };
  });
  let results: Awaited<ReturnType<Executor["run"]>> = {};
  const whole: RunningMode = {
    name: "whole call",
    counted:
      "kernels built before; memory is allocated and arrays are copied in each run, where they must be",
    async run() {
      for (const [i, program] of programs.entries())
        results = await executor.run(program, jobs[i]!);
    },
    read: async () => results,
  };
  if (!executor.prepare) return { modes: [{ ...whole, name: "" }] as const };
  const ready: Prepared[] = [];
  for (const [i, program] of programs.entries())
    ready.push(await executor.prepare(program, jobs[i]!));
  const kept = await prepareKept(executor, work, programs, jobs);
  const packing = await preparePacking(executor, work, programs, jobs, ready);
  const placed: RunningMode = {
    name: "",
    counted: "kernels built and inputs placed before; all else, packed weights too, in each run",
    async run() {
      for (const one of ready) await one.run();
    },
    read: () => ready.at(-1)!.read(),
  };
  return {
    modes: [placed, ...(kept ? [kept.mode] : []), whole] as const,
    ...(packing.length === 0
      ? {}
      : {
          async packing() {
            for (const one of packing) await one.run();
          },
        }),
    async close() {
      for (const one of [...ready, ...packing, ...(kept?.ready ?? [])]) await one.close();
    },
  };
}

/**
 * The call with the layer's parameters as they are, packed before; absent where nothing depends on
 * them alone.
 */
async function prepareKept(
  executor: Executor,
  { parameters }: Work,
  programs: readonly Program[],
  jobs: readonly Job[],
) {
  const constants = programs.map(({ entry }) =>
    entry.tensors.flatMap(({ name, role }) =>
      role === "input" && parameters.includes(name) ? [name] : [],
    ),
  );
  const some = programs.some(({ entry }, i) => partSteps(entry, constants[i]!).once.length > 0);
  if (!some || !executor.keepsConstant) return undefined;
  const ready: Prepared[] = [];
  for (const [i, program] of programs.entries())
    ready.push(await executor.prepare!(program, { ...jobs[i]!, constant: constants[i]! }));
  const mode: RunningMode = {
    name: "weights kept",
    counted: "kernels built, inputs placed and weights packed before",
    async run() {
      for (const one of ready) await one.run();
    },
    read: () => ready.at(-1)!.read(),
  };
  return { mode, ready };
}

/**
 * The part of each program that packs parameters; none where an executor does not go by an entry's
 * steps.
 */
async function preparePacking(
  executor: Executor,
  work: Work,
  programs: readonly Program[],
  jobs: readonly Job[],
  ready: readonly Prepared[],
): Promise<readonly Prepared[]> {
  const packing: Prepared[] = [];
  for (const [i, { entry, source }] of programs.entries()) {
    const steps = packingSteps(entry, work.parameters);
    if (steps.length === 0) continue;
    const part = await executor.prepare!({ source, entry: { ...entry, steps } }, jobs[i]!);
    await part.run();
    const [name, values] = Object.entries(await part.read())[0]!;
    const before = values.slice();
    await ready[i]!.run();
    const all = (await ready[i]!.read())[name]!;
    const isWhole = before.every((value, at) => value === all[at]);
    if (isWhole) await part.close();
    else packing.push(part);
  }
  return packing;
}
