// What came of a call, as a table for people and as records for programs.

import { type Align, formatTable } from "../generators/cli/terminal.ts";
import { medianOf, type Summary, summarize } from "../generators/measure/statistics.ts";
import { countBytes, countOperations, type Work } from "../generators/measure/work/work.ts";
import type { Outcome, Row } from "./run.ts";

/** One contender on one call, as `--json` prints it. */
export interface BenchRecord {
  readonly op: string;
  readonly contender: string;
  /** The target of generated kernels; null of peers. */
  readonly target: string | null;
  readonly shape: string;
  readonly threads: number;
  readonly grad: boolean;
  /** Absent, as null, where it was not timed: `agrees` says why. */
  readonly median_ms: number | null;
  readonly min_ms: number | null;
  readonly max_ms: number | null;
  readonly gflops: number | null;
  readonly peak_mib: number | null;
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly agrees: boolean;
  /** The difference from the one that all are held against, as a part of the largest number. */
  readonly error: number | null;
  readonly counted: string;
  readonly quiet_ms: number | null;
  /**
   * The median of the time of all threads on processors: what other work on the machine changes
   * least.
   */
  readonly cpu_ms: number | null;
  readonly spread: number | null;
  readonly runs: number;
  readonly workspace_mib: number | null;
  /** What of the time depends on the layer's parameters alone and could be done once. */
  readonly packing_ms: number | null;
  /**
   * How many times as fast as the fastest library or the peer asked for: medians, minima, processor
   * time.
   */
  readonly speedup: number | null;
  readonly speedup_min: number | null;
  readonly speedup_cpu: number | null;
  /** Floating-point operations for each byte of inputs and results; null where nobody has counted them. */
  readonly intensity: number | null;
}

const round = (value: number, digits = 4): number => Number(value.toPrecision(digits));

const mib = (bytes: number | undefined): number | null =>
  bytes === undefined ? null : round(bytes / 2 ** 20);

/** A contender's name with the way in which it ran. */
export const nameRow = ({ contender, name }: Pick<Row, "contender" | "name">): string =>
  name === "" ? contender.name : `${contender.name}, ${name}`;

const summaryOf = ({ rounds }: Row): Summary | undefined =>
  rounds.some((times) => times.length > 0) ? summarize(rounds) : undefined;

/** The times that others' are compared with: those of one peer, or of the fastest library. */
function findBase(rows: readonly Row[], against: string | undefined) {
  const known = rows
    .filter(({ contender }) =>
      against === undefined ? contender.isLibrary === true : contender.name === against,
    )
    .flatMap((row) => {
      const summary = summaryOf(row);
      return summary === undefined ? [] : [{ ...summary, cpu: medianOf(row.cpu) }];
    });
  if (known.length === 0) return undefined;
  const least = (of: (one: (typeof known)[number]) => number) => Math.min(...known.map(of));
  return {
    median: least((one) => one.median),
    min: least((one) => one.min),
    cpu: least((one) => one.cpu),
  };
}

/** The records of a call, in the order of contenders. */
export function recordsOf(
  { work, rows }: Outcome,
  threads: number,
  against?: string,
): readonly BenchRecord[] {
  const base = findBase(rows, against);
  return rows.map((row) => {
    const summary = summaryOf(row);
    const of = (pick: (known: Summary) => number) => (summary ? round(pick(summary)) : null);
    const cpu = summary === undefined ? undefined : medianOf(row.cpu);
    const operations = countOperations(work);
    return {
      op: work.op,
      contender: nameRow(row),
      target: row.contender.target?.name ?? null,
      shape: work.shape,
      threads,
      grad: work.grad,
      median_ms: of((s) => s.median),
      min_ms: of((s) => s.min),
      max_ms: of((s) => s.max),
      gflops: operations === 0 ? null : of((s) => operations / s.median / 1e6),
      peak_mib: mib(row.peakBytes),
      device: row.contender.device,
      versions: row.contender.versions,
      agrees: row.agrees,
      error: Number.isFinite(row.error) ? round(row.error, 2) : null,
      counted: row.counted,
      quiet_ms: of((s) => s.quiet),
      cpu_ms: cpu === undefined ? null : round(cpu),
      spread: of((s) => s.spread),
      runs: summary?.runs ?? 0,
      workspace_mib: mib(row.workspaceBytes),
      packing_ms: row.packing ? round(medianOf(row.packing)) : null,
      speedup: base ? of((s) => base.median / s.median) : null,
      speedup_min: base ? of((s) => base.min / s.min) : null,
      speedup_cpu: base && cpu !== undefined && cpu > 0 ? round(base.cpu / cpu) : null,
      intensity: operations === 0 ? null : round(operations / countBytes(work)),
    };
  });
}

const head = [
  "contender",
  "median ms",
  "min",
  "max",
  "spread",
  "CPU ms",
  "GFLOP/s",
  "speed",
  "by min",
  "by CPU",
  "peak MiB",
  "workspaces",
  "packing ms",
  "error",
];
const align: readonly Align[] = ["left", ...head.slice(1).map((): Align => "right")];

/** A few digits, however large. */
export function formatNumber(value: number | null, unit = ""): string {
  if (value === null) return "";
  if (value === 0) return `0${unit}`;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return `${value.toFixed(Math.min(digits, 6))}${unit}`;
}

const byTime = (a: BenchRecord, b: BenchRecord): number =>
  (a.median_ms ?? Number.POSITIVE_INFINITY) - (b.median_ms ?? Number.POSITIVE_INFINITY);

/** The table of one call, the fastest first; those who were not reached before the end come last. */
export function formatRecords(
  records: readonly BenchRecord[],
  unreached: readonly string[] = [],
): string {
  const timed = records
    .toSorted(byTime)
    .map((r) => [
      r.contender,
      r.median_ms === null ? "not timed" : formatNumber(r.median_ms),
      formatNumber(r.min_ms),
      formatNumber(r.max_ms),
      r.spread === null ? "" : `${(100 * r.spread).toFixed(0)} %`,
      formatNumber(r.cpu_ms),
      formatNumber(r.gflops),
      formatNumber(r.speedup, " ×"),
      formatNumber(r.speedup_min, " ×"),
      formatNumber(r.speedup_cpu, " ×"),
      formatNumber(r.peak_mib),
      formatNumber(r.workspace_mib),
      formatNumber(r.packing_ms),
      r.error === null ? "NaN, 0, shape" : r.error.toExponential(1),
    ]);
  const others = unreached.map((name) => [name, "not timed"]);
  return formatTable([...timed, ...others], { head, align });
}

/** What a call is, above its table. */
export function titleOf({ op, shape, grad, operations }: Work, threads: number): string {
  const what = grad ? "forward and all gradients" : "forward";
  const gflop = (countOperations({ operations, grad } as Work) / 1e9).toPrecision(3);
  const counted = operations === 0 ? "" : `: ${gflop} GFLOP`;
  return `${op} ${shape}, ${what}, ${threads === 1 ? "1 thread" : `${threads} threads`}${counted}`;
}

/** All that is to be said below the table. */
export function explain({ verdict, rows, notes, stopped }: Outcome): string {
  // Those of whom not even one agrees with itself have nothing to disagree about.
  const isVoid = verdict?.agreeing.length === 0;
  const wrong = isVoid ? [] : rows.filter(({ agrees }) => !agrees).map(nameRow);
  const counted = new Map<string, string[]>();
  for (const row of rows)
    counted.set(row.counted, [...(counted.get(row.counted) ?? []), nameRow(row)]);
  const lines = [
    ...(stopped ? ["stopped: these are the rounds until then"] : []),
    ...(verdict === undefined
      ? ["nobody computed it"]
      : isVoid
        ? ["all results are 0 or hold NaN, which says nothing: nobody is timed"]
        : [`${verdict.agreeing.length} of ${rows.length} agree with ${verdict.anchor}`]),
    ...(new Set(rows.map(({ contender }) => contender.name)).size === 1
      ? ["nobody else computed it, so its results are held against its own alone"]
      : []),
    ...wrong.map((name) => `${name} disagrees and is not timed`),
    ...[...counted].map(([what, names]) => `${names.join("; ")}: ${what}`),
    ...notes,
  ];
  return lines.map((line) => `  ${line}\n`).join("");
}
