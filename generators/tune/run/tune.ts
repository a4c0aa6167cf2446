// The tuning loop: a search is asked for configurations, which are measured or known already.

import type { Program } from "../../../targets/contract/program.ts";
import { UserError } from "../../messages/errors.ts";
import { identifyConfiguration, identifyKey } from "../database/identity.ts";
import type { Measurement } from "../database/record.ts";
import { createEvaluator, type Evaluation } from "../measure/evaluate.ts";
import { duelEffort, type Timing } from "../measure/rounds.ts";
import { CandidateFailed } from "../measure/session.ts";
import type { Configuration } from "../space/space.ts";
import type { TuneOptions, TuneResult } from "./options.ts";
import { judgeRecords, lastComparison, shareOf } from "./verdict.ts";

export type { Budget, TuneEvent, TuneOptions, TuneResult } from "./options.ts";

const usualLast = { heats: 3, effort: duelEffort };

/** How many candidates are compared at the end, the default not counted. */
const finalists = 4;
/** How much slower than the best they may be. */
const near = 1.1;

/** Tunes one kernel for one shape on one device. */
export async function tune(options: TuneOptions): Promise<TuneResult> {
  const { key, points, usual, database, budget, signal, tell, compile, bench } = options;
  const own = identifyKey(key);
  const known = new Map<string, Measurement>();
  const finals = new Map<string, Measurement>();
  for (const record of [...(options.known ?? []), ...database.records])
    if (identifyKey(record.key) === own)
      (record.final ? finals : known).set(identifyConfiguration(record.configuration), record);
  tell({ kind: "started", known: known.size, size: points.size });

  const evaluator = createEvaluator(bench);
  const session = { measured: 0, reused: 0, failures: 0, spent: 0, done: 0 };
  const seen: Measurement[] = [];
  let best: Measurement | undefined;

  const keep = (configuration: Configuration, of: Evaluation, final = false): Measurement => {
    const record: Measurement = {
      kind: "measurement",
      key,
      configuration,
      ...of,
      ...(final && { final: true as const }),
      at: new Date().toISOString(),
    };
    database.append(record);
    return record;
  };

  const measure = async (configuration: Configuration): Promise<Measurement | undefined> => {
    if (signal.aborted) return undefined;
    const start = performance.now();
    const program = compileSafely(compile, configuration);
    const spent = performance.now() - start;
    const none = { spent: { compile: spent, verify: 0, measure: 0 } };
    const found: Evaluation =
      "refused" in program
        ? { ...none, status: "compile", error: program.refused }
        : await evaluator.evaluate(program, spent, best && shareOf(best));
    // What was stopped says nothing of the candidate.
    if (signal.aborted) return undefined;
    session.measured++;
    return keep(configuration, found);
  };

  const isOver = (): boolean =>
    signal.aborted ||
    (budget.kind === "evaluations"
      ? session.done >= budget.count
      : session.spent >= budget.seconds * 1000);

  const evaluate = async (configuration: Configuration): Promise<Measurement | undefined> => {
    const before = known.get(identifyConfiguration(configuration));
    if (before) session.reused++;
    const start = performance.now();
    const record = before ?? (await measure(configuration));
    if (record === undefined) return undefined;
    const { compile: a, verify: b, measure: c } = record.spent;
    session.spent += before ? a + b + c : performance.now() - start;
    session.done++;
    seen.push(record);
    known.set(identifyConfiguration(configuration), record);
    if (record.status !== "correct") session.failures++;
    else if (best === undefined || shareOf(record) < shareOf(best)) best = record;
    tell({
      kind: "evaluated",
      record,
      isNew: before === undefined,
      done: session.done,
      best,
      failures: session.failures,
      seconds: session.spent / 1000,
    });
    return record;
  };

  const search = async (): Promise<void> => {
    const at = points.find(usual);
    const seeds = [usual, ...options.seeds].flatMap((one) => points.find(one) ?? []);
    const start = {
      seeds: [...new Set(seeds)],
      ...(budget.kind === "evaluations" && { budget: budget.count }),
    };
    // All is held against the default, also where the space does not hold it.
    const first = await evaluate(usual);
    if (first === undefined) return;
    if (first.status !== "correct")
      throw new UserError(
        `the default configuration cannot be measured (${first.status}): ${first.error ?? ""}; ` +
          "nothing can be compared with it",
      );
    const searcher = options.strategy.start(points, options.random, start);
    while (!isOver()) {
      const index = searcher.next();
      if (index === undefined) return;
      const record = index === at ? first : await evaluate(points.at(index));
      if (record === undefined) return;
      const cost = shareOf(record);
      searcher.tell(
        index,
        record.status === "correct" ? { cost } : { failed: record.error ?? record.status },
      );
    }
  };

  /** The best few and the default in the same rounds, with more samples. */
  const compare = async (): Promise<void> => {
    // What a longer run found before competes too: the newest comparison is the one that counts.
    const order = [...known.values()]
      .filter(({ status }) => status === "correct")
      .sort((a, b) => shareOf(a) - shareOf(b));
    const name = identifyConfiguration(usual);
    const own = order.find((r) => identifyConfiguration(r.configuration) === name);
    const others = order.filter((r) => r !== own && shareOf(r) <= near * shareOf(order[0]!));
    const chosen = [...(own ? [own] : []), ...others.slice(0, finalists)];
    const compared = new Set(
      lastComparison([...finals.values()]).map((r) => identifyConfiguration(r.configuration)),
    );
    const isDone = chosen.every((r) => compared.has(identifyConfiguration(r.configuration)));
    if (chosen.length < 2 || (isDone && session.measured === 0)) return;
    tell({ kind: "comparing", candidates: chosen.length });
    const entered = chosen.map((record, i) => ({
      id: `final ${i}`,
      record,
      times: [] as Timing[],
    }));
    const { heats, effort } = options.last ?? usualLast;
    for (let heat = 0; heat < heats; heat++) {
      await evaluator.restart();
      const order = heat % 2 === 0 ? entered : entered.toReversed();
      for (const { id, record } of order) {
        const program = compileSafely(compile, record.configuration);
        if ("refused" in program) throw new CandidateFailed("compile", program.refused);
        await evaluator.enter(id, program);
      }
      const timings = await evaluator.compete(
        order.map(({ id }) => id),
        effort,
      );
      for (const { id, times } of entered) times.push(timings.get(id)!);
      if (signal.aborted) return;
    }
    for (const { id, record, times } of entered) {
      const { median, interval, samples, medians, anchor } = evaluator.join(times);
      const again = await evaluator.check(id);
      const isRight = again.damaged.length === 0 && again.worst !== "infinite" && again.worst <= 1;
      const { configuration, spent, worst, clock } = record;
      const status = isRight ? "correct" : "correctness";
      const final = {
        status,
        ...(isRight ? {} : { error: `after the last comparison: ${again.where}` }),
        median,
        interval,
        samples,
        anchor,
        cpu: medians.processor,
        wall: medians.wall,
        ...(worst !== undefined && { worst }),
        ...(clock && { clock }),
        spent,
      } as const;
      finals.set(identifyConfiguration(configuration), keep(configuration, final, true));
    }
  };

  await search();
  if (!signal.aborted)
    await compare().catch((error: unknown) => {
      // Then the times of the single evaluations are what there is.
      if (!(error instanceof CandidateFailed) && !signal.aborted) throw error;
    });
  return {
    verdict: judgeRecords([...seen, ...finals.values()], usual),
    measured: session.measured,
    reused: session.reused,
    stopped: signal.aborted,
  };
}

/** A schedule may be refused late, by a check of what it made: that costs this candidate only. */
function compileSafely(
  compile: TuneOptions["compile"],
  configuration: Configuration,
): Program | { readonly refused: string } {
  try {
    return compile(configuration);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
