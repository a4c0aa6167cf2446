// T4: the autotuning community's format of results.

import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Measurement } from "../database/record.ts";
import type { Outcome } from "../search/strategy.ts";
import { TuningError } from "../space/error.ts";
import type { Configuration } from "../space/space.ts";
import { type Entry, inferParameters, isValue, type Measured, outcomeOf } from "./measured.ts";
import { checkSchema } from "./schema.ts";

/** Why a configuration has no valid time, or that it has one. */
export type Invalidity =
  | "timeout"
  | "compile"
  | "runtime"
  | "correctness"
  | "constraints"
  | "correct";

/** What became of a configuration; times are in milliseconds unless a measurement says otherwise. */
export interface T4Result {
  readonly timestamp?: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  /** The measurements that are to be small. */
  readonly objectives?: readonly string[];
  readonly times: {
    readonly compilation_time?: number;
    /** As Kernel Tuner writes what the schema calls `compilation_time`. */
    readonly compilation?: number;
    readonly benchmark?: number;
    readonly runtimes?: readonly number[];
    readonly framework?: number;
    readonly search_algorithm?: number;
    readonly validation?: number;
  };
  readonly invalidity: Invalidity;
  readonly correctness: number;
  readonly measurements?: readonly {
    readonly name: string;
    readonly value: number | string | readonly unknown[];
    readonly unit?: string;
  }[];
}

/** A file of the format T4. */
export interface T4 {
  readonly schema_version?: string;
  readonly results: readonly T4Result[];
}

function compileSchema() {
  const url = new URL("schemas/T4-1.0.0-results-schema.json", import.meta.url);
  return new Ajv2020({ strict: false }).compile<T4>(JSON.parse(readFileSync(url, "utf8")));
}
let schema: ReturnType<typeof compileSchema> | undefined;

/** Whether parsed JSON is meant as T4. */
export const isT4 = (data: unknown): boolean =>
  typeof data === "object" && data !== null && "results" in data;

/** A parsed file as T4, or a sentence about the first thing that is wrong. */
export function checkT4(data: unknown): T4 {
  schema ??= compileSchema();
  return checkSchema(data, schema, "T4");
}

/** Milliseconds of the units that times are given in. */
const times: Readonly<Record<string, number>> = {
  ns: 1e-6,
  nanoseconds: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  microseconds: 1e-3,
  ms: 1,
  milliseconds: 1,
  s: 1e3,
  sec: 1e3,
  seconds: 1e3,
};

/**
 * A value in the unit of all others: times in milliseconds, other things as they are. All are times, or all have one
 * unit; a value without one is of the others' kind.
 */
function createScale(): (value: unknown, unit: string | undefined, at: number) => unknown {
  let known: string | undefined;
  return (value, unit, at) => {
    if (!unit) return value;
    if (/\/ *s(ec(onds?)?)?$|per second/.test(unit))
      throw new TuningError(
        `the result ${at} is in ${unit}, of which more is better; less is to be`,
      );
    const by = Object.hasOwn(times, unit) ? times[unit] : undefined;
    const base = by === undefined ? unit : "ms";
    if (known !== undefined && known !== base)
      throw new TuningError(`the result ${at} is in ${unit}, and others are in ${known}`);
    known = base;
    return by !== undefined && typeof value === "number" ? value * by : value;
  };
}

/** What a file has measured, by its first objective. */
export function readT4({ results }: T4, name: string): Measured {
  const [first] = results;
  if (first === undefined) throw new TuningError(`${name} has no results`);
  const scale = createScale();
  const names = Object.keys(first.configuration);
  const entries = results.map((result, i): Entry => {
    const wrong = names.find((of) => !isValue(result.configuration[of]));
    if (wrong !== undefined) throw new TuningError(`the result ${i} has no value of ${wrong}`);
    const extra = Object.keys(result.configuration).find((of) => !names.includes(of));
    if (extra !== undefined)
      throw new TuningError(`the result ${i} has a value of ${extra}, which the first has not`);
    const configuration = result.configuration as Configuration;
    const { invalidity } = result;
    const spent = spentOn(result);
    if (invalidity !== "correct") return { configuration, outcome: { failed: invalidity }, spent };
    const objective = result.objectives?.[0];
    const wanted = typeof objective === "string" ? objective : "time";
    const measurement = result.measurements?.find((of) => of.name === wanted);
    const outcome: Outcome =
      measurement === undefined
        ? { failed: `no measurement ${wanted}` }
        : outcomeOf(scale(measurement.value, measurement.unit, i));
    return { configuration, outcome, spent };
  });
  const configurations = entries.map(({ configuration }) => configuration);
  const parameters = inferParameters(names, configurations);
  return { space: { name, parameters, constraints: [] }, entries };
}

/** Milliseconds spent on a result; what is not told counts as nothing. */
export const spentOn = ({ times }: T4Result): Measurement["spent"] => ({
  compile: times.compilation_time ?? times.compilation ?? 0,
  verify: times.validation ?? 0,
  measure: times.benchmark ?? (times.runtimes ?? []).reduce((sum, time) => sum + time, 0),
});

/** Results as a file of this version. */
export const writeT4 = (results: readonly T4Result[]): T4 => ({
  schema_version: "1.0.0",
  results,
});
