// What a run found: the best configuration, what cannot be told from it, and what was refused.

import { identifyConfiguration } from "../database/identity.ts";
import type { Measurement, Status } from "../database/record.ts";
import type { Configuration } from "../space/space.ts";

/** What is said at the end of a run. */
export interface Verdict {
  readonly default: Measurement | undefined;
  /** What is used: the default where it is not beaten. */
  readonly best: Measurement | undefined;
  /** How many times faster the best is than the default, and between which values that lies. */
  readonly ratio?: { readonly value: number; readonly low: number; readonly high: number };
  /** Whose intervals overlap the fastest one's, it among them. */
  readonly ties: readonly Measurement[];
  /** All that were compared in the same rounds at the end, fastest first. */
  readonly compared: readonly Measurement[];
  /** The best of those that were right and not compared so; the default is none of them. */
  readonly rivals: readonly Measurement[];
  /** Faster than the best, but wrong, different from run to run, or faster than can be. */
  readonly refused: readonly Measurement[];
  /** How many candidates have no time, by reason. */
  readonly failures: Readonly<Partial<Record<Status, number>>>;
  /** Whether the best was compared with the default in the same rounds. */
  readonly isFinal: boolean;
}

/** The time of a record as a share of the default's in the same rounds. */
export const shareOf = ({ median, anchor }: Measurement): number =>
  median === undefined || anchor === undefined ? Number.POSITIVE_INFINITY : median / anchor;

/** The same by definition for the default, whatever two measurements of one program gave. */
export const shareAgainst = (usual: Configuration): ((record: Measurement) => number) => {
  const name = identifyConfiguration(usual);
  return (record) => (identifyConfiguration(record.configuration) === name ? 1 : shareOf(record));
};

/** In how many parameters two configurations differ. */
export const distanceOf = (a: Configuration, b: Configuration): number =>
  Object.keys(a).filter((name) => a[name] !== b[name]).length;

/**
 * The records of the newest comparison. What was compared in the same rounds has one anchor, and
 * records of different comparisons say nothing of each other.
 */
export function lastComparison(records: readonly Measurement[]): readonly Measurement[] {
  const finals = records.filter(({ final }) => final === true);
  const newest = finals.reduce<Measurement | undefined>(
    (known, record) => (known === undefined || known.at <= record.at ? record : known),
    undefined,
  );
  return finals.filter(({ anchor }) => anchor === newest?.anchor);
}

const overlap = (a: Measurement, b: Measurement): boolean =>
  a.interval![0] <= b.interval![1] && b.interval![0] <= a.interval![1];

/**
 * Judges the records of one key. Overlapping intervals are ties, of which the one that is nearest
 * to the default is used.
 */
export function judgeRecords(records: readonly Measurement[], usual: Configuration): Verdict {
  const finals = lastComparison(records);
  const share = shareAgainst(usual);
  const isFinal = finals.some(({ status }) => status === "correct");
  const pool = isFinal ? finals : records.filter(({ final }) => final !== true);
  const correct = pool
    .filter(({ status, median }) => status === "correct" && median !== undefined)
    .sort((a, b) => (isFinal ? a.median! - b.median! : share(a) - share(b)));
  const name = identifyConfiguration(usual);
  const own = correct.find((r) => identifyConfiguration(r.configuration) === name);
  const [fastest] = correct;
  // Intervals of different rounds say nothing of each other.
  const ties = fastest === undefined || !isFinal ? [] : correct.filter((r) => overlap(r, fastest));
  const best = [...ties].sort(
    (a, b) => distanceOf(a.configuration, usual) - distanceOf(b.configuration, usual),
  )[0];
  const chosen = best ?? fastest;
  const failures: Partial<Record<Status, number>> = {};
  for (const { status, final } of records)
    if (status !== "correct" && final !== true) failures[status] = (failures[status] ?? 0) + 1;
  const limit = chosen === undefined ? Number.POSITIVE_INFINITY : share(chosen);
  const entered = new Set(finals.map((r) => identifyConfiguration(r.configuration)).concat(name));
  const rivals = records
    .filter(({ status, final }) => status === "correct" && final !== true)
    .filter((r) => r !== chosen && !entered.has(identifyConfiguration(r.configuration)))
    .sort((a, b) => share(a) - share(b));
  const refused = records.filter((r) => r.status !== "correct" && shareOf(r) < limit);
  return {
    default: own,
    best: chosen,
    ...(own?.interval &&
      chosen?.interval && {
        ratio: own === chosen ? itself : ratioOf(own, chosen),
      }),
    ties,
    compared: isFinal ? correct : [],
    rivals: rivals.slice(0, mostRivals),
    refused: refused.sort((a, b) => shareOf(a) - shareOf(b)),
    failures,
    isFinal,
  };
}

/** How many are shown beside those that were compared. */
const mostRivals = 3;

/** The default against itself. */
const itself = { value: 1, low: 1, high: 1 };

const ratioOf = (own: Measurement, best: Measurement) => ({
  value: own.median! / best.median!,
  low: own.interval![0] / best.interval![1],
  high: own.interval![1] / best.interval![0],
});
