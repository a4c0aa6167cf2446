// `tune <operator>`: searches for the fastest schedule, and keeps all that it measures.

import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Work } from "../../../measure/work/work.ts";
import { readRecords } from "../../../tune/database/read.ts";
import type { RunLine } from "../../../tune/database/runs.ts";
import { openDatabase } from "../../../tune/database/store.ts";
import { spaceOf } from "../../../tune/kernels/space.ts";
import { CandidateFailed } from "../../../tune/measure/session.ts";
import { DefaultFailed } from "../../../tune/run/tune.ts";
import { strategies } from "../../../tune/search/index.ts";
import { parseCount, readWorks } from "../../calls.ts";
import { UsageError, UserError } from "../../errors.ts";
import { refuseThreads, sharesLaunches } from "../../executors.ts";
import { parseFlags } from "../../flags.ts";
import { openOperator } from "../../operators.ts";
import { parseTarget } from "../../targets.ts";
import type { Terminal } from "../../terminal.ts";
import { findTeam, readLayers } from "../../tuning/layers.ts";
import { type Chosen, type Given, tuneOne } from "../../tuning/one.ts";
import {
  databasePath,
  parseBudget,
  parseSeed,
  parseStrategy,
  presetHelp,
  refuseStorage,
  shapeHelp,
  type TuneRequest,
  teamHelp,
} from "../../tuning/request.ts";
import { findKernel } from "../../tuning/subject.ts";

const examples = `
Examples:
  $ warpweave tune deform_conv2d --target js --budget 30
  $ warpweave tune deform_conv2d --target wasm --shape 1,64,56,56,64,3 --grad --budget 120s
  $ warpweave tune conv2d --target c --threads 2 --database conv2d.jsonl --json
  $ warpweave tune deform_conv2d --target wasm --preset square

A second run with the same words measures nothing: all is in the database. Ctrl-C keeps what was
measured and shows the best so far; the same command goes on from there.`;

/** Adds the command that \`tune\` means where no other is named. */
export function addRun(group: Command, terminal: Terminal): void {
  group
    .command("run", { isDefault: true })
    .description("tunes an operator (`tune <operator>` means this)")
    .argument("<operator>", "a name that `list` shows, or a file")
    .option("--target <name>", "whose kernel is tuned", "js")
    .option("--shape <sizes...>", shapeHelp)
    .option("--preset <names...>", presetHelp)
    .option("--with <tensors>", "optional tensors, with commas")
    .option("--stride <number>", "of convolutions", "1")
    .option("--offsets <how>", "normal:2 (if none is given), uniform:40 (in pixels) or zero")
    .option("--grad", "the kernel of the gradients")
    .option("--threads <number>", "CPU threads", "1")
    .option("--budget <amount>", "configurations, such as 50, or seconds, such as 60s", "50")
    .option("--strategy <name>", `default, ${Object.keys(strategies).join(", ")}`, "default")
    .option("--seed <number>", "of the search", "0")
    .option("--database <file>", "where measurements are kept, if not in the cache folder")
    .option("--also <files...>", "further databases, which are only read")
    .option("--team <file>", teamHelp)
    .option("--node <flags>", "for the process, e.g. =--experimental-wasm-relaxed-simd")
    .option("--dtype <type>", "what kernels store data as: f32 alone can be tuned")
    .option("--json", "a line of JSON for each configuration, and one for the result")
    .addHelpText("after", examples)
    .action((op: string, request: TuneRequest) => run(op, request, terminal));
}

/** Tunes as a command line says. */
export async function run(op: string, request: TuneRequest, terminal: Terminal): Promise<void> {
  refuseStorage(request.dtype);
  const works = readWorks(op, request);
  const target = parseTarget(request.target ?? "js");
  const threads = parseCount("threads", request.threads, 256);
  if (threads > 1 && !sharesLaunches(target.name)) throw new UsageError(refuseThreads(target.name));
  const budget = parseBudget(request.budget);
  const strategy = parseStrategy(request.strategy);
  const seed = parseSeed(request.seed);
  const flags = parseFlags(request.node);
  const operator = openOperator(op);
  const stop = new AbortController();
  const quit = () => stop.abort();
  // Twice is heard as once: what was measured is kept, and no process stays.
  for (const signal of signals) process.on(signal, quit);
  try {
    await tuneAll(
      { op, works, target, operator, request, budget, strategy, seed, flags, threads, stop },
      terminal,
    );
  } finally {
    for (const signal of signals) process.removeListener(signal, quit);
  }
}

async function tuneAll(given: Given, terminal: Terminal): Promise<void> {
  const { op, works, target, operator, request, stop } = given;
  const known = (await Promise.all((request.also ?? []).map(readRecords))).flat();
  const winners = await readLayers(operator, target.name, { team: findTeam(request.team) });
  const database = await openDatabase(databasePath(request.database));
  if (database.torn)
    terminal.err(`${database.path}: its last line was torn, as a run that was killed leaves it\n`);
  const id = randomUUID();
  let isNoted = false;
  const noteRun = (state: RunLine["state"]): void => {
    // What is refused before anything is measured is no run to go on with.
    if (isNoted === (state === "started")) return;
    isNoted = true;
    const { json: _, database: __, ...words } = request;
    const at = new Date().toISOString();
    database.append({ kind: "run", id, state, operator: op, request: words, at });
  };
  const chosen: Chosen = { ...given, known, winners, database, begin: () => noteRun("started") };
  try {
    for (const make of works) {
      if (stop.signal.aborted) break;
      const work: Work = { ...make(), grad: request.grad === true };
      const tuned = findKernel(operator, work, target);
      await tuneOne(tuned, spaceOf(tuned.kernel, target), work, chosen, terminal).catch((error) => {
        // What was asked of a process when it was stopped fails; all else is still told.
        if (!stop.signal.aborted || !(error instanceof CandidateFailed)) throw error;
      });
    }
    if (!stop.signal.aborted) noteRun("finished");
  } catch (error) {
    // To go on would come to the same.
    if (error instanceof DefaultFailed) noteRun("finished");
    throw error;
  } finally {
    await database.close();
  }
  if (stop.signal.aborted)
    throw new UserError(
      `stopped; what was measured is in ${database.path}, and the same command goes on`,
    );
}

const signals = ["SIGINT", "SIGTERM"] as const;
