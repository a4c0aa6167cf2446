// Records of our database as T4 and as caches of Kernel Tuner, and back.

import { canonicalJson, identifyConfiguration } from "../database/identity.ts";
import type { Measurement, Status } from "../database/record.ts";
import { checkRecord } from "../database/schema.ts";
import { TuningError } from "../space/error.ts";
import type { Space } from "../space/space.ts";
import { type Cache, type CacheEntry, cacheKey } from "./kernelTuner.ts";
import type { Invalidity, T4Result } from "./t4.ts";

/** What other tools do not know stands beside what they do, so that nothing is lost on the way back. */
type Rest = Omit<Measurement, "configuration">;
const ours = "warpweave";

const invalidities: Readonly<Record<Status, Invalidity>> = {
  correct: "correct",
  correctness: "correctness",
  nondeterministic: "correctness",
  compile: "compile",
  runtime: "runtime",
  memory: "runtime",
  timeout: "timeout",
  suspect: "correctness",
};

/**
 * Measurements as results of T4. What was compared at the end of a run comes first, since whoever reads two results
 * of a configuration takes the later one, and single measurements are of one kind.
 */
export function toT4(measurements: readonly Measurement[]): readonly T4Result[] {
  const isFinal = ({ final }: Measurement): number => (final === true ? 0 : 1);
  const sorted = measurements.toSorted((a, b) => isFinal(a) - isFinal(b));
  return sorted.map(({ configuration, ...rest }) => {
    const { status, median, spent, at, interval, anchor } = rest;
    const time = (name: string, value: number) => ({ name, value, unit: "ms" });
    return {
      timestamp: at,
      configuration,
      objectives: ["time"],
      times: {
        compilation_time: spent.compile,
        runtimes: [spent.measure],
        framework: 0,
        search_algorithm: 0,
        validation: spent.verify,
      },
      invalidity: invalidities[status],
      correctness: status === "correct" ? 1 : 0,
      measurements: [
        ...(median === undefined ? [] : [time("time", median)]),
        ...(interval === undefined
          ? []
          : [time("time_low", interval[0]), time("time_high", interval[1])]),
        ...(anchor === undefined ? [] : [time("time_of_default", anchor)]),
      ],
      [ours]: rest,
    };
  });
}

/** Of how many kernels, devices and shapes results are, where they say so. */
export const countKeys = (results: readonly CacheEntry[]): number =>
  new Set(
    results.map(({ [ours]: kept }) =>
      canonicalJson((kept as Partial<Rest> | undefined)?.key ?? null),
    ),
  ).size;

/** Results of T4 that are measurements of ours; others are refused. */
export const fromT4 = (results: readonly T4Result[]): readonly Measurement[] =>
  results.flatMap((result, i) => restore(`result ${i + 1}`, result.configuration, { ...result }));

/** The measurements that an entry was made of, each checked as a line of a database is. */
function restore(
  name: string,
  configuration: unknown,
  { [ours]: kept }: CacheEntry,
): readonly Measurement[] {
  if (kept === undefined)
    throw new TuningError(
      `${name} is of another tool, which does not say of which kernel, device and shape it is; ` +
        "`warpweave tune replay --space` reads such files",
    );
  return [kept].flat().map((rest: unknown) => {
    const record = checkRecord({ ...(rest as Rest), configuration });
    if ("damaged" in record)
      throw new TuningError(`${name} is no measurement of ours: ${record.damaged}`);
    return record;
  });
}

const failures: Readonly<Record<Exclude<Invalidity, "correct">, string>> = {
  compile: "CompilationFailedConfig",
  constraints: "InvalidConfig",
  runtime: "RuntimeFailedConfig",
  correctness: "RuntimeFailedConfig",
  timeout: "RuntimeFailedConfig",
};

/** Measurements under one key as a cache of Kernel Tuner. */
export function toCache(space: Space, measurements: readonly Measurement[]): Cache {
  const [first] = measurements;
  if (first === undefined) throw new TuningError(`${space.name} has no measurements to write`);
  const names = space.parameters.map(({ name }) => name);
  const groups = new Map<string, Measurement[]>();
  for (const one of measurements) {
    const name = identifyConfiguration(one.configuration);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  const entries = [...groups.values()].map((group) => {
    // An entry has one time: that of the single measurement, as those of all others.
    const { configuration, ...rest } = group.findLast(({ final }) => final !== true) ?? group[0]!;
    const { status, median, spent, at } = rest;
    const invalidity = invalidities[status];
    const time = invalidity === "correct" ? median : failures[invalidity];
    const all = group.map(({ configuration: _, ...of }): Rest => of);
    const entry: CacheEntry = {
      ...configuration,
      time: time ?? failures.runtime,
      compile_time: spent.compile,
      verification_time: spent.verify,
      benchmark_time: spent.measure,
      strategy_time: 0,
      framework_time: 0,
      timestamp: at,
      [ours]: all.length === 1 ? rest : all,
    };
    return [cacheKey(names, configuration), entry] as const;
  });
  const values = Object.fromEntries(space.parameters.map((of) => [of.name, of.values]));
  return {
    device_name: first.key.device.device,
    kernel_name: `${first.key.operator} ${first.key.role} ${first.key.target}`,
    problem_size: Object.values(first.key.shape),
    tune_params_keys: names,
    tune_params: values,
    objective: "time",
    cache: Object.fromEntries(entries),
  };
}

/** Entries of a cache that are measurements of ours; others are refused. */
export const fromCache = ({ cache, tune_params_keys: names }: Cache): readonly Measurement[] =>
  Object.entries(cache).flatMap(([key, entry]) => {
    const configuration = Object.fromEntries(names.map((name) => [name, entry[name]]));
    return restore(`the entry ${key}`, configuration, entry);
  });
