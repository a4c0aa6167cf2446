// The numbers of a report: what its page draws, and what `--json` prints.

import { findMarginals, findPairs, type Marginal, type Pair } from "./effects.ts";
import { comparePlaces, type Matrix } from "./portability.ts";
import { type Curve, chanceOf, joinRuns, runOf } from "./progress.ts";
import { countFailures, type Failure, type Spent, sumSpent } from "./spent.ts";
import { type Study, sortTimed, type Timed } from "./study.ts";

/** What is told of one study. */
export interface Section {
  readonly study: Study;
  /** Fastest first. */
  readonly timed: readonly Timed[];
  /** Searches, and chance where the space is wholly known. */
  readonly curves: readonly Curve[];
  readonly marginals: readonly Marginal[];
  readonly pairs: readonly Pair[];
  readonly failures: readonly Failure[];
  readonly spent?: readonly Spent[];
}

/** A report on one or more studies. */
export interface Report {
  readonly sections: readonly Section[];
  readonly portability: readonly Matrix[];
}

/** Pairs of parameters that are drawn. */
const mostPairs = 6;

/** Makes a report of studies, with the searches that were replayed on each. */
export function makeReport(
  studies: readonly Study[],
  replayed: (study: Study) => readonly Curve[] = () => [],
): Report {
  return {
    sections: studies.map((study) => makeSection(study, replayed(study))),
    portability: comparePlaces(studies),
  };
}

function makeSection(study: Study, replayed: readonly Curve[]): Section {
  const timed = sortTimed(study);
  const own = study.ordered && timed.length > 0 ? [joinRuns("this run", [runOf(study)])] : [];
  const searches = [...own, ...replayed];
  const longest = Math.max(0, ...searches.flatMap((of) => of.byEvaluations.map(({ at }) => at)));
  const chance = study.whole && timed.length > 0 && longest > 0 ? [chanceOf(study, longest)] : [];
  const spent = sumSpent(study);
  return {
    study,
    timed,
    curves: [...searches, ...chance],
    marginals: findMarginals(study),
    pairs: findPairs(study, mostPairs),
    failures: countFailures(study),
    ...(spent && { spent }),
  };
}

/** A report as it is documented for programs. */
export const describeReport = ({ sections, portability }: Report) => ({
  sections: sections.map(({ study, timed, curves, marginals, pairs, failures, spent }) => ({
    title: study.title,
    facts: study.facts,
    evaluations: study.trials.length,
    whole: study.whole,
    default: study.usual ?? null,
    won: study.won ?? null,
    curves: curves.map(({ runs, ...curve }) => ({
      ...curve,
      // Chance is computed, not run.
      runs: Number.isFinite(runs) ? runs : null,
    })),
    sorted: timed.map(({ configuration, cost, interval }) => ({
      configuration,
      milliseconds: cost,
      interval: interval ?? null,
    })),
    marginals,
    pairs,
    failures: failures.map(({ status, count, example }) => ({
      status,
      count,
      example: { configuration: example.configuration, error: example.error ?? null },
    })),
    seconds: spent ?? null,
  })),
  portability,
});
