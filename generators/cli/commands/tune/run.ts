// `tune <operator>`: searches for the fastest schedule, and keeps all that it measures.

import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Target } from "../../../emit/target.ts";
import type { Operator } from "../../../frontend/operator.ts";
import { parseOffsets, printOffsets } from "../../../measure/work/offsets.ts";
import type { Work } from "../../../measure/work/work.ts";
import { readRecords } from "../../../tune/database/read.ts";
import type { RunLine } from "../../../tune/database/runs.ts";
import { openDatabase } from "../../../tune/database/store.ts";
import { type KernelSpace, spaceOf } from "../../../tune/kernels/space.ts";
import { CandidateFailed } from "../../../tune/measure/session.ts";
import { findNeighbours } from "../../../tune/run/seeds.ts";
import { tune } from "../../../tune/run/tune.ts";
import { strategies } from "../../../tune/search/index.ts";
import { createRandom } from "../../../tune/search/random.ts";
import { enumerate } from "../../../tune/space/enumerate.ts";
import { parseCount, readWorks } from "../../calls.ts";
import { UserError } from "../../errors.ts";
import { refuseThreads, sharesLaunches } from "../../executors.ts";
import { parseFlags } from "../../flags.ts";
import { openOperator } from "../../operators.ts";
import { parseTarget } from "../../targets.ts";
import { plural, type Terminal } from "../../terminal.ts";
import { dryRun } from "../../tuning/dry.ts";
import { keyOf, openBench, openTuning } from "../../tuning/open.ts";
import {
  databasePath,
  parseBudget,
  parseSeed,
  parseStrategy,
  type TuneRequest,
} from "../../tuning/request.ts";
import { formatResult, showRun } from "../../tuning/show.ts";
import { findKernel, type TunedKernel } from "../../tuning/subject.ts";

const examples = `
Examples:
  $ warpweave tune deform_conv2d --target js --budget 30
  $ warpweave tune deform_conv2d --target wasm --shape 1,64,56,56,64,3 --grad --budget 120s
  $ warpweave tune conv2d --target c --threads 2 --database conv2d.jsonl --json

A second run with the same words measures nothing: all is in the database. Ctrl-C keeps what was
measured and shows the best so far; the same command goes on from there.`;

/** Adds the command that \`tune\` means where no other is named. */
export function addRun(group: Command, terminal: Terminal): void {
  group
    .command("run", { isDefault: true })
    .description("tunes an operator (`tune <operator>` means this)")
    .argument("<operator>", "deform_conv2d, conv2d, roi_align or roi_pool")
    .option("--target <name>", "whose kernel is tuned", "js")
    .option("--shape <sizes...>", "N,C,H,W,O,k of a convolution; N,C,H,W,boxes,bins of a pooling")
    .option("--preset <names...>", "layers of networks, as bench takes them")
    .option("--with <tensors>", "optional tensors: mask, bias or both")
    .option("--stride <number>", "of convolutions", "1")
    .option("--offsets <how>", "normal:2 (if none is given), uniform:40 (in pixels) or zero")
    .option("--grad", "the kernel of the gradients")
    .option("--threads <number>", "CPU threads", "1")
    .option("--budget <amount>", "configurations, such as 50, or seconds, such as 60s", "50")
    .option("--strategy <name>", `default, ${Object.keys(strategies).join(", ")}`, "default")
    .option("--seed <number>", "of the search", "0")
    .option("--database <file>", "where measurements are kept, if not in the cache folder")
    .option("--also <files...>", "further databases, which are only read")
    .option("--node <flags>", "for the process, e.g. =--experimental-wasm-relaxed-simd")
    .option("--json", "a line of JSON for each configuration, and one for the result")
    .addHelpText("after", examples)
    .action((op: string, request: TuneRequest) => run(op, request, terminal));
}

/** Tunes as a command line says. */
export async function run(op: string, request: TuneRequest, terminal: Terminal): Promise<void> {
  const works = readWorks(op, request);
  const target = parseTarget(request.target ?? "js");
  const threads = parseCount("threads", request.threads, 256);
  if (threads > 1 && !sharesLaunches(target.name)) throw new UserError(refuseThreads(target.name));
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
  const database = await openDatabase(databasePath(request.database));
  if (database.torn)
    terminal.err(`${database.path}: its last line was torn, as a run that was killed leaves it\n`);
  const id = randomUUID();
  const noteRun = (state: RunLine["state"]): void => {
    const { json: _, database: __, ...words } = request;
    const at = new Date().toISOString();
    database.append({ kind: "run", id, state, operator: op, request: words, at });
  };
  noteRun("started");
  const chosen = { ...given, known, database };
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
  } finally {
    await database.close();
  }
  if (stop.signal.aborted)
    throw new UserError(
      `stopped; what was measured is in ${database.path}, and the same command goes on`,
    );
}

/** What is tuned, and how. */
interface Given {
  readonly op: string;
  readonly works: ReturnType<typeof readWorks>;
  readonly target: Target;
  readonly operator: Operator;
  readonly request: TuneRequest;
  readonly budget: ReturnType<typeof parseBudget>;
  readonly strategy: ReturnType<typeof parseStrategy>;
  readonly seed: number;
  readonly flags: readonly string[];
  readonly threads: number;
  readonly stop: AbortController;
}

interface Chosen extends Given {
  readonly known: Awaited<ReturnType<typeof readRecords>>;
  readonly database: Awaited<ReturnType<typeof openDatabase>>;
}

const signals = ["SIGINT", "SIGTERM"] as const;

async function tuneOne(
  tuned: TunedKernel,
  kernelSpace: KernelSpace,
  work: Work,
  chosen: Chosen,
  terminal: Terminal,
): Promise<void> {
  const { request, budget, seed, flags, threads, known, database, stop } = chosen;
  const points = enumerate(kernelSpace.space);
  const title = `${work.op}${work.grad ? " gradients" : ""} ${work.shape} on ${tuned.target.name}`;
  if (points.size === 0) throw new UserError(`${title}: no configuration is valid`);
  const opening = await openTuning(tuned, work, { threads, flags });
  const { opened, session } = opening;
  // A request that waits fails then, so that nothing is waited for.
  const quit = () => void session.restart();
  stop.signal.addEventListener("abort", quit);
  try {
    if (stop.signal.aborted) return;
    const compile = (configuration: Readonly<Record<string, number | boolean | string>>) => {
      const schedule = kernelSpace.scheduleFor(configuration);
      return "refused" in schedule ? schedule : tuned.compile(schedule);
    };
    if (opened.simulation) {
      const device = `${opened.device}; ${opened.driver}`;
      await dryRun(
        title,
        device,
        tuned,
        work,
        points,
        kernelSpace.default,
        compile,
        session,
        terminal,
      );
      return;
    }
    if (!opened.keepsCalls)
      throw new UserError(
        `kernels of ${tuned.target.name} cannot be tuned: ${opened.device} keeps no calls, ` +
          "so that copies of arrays would be timed with them",
      );
    const offsets = printOffsets(parseOffsets(request.offsets ?? "normal:2"));
    const key = keyOf(tuned, kernelSpace, opened, threads, offsets);
    const bench = await openBench(tuned, work, opening, {
      threads,
      random: createRandom(seed + 1),
      signal: stop.signal,
    });
    if (request.json !== true)
      terminal.out(
        `${title}, ${plural(threads, "thread")}, ${opened.device}\n` +
          `${plural(points.size, "configuration")}; times by the ${bench.clock} clock, of ` +
          `${(opened.resolution[bench.clock] * 1000).toFixed(1)} us\n`,
      );
    const isSmall = budget.kind === "evaluations" && points.size <= budget.count;
    const strategy = isSmall ? strategies.exhaustive! : chosen.strategy;
    const show = showRun(
      work.op,
      budget,
      points.size,
      kernelSpace.default,
      terminal,
      request.json === true,
    );
    try {
      const result = await tune({
        key,
        points,
        usual: kernelSpace.default,
        strategy,
        seeds: findNeighbours([...known, ...database.records], key),
        random: createRandom(seed),
        budget,
        database,
        known,
        compile,
        bench,
        signal: stop.signal,
        tell: show.tell,
      });
      show.stop();
      if (request.json === true)
        terminal.out(`${JSON.stringify({ kind: "result", key, ...result })}\n`);
      else terminal.out(formatResult(result, kernelSpace.default));
    } finally {
      show.stop();
    }
  } finally {
    stop.signal.removeEventListener("abort", quit);
    await opening.close();
  }
}
