// What becomes of one candidate: built, held against what is right, timed, and held against it again.

import type { Executor, Program } from "../../../targets/contract/program.ts";
import type { Measurement, Status } from "../database/record.ts";
import type { Random } from "../search/strategy.ts";
import { byClock, countRuns } from "./clock.ts";
import type { ClockName, Opened, Verified } from "./protocol.ts";
import { type Anchor, type Effort, joinTimings, type Timing, timeRounds } from "./rounds.ts";
import { AnchorFailed, CandidateFailed, type Session } from "./session.ts";

/** What all candidates of a run are measured by. */
export interface Bench {
  readonly session: Session;
  readonly clock: ClockName;
  /** The default configuration's program, which is timed in every round. */
  readonly anchor: Program;
  /** The folder of the results that are right. */
  readonly reference: string;
  /** By output: how far an element may be off. */
  readonly allowed: Readonly<Record<string, number>>;
  /** Whether equal calls give equal bits, by output; threads that add in any order do not. */
  readonly repeats: (program: Program, output: string) => boolean;
  /**
   * Runs a program on small adversarial calls; the largest error as a share of what is allowed, or
   * what is wrong.
   */
  readonly check: (
    program: Program,
    executor: Executor,
  ) => Promise<{ readonly worst: number } | { readonly wrong: string }>;
  /** Milliseconds that no device of this kind needs less than. */
  readonly floor: number;
  readonly effort: Effort;
  readonly random: Random;
  /** What fails once this is aborted is not tried again. */
  readonly signal?: AbortSignal;
}

/** A record without what says of what it is. */
export type Evaluation = Omit<Measurement, "kind" | "key" | "configuration" | "at">;

const anchorId = "anchor";
/** Milliseconds of running before anything is timed. */
const warm = 50;
/** Runs of fewer milliseconds feel what ran before them. */
const shortRun = 10;

/** Programs that a process takes before it is started anew, since engines keep all they were given. */
const mostPrograms = 50;

/** Measures candidates one after another. */
export function createEvaluator(bench: Bench) {
  const { session, clock, effort, random } = bench;
  const paces = new Map<string, { readonly count: number; readonly single: number }>();
  const anchor: Anchor = { id: anchorId, usual: 0 };
  let taken = 0;

  const sample = (id: string, samples: number) => {
    const { count = 1, single = 0 } = paces.get(id) ?? {};
    const limit = 20_000 + 20 * samples * count * single;
    return session.time(id, samples, count, single < shortRun, limit);
  };

  /** Runs until all that engines do once is done; the milliseconds of a run then. */
  const warmUp = async (id: string, opened: Opened): Promise<number> => {
    let [spent, single, wall] = [0, Number.POSITIVE_INFINITY, 0];
    for (let count = 1; spent < warm || count < 8; count *= 2) {
      const times = await session.time(id, 1, count, false, 20_000 + 4 * count * wall);
      wall = times.wall[0]!;
      // Engines compile on other threads meanwhile, which the clock of the process counts.
      single = Math.min(single, byClock(times, clock)[0]!);
      spent += count * wall;
      if (spent > 20 * warm) break;
    }
    const count = countRuns(Math.max(single, wall / 100), byClock(opened.resolution, clock));
    paces.set(id, { count, single: wall });
    return single;
  };

  /** The device, with the anchor ready on it; where that fails, a new process is tried once. */
  const ready = async (): Promise<Opened> => {
    if (++taken % mostPrograms === 0) await session.restart();
    try {
      return await openAnchor();
    } catch (error) {
      if (!(error instanceof CandidateFailed) || bench.signal?.aborted) throw error;
      await session.restart();
    }
    return openAnchor().catch((error) => {
      throw error instanceof CandidateFailed ? new AnchorFailed(error) : error;
    });
  };

  const openAnchor = async (): Promise<Opened> => {
    const opened = await session.open();
    if ("unavailable" in opened) throw new CandidateFailed("runtime", opened.unavailable);
    if (session.has(anchorId)) return opened;
    await session.prepare(anchorId, bench.anchor);
    await session.verify(anchorId, {});
    await warmUp(anchorId, opened);
    const times = byClock(await sample(anchorId, 5), clock);
    anchor.usual = times.toSorted((a, b) => a - b)[2]!;
    return opened;
  };

  /** What is wrong with a run, if anything; and its largest error. */
  const judge = (program: Program, verified: Verified, first: boolean) => {
    const { worst, where, damaged, changed } = verified;
    const status = (of: Status, error: string) => ({ status: of, error, worst: shareOf(worst) });
    if (damaged.length > 0)
      return status("correctness", `it writes where it must not: ${damaged.join(", ")}`);
    if (worst === "infinite" || worst > 1) return status("correctness", where);
    const differing = changed.filter((name) => bench.repeats(program, name));
    if (!first && differing.length > 0)
      return status("nondeterministic", `equal runs give different ${differing.join(", ")}`);
    return { status: "correct" as const, worst };
  };

  const { reference, allowed } = bench;
  const verify = (id: string) => session.verify(id, { reference, allowed });

  return {
    anchor,
    ready,
    /** Makes a program ready to be timed together with others. */
    async enter(id: string, program: Program): Promise<void> {
      const opened = await ready();
      await session.prepare(id, program);
      const found = judge(program, await verify(id), true);
      if (found.status !== "correct")
        throw new CandidateFailed(found.status, found.error, false, id);
      await warmUp(id, opened);
    },
    /** Times what was entered. */
    compete: (ids: readonly string[], of: Effort): Promise<ReadonlyMap<string, Timing>> =>
      timeRounds(ids, sample, { anchor, clock, effort: of, random }),
    join: (heats: readonly Timing[]) => joinTimings(heats, clock, random),
    restart: () => session.restart(),
    check: (id: string) => verify(id),
    /** Measures a program; `best` is the best time so far as a share of the anchor's. */
    async evaluate(program: Program, compile: number, best?: number): Promise<Evaluation> {
      const spent = { compile, verify: 0, measure: 0 };
      const id = "candidate";
      let found: Pick<Evaluation, "status" | "worst" | "error"> = { status: "correct" };
      let timed: Partial<Evaluation> = {};
      let since = performance.now();
      const lap = (to: keyof typeof spent) => {
        const now = performance.now();
        spent[to] += now - since;
        since = now;
      };
      try {
        const opened = await ready();
        since = performance.now();
        await session.prepare(id, program);
        lap("compile");
        const small = await bench.check(program, session.executor);
        if ("wrong" in small) found = { status: "correctness", error: small.wrong };
        else {
          const first = judge(program, await verify(id), true);
          found = first.status === "correct" ? judge(program, await verify(id), false) : first;
          if (found.status === "correct")
            found = { ...found, worst: Math.max(found.worst ?? 0, small.worst) };
        }
        lap("verify");
        timed = await timeOne(opened, id, found.status === "correct", best);
        lap("measure");
        if (found.status === "correct") {
          const last = judge(program, await verify(id), false);
          if (last.status !== "correct") found = { ...last, error: `after timing: ${last.error}` };
          else if (timed.median! < bench.floor)
            found = {
              status: "suspect",
              error:
                `${timed.median} ms is less than the ${bench.floor} ms that its work takes on the ` +
                "fastest device",
            };
          lap("verify");
        }
        await session.drop(id);
      } catch (error) {
        if (!(error instanceof CandidateFailed) || error instanceof AnchorFailed) throw error;
        const beside = error.id === anchorId ? "the default failed when timed beside it: " : "";
        found = { status: error.status, error: beside + error.message };
        // What has been allocated is free again, unless even that fails.
        if (error.ended) await session.restart();
        else await session.drop(id).catch(() => session.restart());
      }
      return { ...found, ...timed, spent };
    },
  };

  async function timeOne(
    opened: Opened,
    id: string,
    isCorrect: boolean,
    best: number | undefined,
  ): Promise<Partial<Evaluation>> {
    const single = await warmUp(id, opened);
    const isHopeless = best !== undefined && single > effort.hopeless * best * anchor.usual;
    const few = { ...effort, least: 2, most: 2 };
    const timings = await timeRounds([id], sample, {
      anchor,
      clock,
      random,
      effort: isHopeless || !isCorrect ? few : effort,
      ...(best !== undefined && { best }),
    });
    const { median, interval, samples, medians, anchor: usual } = timings.get(id)!;
    return {
      median,
      interval,
      samples,
      anchor: usual,
      ...recordMedians(medians),
      clock: { name: clock, resolution: byClock(opened.resolution, clock) },
    };
  }
}

/** Medians as records name them. */
export const recordMedians = ({ wall, processor, device }: Timing["medians"]) => ({
  cpu: processor,
  wall,
  ...(device !== undefined && { own: device }),
});

const shareOf = (worst: number | "infinite"): number | null =>
  worst === "infinite" ? null : worst;
