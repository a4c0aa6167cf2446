// The tuning loop: a search is asked for configurations, which are measured or known already.

import type { Program } from "../../../targets/contract/program.ts";
import { UserError } from "../../messages/errors.ts";
import { identifyConfiguration, identifyKey } from "../database/identity.ts";
import type { Measurement, Status } from "../database/record.ts";
import { createEvaluator, type Evaluation } from "../measure/evaluate.ts";
import { duelEffort } from "../measure/rounds.ts";
import { AnchorFailed, type CandidateFailed } from "../measure/session.ts";
import type { Configuration } from "../space/space.ts";
import { chooseFinalists, compareFinalists, evaluationOf, type KeepFinal } from "./finals.ts";
import type { TuneOptions, TuneResult } from "./options.ts";
import { judgeRecords, lastComparison, shareAgainst } from "./verdict.ts";

export type { Budget, TuneEvent, TuneOptions, TuneResult } from "./options.ts";

/** There is nothing to compare with: a run that ends so is over. */
export class DefaultFailed extends UserError {
  constructor(status: Status, why: string) {
    super(
      `the default configuration cannot be measured (${status}): ${why}; ` +
        "nothing can be compared with it",
    );
  }
}

const usualLast = { heats: 3, effort: duelEffort };

/** Tunes one kernel for one shape on one device. */
export async function tune(options: TuneOptions): Promise<TuneResult> {
  const { key, points, usual, database, budget, signal, tell, compile, bench } = options;
  const own = identifyKey(key);
  const share = shareAgainst(usual);
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
        : await evaluator.evaluate(program, spent, best && share(best)).catch(explainAnchor);
    // What was stopped says nothing of the candidate.
    if (signal.aborted) return undefined;
    session.measured++;
    return keep(configuration, found);
  };

  /** What fails since all was stopped is no failure. */
  const explainAnchor = (error: unknown): Evaluation => {
    if (!(error instanceof AnchorFailed)) throw error;
    if (signal.aborted)
      return { status: error.status, spent: { compile: 0, verify: 0, measure: 0 } };
    const { status, message } = error;
    if (seen.length === 0) throw new DefaultFailed(status, message);
    throw new UserError(`${message} (${status}); what was measured before is kept`);
  };

  const isOver = (): boolean =>
    signal.aborted ||
    (budget.kind === "evaluations"
      ? session.done >= budget.count
      : session.spent >= budget.seconds * 1000);

  const evaluate = async (configuration: Configuration): Promise<Measurement | undefined> => {
    const found = known.get(identifyConfiguration(configuration));
    // A default that failed may have been unlucky, and nothing can be compared without it.
    const before = configuration === usual && found?.status !== "correct" ? undefined : found;
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
    else if (best === undefined || share(record) < share(best)) best = record;
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
    if (first.status !== "correct") throw new DefaultFailed(first.status, first.error ?? "");
    const searcher = options.strategy.start(points, options.random, start);
    while (!isOver()) {
      const index = searcher.next();
      if (index === undefined) return;
      const record = index === at ? first : await evaluate(points.at(index));
      if (record === undefined) return;
      const cost = share(record);
      searcher.tell(
        index,
        record.status === "correct" ? { cost } : { failed: record.error ?? record.status },
      );
    }
  };

  /** Records that a candidate failed where the best were compared; its earlier time counts no more. */
  const drop = ({ configuration, spent }: Measurement, { status, message }: CandidateFailed) => {
    const error = `in the last comparison: ${message}`;
    const record = keep(configuration, { status, error, spent });
    const name = identifyConfiguration(configuration);
    known.set(name, record);
    const at = seen.findIndex((one) => identifyConfiguration(one.configuration) === name);
    if (at >= 0) seen[at] = record;
    tell({ kind: "dropped", record });
  };

  /** The best few and the default in the same rounds, again without each that fails there. */
  const compare = async (): Promise<void> => {
    for (;;) {
      const chosen = chooseFinalists([...known.values()], usual);
      const compared = new Set(
        lastComparison([...finals.values()]).map((r) => identifyConfiguration(r.configuration)),
      );
      const isDone = chosen.every((r) => compared.has(identifyConfiguration(r.configuration)));
      if (known.size < 2 || chosen.length === 0 || (isDone && session.measured === 0)) return;
      const keepFinal: KeepFinal = ({ configuration }, of) =>
        finals.set(identifyConfiguration(configuration), keep(configuration, of, true));
      const [own] = chosen;
      // Nothing is near the default: it has been timed against itself already.
      if (chosen.length === 1) return void keepFinal(own!, evaluationOf(own!));
      tell({ kind: "comparing", candidates: chosen.length });
      const last = options.last ?? usualLast;
      const program = (one: Configuration) => compileSafely(compile, one);
      const failed = await compareFinalists(chosen, evaluator, program, last, signal, keepFinal);
      if (failed === undefined || signal.aborted) return;
      if (failed.record === undefined || failed.record === own)
        return tell({ kind: "uncompared", why: failed.error.message });
      drop(failed.record, failed.error);
    }
  };

  await search();
  if (!signal.aborted) await compare();
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
