// The last comparison of a run: the best few and the default in the same rounds, with more samples.

import type { Program } from "../../../targets/contract/program.ts";
import { identifyConfiguration } from "../database/identity.ts";
import type { Measurement } from "../database/record.ts";
import { type createEvaluator, type Evaluation, recordMedians } from "../measure/evaluate.ts";
import type { Effort, Timing } from "../measure/rounds.ts";
import { CandidateFailed } from "../measure/session.ts";
import type { Configuration } from "../space/space.ts";
import { shareAgainst } from "./verdict.ts";

/** How many candidates are compared, the default not counted. */
const most = 4;
/** How much slower than the best they may be. */
const near = 1.1;

/** Keeps what the comparison found of a candidate. */
export type KeepFinal = (record: Measurement, of: Evaluation) => void;

/** The default first, then the best that are near; empty where the default has no time. */
export function chooseFinalists(
  known: readonly Measurement[],
  usual: Configuration,
): readonly Measurement[] {
  const share = shareAgainst(usual);
  // What a longer run found before competes too: the newest comparison is the one that counts.
  const order = known
    .filter(({ status }) => status === "correct")
    .sort((a, b) => share(a) - share(b));
  const name = identifyConfiguration(usual);
  const own = order.find((r) => identifyConfiguration(r.configuration) === name);
  if (own === undefined) return [];
  const others = order.filter((r) => r !== own && share(r) <= near * share(order[0]!));
  return [own, ...others.slice(0, most)];
}

/** What a record says of a candidate, without what says of which. */
export function evaluationOf(record: Measurement): Evaluation {
  const { kind: _, key: __, configuration: ___, at: ____, final: _____, ...of } = record;
  return of;
}

/** A failure in the comparison, with the candidate's record where one alone is to blame. */
export interface FinalFailed {
  readonly record: Measurement | undefined;
  readonly error: CandidateFailed;
}

interface Entered {
  readonly id: string;
  readonly record: Measurement;
  readonly times: Timing[];
}

/** Compares candidates; nothing is kept where one of them fails, which is handed back. */
export async function compareFinalists(
  chosen: readonly Measurement[],
  evaluator: ReturnType<typeof createEvaluator>,
  compile: (configuration: Configuration) => Program | { readonly refused: string },
  last: { readonly heats: number; readonly effort: Effort },
  signal: AbortSignal,
  keep: KeepFinal,
): Promise<FinalFailed | undefined> {
  const entered = chosen.map((record, i): Entered => ({ id: `final ${i}`, record, times: [] }));
  try {
    for (let heat = 0; heat < last.heats; heat++) {
      await evaluator.restart();
      const order = heat % 2 === 0 ? entered : entered.toReversed();
      for (const { id, record } of order) {
        const program = compile(record.configuration);
        if ("refused" in program) throw new CandidateFailed("compile", program.refused, false, id);
        await evaluator.enter(id, program);
      }
      const ids = order.map(({ id }) => id);
      const timings = await evaluator.compete(ids, last.effort);
      for (const { id, times } of entered) times.push(timings.get(id)!);
      if (signal.aborted) return undefined;
    }
    const found: (readonly [Measurement, Evaluation])[] = [];
    for (const one of entered) found.push([one.record, await judgeLast(one, evaluator)]);
    for (const [record, of] of found) keep(record, of);
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof CandidateFailed)) throw error;
    return { record: entered.find(({ id }) => id === error.id)?.record, error };
  }
}

/** The times of all rounds together; and whether a candidate is still right after them. */
async function judgeLast(
  { id, record, times }: Entered,
  evaluator: ReturnType<typeof createEvaluator>,
): Promise<Evaluation> {
  const { median, interval, samples, medians, anchor } = evaluator.join(times);
  const again = await evaluator.check(id);
  const isRight = again.damaged.length === 0 && again.worst !== "infinite" && again.worst <= 1;
  const { spent, worst, clock } = record;
  return {
    status: isRight ? "correct" : "correctness",
    ...(isRight ? {} : { error: `after the last comparison: ${again.where}` }),
    median,
    interval,
    samples,
    anchor,
    ...recordMedians(medians),
    ...(worst !== undefined && { worst }),
    ...(clock && { clock }),
    spent,
  };
}
