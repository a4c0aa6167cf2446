// `tune report`: a page of what was measured, or of searches on recorded spaces.

import { extname } from "node:path";
import type { Command } from "commander";
import { checkCharts } from "../../../page/draw.ts";
import { readRecords } from "../../../tune/database/read.ts";
import type { Measurement } from "../../../tune/database/record.ts";
import { createRecording } from "../../../tune/replay/recording.ts";
import { renderReport } from "../../../tune/report/page.ts";
import { type Curve, joinRuns, type Run } from "../../../tune/report/progress.ts";
import { replayRun, studyRecording } from "../../../tune/report/recorded.ts";
import { studyRecords } from "../../../tune/report/records.ts";
import { describeReport, makeReport, type Report } from "../../../tune/report/report.ts";
import type { Study } from "../../../tune/report/study.ts";
import { defaultStrategy } from "../../../tune/search/index.ts";
import { enumerate } from "../../../tune/space/enumerate.ts";
import { parseCount } from "../../calls.ts";
import { UsageError, UserError } from "../../errors.ts";
import { checkWritable, writeBytes } from "../../io/files.ts";
import { openOperators, operatorNames } from "../../operators.ts";
import { withProgress } from "../../progress.ts";
import { formatBytes, plural, printJson, type Terminal } from "../../terminal.ts";
import { databasePath } from "../../tuning/request.ts";
import { findSpace } from "../../tuning/winners.ts";
import { findStrategy, mostSeed, readMeasured } from "./replay.ts";

const examples = `
Examples:
  $ warpweave tune report --out tuned.html
  $ warpweave tune report --database a.jsonl b.jsonl --operator conv2d --out conv2d.html
  $ warpweave tune report --space results.T4.json --strategy default,random --out replay.html
  $ warpweave tune report --database a.jsonl --json`;

interface Options {
  readonly database?: readonly string[];
  readonly operator?: string;
  readonly target?: string;
  readonly protocol?: string;
  readonly space?: readonly string[];
  readonly strategy?: string;
  readonly budget: string;
  readonly runs: string;
  readonly seed: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Adds `tune report`. */
export function addReport(tune: Command, terminal: Terminal): void {
  tune
    .command("report")
    .description("writes a page of what was measured: searches, times, parameters, failures")
    .option("--database <files...>", "measurements, if not those in the cache folder")
    .option("--operator <name>", "of a database: those of one operator alone")
    .option("--target <name>", "of a database: those of one target alone")
    .option("--protocol <number>", "of a database: those measured by these rules alone")
    .option("--space <files...>", "recorded spaces instead: caches of Kernel Tuner or T4")
    .option("--strategy <names>", "searches that are replayed on them, one or more, with commas")
    .option("--budget <evaluations>", "of each replay", "200")
    .option("--runs <number>", "replays with different seeds", "10")
    .option("--seed <number>", "equal seeds, equal results", "1")
    .option("--out <file.html>", "the page, one file that loads nothing")
    .option("--json", "print the numbers behind it")
    .addHelpText("after", examples)
    .action((options: Options) => report(options, terminal));
}

async function report(options: Options, terminal: Terminal): Promise<void> {
  const { out, json, space, database } = options;
  if (out === undefined && json !== true)
    throw new UsageError("--out names the page to write, --json prints its numbers; give one");
  if (space !== undefined && database !== undefined)
    throw new UsageError("--database and --space cannot be given together: a page is of one kind");
  const given = (names: readonly (keyof Options)[]) => names.find((name) => options[name]);
  const stray = space ? given(["operator", "target", "protocol"]) : given(["strategy"]);
  if (stray !== undefined)
    throw new UsageError(`--${stray} goes with --${space ? "database" : "space"} only`);
  // Before anything that takes long.
  if (out !== undefined) {
    if (extname(out) !== ".html")
      throw new UserError(
        `cannot write ${out}: a report is a page, which is written to a .html file`,
      );
    await checkWritable(out);
    await checkCharts();
  }
  const made = space ? await reportSpaces(space, options, terminal) : await reportRecords(options);
  if (out !== undefined) {
    const bytes = new TextEncoder().encode(await renderReport(made));
    await writeBytes(out, bytes);
    const kernels = plural(made.sections.length, space ? "recorded space" : "tuned kernel");
    if (json !== true) terminal.out(`${out}: ${kernels}, ${formatBytes(bytes.length)}\n`);
  }
  if (json === true) printJson(terminal, describeReport(made));
}

async function reportRecords(options: Options): Promise<Report> {
  const paths = options.database ?? [databasePath(undefined)];
  const protocol =
    options.protocol === undefined ? undefined : parseCount("protocol", options.protocol, 1_000);
  const all = (await Promise.all(paths.map(readRecords))).flat();
  if (all.length === 0) throw new UserError(`${paths.join(" and ")}: no measurements to report`);
  const records = all.filter(
    ({ key }) =>
      (options.operator ?? key.operator) === key.operator &&
      (options.target ?? key.target) === key.target &&
      (protocol ?? key.protocol) === key.protocol,
  );
  if (records.length === 0) throw new UserError(explainNone(all));
  refuseMixed(records);
  const names = new Set(records.map(({ key }) => key.operator));
  const own = operatorNames().filter((name) => names.has(name));
  const operators = own.length === 0 ? [] : openOperators(own);
  return makeReport(
    studyRecords(records, (key) => {
      const found = findSpace(key, operators);
      return found && { usual: found.default, points: enumerate(found.space) };
    }),
  );
}

function explainNone(all: readonly Measurement[]): string {
  const kinds = new Set(
    all.map(({ key }) => `${key.operator} on ${key.target} by protocol ${key.protocol}`),
  );
  return `no measurement is of what was asked for; there are ${[...kinds].join(", ")}`;
}

/** Times by different rules are not comparable. */
function refuseMixed(records: readonly Measurement[]): void {
  const found = [...new Set(records.map(({ key }) => key.protocol))].sort((a, b) => a - b);
  if (found.length > 1)
    throw new UserError(
      `the measurements are of protocols ${found.join(" and ")}, which are not comparable; ` +
        `--protocol ${found.at(-1)} takes those of one`,
    );
}

async function reportSpaces(
  paths: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<Report> {
  const names = (options.strategy ?? defaultStrategy.name).split(",");
  const chosen = [...new Set(names.map((name) => findStrategy(name.trim())))];
  const budget = parseCount("budget", options.budget, 100_000);
  const runs = parseCount("runs", options.runs, 100_000);
  const seed = parseCount("seed", options.seed, mostSeed, 0);
  const read = paths.map((path) => {
    const measured = readMeasured(path);
    const recording = createRecording(measured);
    return { recording, study: studyRecording(measured, recording) };
  });
  const total = read.length * chosen.length * runs;
  const shown = { label: "runs", total, json: options.json === true };
  const stream = terminal.progress === undefined ? {} : { stream: terminal.progress };
  const curves = new Map<Study, readonly Curve[]>();
  await withProgress({ ...shown, ...stream }, async (progress) => {
    for (const { recording, study } of read) {
      const own: Curve[] = [];
      for (const strategy of chosen) {
        const replays: Run[] = [];
        for (let run = 0; run < runs; run++) {
          replays.push(replayRun(recording, study, strategy, { budget, seed, run }));
          progress.advance(strategy.name);
          // Lets the bar be drawn, and Ctrl-C be heard.
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        own.push(joinRuns(strategy.name, replays));
      }
      curves.set(study, own);
    }
  });
  const studies = read.map(({ study }) => study);
  return makeReport(studies, (study) => curves.get(study)!);
}
