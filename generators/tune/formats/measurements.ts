// Records of our database as T4 and as caches of Kernel Tuner, and back.

import type { Key, Measurement, Status } from "../database/record.ts";
import { TuningError } from "../space/error.ts";
import type { Value } from "../space/expr.ts";
import type { Configuration, Space } from "../space/space.ts";
import { type Cache, type CacheEntry, cacheKey, spentOn } from "./kernelTuner.ts";
import { type Invalidity, spentOn as spentOnResult, type T4Result } from "./t4.ts";

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

const statuses: Readonly<Record<Invalidity, Status>> = {
  correct: "correct",
  correctness: "correctness",
  compile: "compile",
  runtime: "runtime",
  timeout: "timeout",
  // What no constraint allowed was never built.
  constraints: "compile",
};

/** Measurements as results of T4. */
export function toT4(measurements: readonly Measurement[]): readonly T4Result[] {
  return measurements.map(({ configuration, ...rest }) => {
    const { status, median, spent, at, interval } = rest;
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
      ],
      [ours]: rest,
    };
  });
}

/** Results of T4 as measurements; those of other tools are taken as made under a given key. */
export function fromT4(results: readonly T4Result[], key?: Key): readonly Measurement[] {
  return results.map((result) => {
    const own = ownRest(result as unknown as CacheEntry);
    const configuration = result.configuration as Configuration;
    if (own !== undefined) return { ...own, configuration };
    const median = result.measurements?.find(({ name }) => name === "time")?.value;
    return {
      kind: "measurement",
      key: needKey(key),
      configuration,
      status: statuses[result.invalidity],
      ...(typeof median === "number" && { median }),
      spent: spentOnResult(result),
      at: result.timestamp ?? unknownTime,
    };
  });
}

/** Files that do not say when. */
const unknownTime = "1970-01-01T00:00:00.000Z";

function ownRest(of: CacheEntry): Rest | undefined {
  const rest = of[ours];
  return typeof rest === "object" && rest !== null ? (rest as Rest) : undefined;
}

function needKey(key: Key | undefined): Key {
  if (key !== undefined) return key;
  throw new TuningError("these results are of another tool, which did not say of what they are");
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
  const entries = measurements.map(({ configuration, ...rest }) => {
    const { status, median, spent, at } = rest;
    const invalidity = invalidities[status];
    const time = invalidity === "correct" ? median : failures[invalidity];
    const entry: CacheEntry = {
      ...configuration,
      time: time ?? failures.runtime,
      compile_time: spent.compile,
      verification_time: spent.verify,
      benchmark_time: spent.measure,
      strategy_time: 0,
      framework_time: 0,
      timestamp: at,
      [ours]: rest,
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

/** Entries of a cache as measurements; those of Kernel Tuner are taken as made under a given key. */
export function fromCache(cache: Cache, key?: Key): readonly Measurement[] {
  return Object.values(cache.cache).map((entry) => {
    const configuration = Object.fromEntries(
      cache.tune_params_keys.map((name) => [name, entry[name] as Value]),
    );
    const own = ownRest(entry);
    if (own !== undefined) return { ...own, configuration };
    const failure = entry.__error__ ?? (typeof entry.time === "string" ? entry.time : undefined);
    return {
      kind: "measurement",
      key: needKey(key),
      configuration,
      status: failure === undefined ? "correct" : failureOf(String(failure)),
      ...(failure !== undefined && { error: String(failure) }),
      ...(failure === undefined && { median: typeof entry.time === "number" ? entry.time : 0 }),
      spent: spentOn(entry),
      at: typeof entry.timestamp === "string" ? entry.timestamp : unknownTime,
    };
  });
}

const failureOf = (text: string): Status => (text === failures.runtime ? "runtime" : "compile");
