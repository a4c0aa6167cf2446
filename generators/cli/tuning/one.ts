// One kernel of one call, from its space to what is said of the search's end.

import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { parseOffsets, printOffsets } from "../../measure/work/offsets.ts";
import type { Work } from "../../measure/work/work.ts";
import type { readRecords } from "../../tune/database/read.ts";
import type { openDatabase } from "../../tune/database/store.ts";
import type { KernelSpace } from "../../tune/kernels/space.ts";
import { byClock } from "../../tune/measure/clock.ts";
import type { ClockName } from "../../tune/measure/protocol.ts";
import { findSeeds } from "../../tune/run/seeds.ts";
import { tune } from "../../tune/run/tune.ts";
import { strategies } from "../../tune/search/index.ts";
import { createRandom } from "../../tune/search/random.ts";
import { enumerate } from "../../tune/space/enumerate.ts";
import type { Winner } from "../../tune/winners/winner.ts";
import type { readWorks } from "../calls.ts";
import { UserError } from "../errors.ts";
import { plural, type Terminal } from "../terminal.ts";
import { dryRun } from "./dry.ts";
import { keyOf, openBench, openTuning } from "./open.ts";
import type { parseBudget, parseStrategy, TuneRequest } from "./request.ts";
import { formatResult, showRun } from "./show.ts";
import type { TunedKernel } from "./subject.ts";

/** What is tuned, and how. */
export interface Given {
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

/** The same with databases. */
export interface Chosen extends Given {
  readonly known: Awaited<ReturnType<typeof readRecords>>;
  /** What a team's file and what ships have of the operator on the target. */
  readonly winners: readonly Winner[];
  readonly database: Awaited<ReturnType<typeof openDatabase>>;
  /** Notes that a run has begun. */
  readonly begin: () => void;
}

/** Which clock decides, in words; that of the process says little of a device. */
function sayClock(clock: ClockName, { capabilities }: Target): string {
  switch (clock) {
    case "device":
      return "the device's own timestamps,";
    case "processor":
      return "what the process takes of processors,";
    case "wall":
      return capabilities.groups
        ? "the wall clock, since the device has no timestamps,"
        : "the wall clock,";
    default:
      return clock satisfies never;
  }
}

/** Tunes one kernel for one call; what is refused before anything is measured begins no run. */
export async function tuneOne(
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
    const key = keyOf(tuned, kernelSpace, opened, threads, offsets, flags);
    const bench = await openBench(tuned, work, opening, {
      threads,
      random: createRandom(seed + 1),
      signal: stop.signal,
    });
    if (request.json !== true)
      terminal.out(
        `${title}, ${plural(threads, "thread")}, ${opened.device}\n` +
          `${plural(points.size, "configuration")}; timed by ${sayClock(bench.clock, tuned.target)} ` +
          `in steps of ${(byClock(opened.resolution, bench.clock) * 1000).toFixed(1)} us\n`,
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
      chosen.begin();
      const result = await tune({
        key,
        points,
        usual: kernelSpace.default,
        strategy,
        seeds: findSeeds(chosen.winners, [...known, ...database.records], key),
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
