// Caches of Kernel Tuner: one JSON file of a space on a device, which it appends to.

import type { Measurement } from "../database/record.ts";
import { TuningError } from "../space/error.ts";
import type { Value } from "../space/expr.ts";
import type { Configuration, Parameter } from "../space/space.ts";
import { type Entry, inferParameters, isValue, type Measured, outcomeOf } from "./measured.ts";

/** An entry of a cache: the parameters' values, a time in milliseconds or what failed, and more. */
export type CacheEntry = Readonly<Record<string, unknown>>;

/** A cache as it is written. */
export interface Cache {
  readonly device_name: string;
  readonly kernel_name: string;
  readonly problem_size: unknown;
  readonly tune_params_keys: readonly string[];
  readonly tune_params?: Readonly<Record<string, readonly Value[]>>;
  readonly objective?: string;
  readonly cache: Readonly<Record<string, CacheEntry>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether parsed JSON is meant as a cache. */
export const isCache = (data: unknown): boolean => isRecord(data) && "cache" in data;

/** A parsed file as a cache, or a sentence about what is wrong with it. */
export function checkCache(data: unknown): Cache {
  const fail = (what: string): never => {
    throw new TuningError(`this is no cache of Kernel Tuner: ${what}`);
  };
  if (!isRecord(data)) return fail("it is no object");
  const { kernel_name, tune_params_keys: keys, tune_params: params, cache } = data;
  if (typeof kernel_name !== "string") return fail("kernel_name is missing");
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === "string"))
    return fail("tune_params_keys is no list of names");
  if (!isRecord(cache)) return fail("cache is no object");
  for (const [key, entry] of Object.entries(cache)) {
    if (!isRecord(entry)) return fail(`the entry ${key} is no object`);
    const missing = keys.find((name) => !isValue(entry[name]));
    if (missing !== undefined) return fail(`the entry ${key} has no value of ${missing}`);
  }
  if (params !== undefined) {
    if (!isRecord(params)) return fail("tune_params is no object");
    for (const name of keys)
      if (!Array.isArray(params[name]) || !params[name].every(isValue))
        return fail(`tune_params has no list of the values of ${name}`);
  }
  return data as unknown as Cache;
}

/** What a cache has measured; its points are those that were tried. */
export function readCache(file: Cache): Measured {
  const names = file.tune_params_keys;
  const entries = Object.values(file.cache).map((entry): Entry => {
    const configuration = Object.fromEntries(names.map((name) => [name, entry[name] as Value]));
    const error = entry.__error__;
    return {
      configuration,
      outcome: typeof error === "string" ? { failed: error } : outcomeOf(entry.time),
      ...("benchmark_time" in entry && { spent: spentOn(entry) }),
    };
  });
  const parameters = readParameters(
    file,
    entries.map(({ configuration }) => configuration),
  );
  return { space: { name: nameOf(file), parameters, constraints: [] }, entries };
}

/** Milliseconds spent on an entry; what is not told counts as nothing. */
export function spentOn(entry: CacheEntry): Measurement["spent"] {
  const number = (name: string): number => {
    const value = entry[name];
    return typeof value === "number" ? value : 0;
  };
  return {
    compile: number("compile_time"),
    verify: number("verification_time"),
    measure: number("benchmark_time"),
  };
}

/** The values that are listed, and those that occur without being listed. */
function readParameters(
  file: Cache,
  configurations: readonly Configuration[],
): readonly Parameter[] {
  const { tune_params: listed, tune_params_keys: names } = file;
  const found = inferParameters(names, configurations);
  // Old files list none.
  if (listed === undefined) return found;
  return found.map(({ name, values }) => ({
    name,
    values: [...new Set([...listed[name]!, ...values])],
  }));
}

const nameOf = ({ kernel_name, device_name }: Cache): string =>
  typeof device_name === "string" ? `${kernel_name} on ${device_name}` : kernel_name;

/** How Kernel Tuner names a configuration: its values, as Python prints them. */
export const cacheKey = (names: readonly string[], configuration: Configuration): string =>
  names
    .map((name) => {
      const value = configuration[name]!;
      if (typeof value === "boolean") return value ? "True" : "False";
      return String(value);
    })
    .join(",");

/** The text of a cache, an entry a line, as Kernel Tuner writes it. */
export function printCache({ cache, ...head }: Cache): string {
  const lines = Object.entries(cache).map(
    ([key, entry]) => `${JSON.stringify(key)}: ${JSON.stringify(entry)}`,
  );
  return `${JSON.stringify(head).slice(0, -1)},\n"cache": {\n${lines.join(",\n")}}\n}\n`;
}
