// Finished runs, one a line of a file that survives Ctrl-C: the next start goes on after them.

import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../generators/frontend/paths.ts";
import type { SamplingRecord } from "./sampling.ts";
import type { Task, Training, Variant } from "./settings.ts";
import type { EpochRecord, Score } from "./training.ts";

/** One network to train. */
export interface Run {
  /** What a record is found again by: everything that its numbers follow from. */
  readonly key: string;
  readonly variant: Variant;
  readonly seed: number;
  readonly training: Training;
}

/** What became of a run. */
export interface RunRecord {
  readonly key: string;
  readonly task: Task;
  readonly variant: string;
  readonly seed: number;
  readonly parameters: number;
  /** By the clock, and of the processor. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly epochs: readonly EpochRecord[];
  readonly final: Score;
  /** Images that `final` is on. */
  readonly tests: number;
  readonly sampling?: SamplingRecord;
}

/** The files whose content decides what a run computes. */
function listSources(): readonly string[] {
  const own = [
    "digits",
    "network",
    "positions",
    "sampling",
    "scenes",
    "training",
    "warp",
    "worker",
  ];
  const folder = "generated/tfjs";
  const generated = readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map((path) => `${folder}/${path}`);
  return [
    ...own.map((name) => `examples/train/${name}.ts`),
    "examples/train/data/optdigits.csv.gz",
    "generators/check/random.ts",
    ...generated.sort(),
  ];
}

/** Every variant with every seed, seed by seed, so that a part of all is already a comparison. */
export function planRuns(
  variants: readonly Variant[],
  seeds: readonly number[],
  trainingOf: (task: Task) => Training,
): readonly Run[] {
  const hash = createHash("sha256");
  for (const path of listSources()) hash.update(readFileSync(join(packageRoot, path)));
  const sources = hash.digest("hex");
  return seeds.flatMap((seed) =>
    variants.map((variant) => {
      const training = trainingOf(variant.task);
      const all = JSON.stringify({ sources, variant, training, seed });
      const key = createHash("sha256").update(all).digest("hex").slice(0, 16);
      return { key, variant, seed, training };
    }),
  );
}

/** The records of a file by key; a line that was cut off is no record. */
export function readRecords(path: string): ReadonlyMap<string, RunRecord> {
  const records = new Map<string, RunRecord>();
  if (!existsSync(path)) return records;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const record = parseRecord(line);
    if (record !== undefined) records.set(record.key, record);
  }
  return records;
}

function parseRecord(line: string): RunRecord | undefined {
  try {
    const value: unknown = line === "" ? undefined : JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    // Cut off while it was written: that run counts as not finished.
    return undefined;
  }
}

/** Whether a line's JSON is a record and not something else, which counts as not finished too. */
function isRecord(value: unknown): value is RunRecord {
  if (typeof value !== "object" || value === null) return false;
  const record: Partial<Record<keyof RunRecord, unknown>> = value;
  const epochs: readonly unknown[] = Array.isArray(record.epochs) ? record.epochs : [undefined];
  const scores = [record.final, ...epochs].map((score) => (score ?? {}) as Partial<Score>);
  const texts = [record.key, record.task, record.variant];
  const numbers = [
    record.seed,
    record.parameters,
    record.seconds,
    record.cpuSeconds,
    record.tests,
    ...scores.flatMap(({ loss, accuracy }) => [loss, accuracy]),
  ];
  return (
    texts.every((text) => typeof text === "string") &&
    numbers.every((number) => typeof number === "number")
  );
}

/** Adds a record to a file, at once; after a line that was cut off it begins a new one. */
export function appendRecord(path: string, record: RunRecord): void {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const start = text === "" || text.endsWith("\n") ? "" : "\n";
  appendFileSync(path, `${start}${JSON.stringify(record)}\n`);
}
