// How a candidate is timed: in turn with the anchor (the default configuration), for as long as it
// may be among the best.

import { clusteredInterval, medianInterval, medianOf } from "../../measure/statistics.ts";
import type { Random } from "../search/strategy.ts";
import { byClock } from "./clock.ts";
import type { ByClock, ClockName, ProcessClock, Times } from "./protocol.ts";

/** How much to measure. */
export interface Effort {
  /** Rounds of a candidate that stays in the race: at least, and at most. */
  readonly least: number;
  readonly most: number;
  /** A candidate so many times slower than the best after two rounds is timed no further. */
  readonly race: number;
  /** One so many times slower in its first run is timed once. */
  readonly hopeless: number;
  /** How far the anchor may be from its usual time in a round that counts, as a share. */
  readonly drift: number;
  /** Rounds that are discarded one after another before the anchor's usual time is theirs. */
  readonly patience: number;
  /** Rounds of one candidate that are discarded; on a machine that is never quiet all others count. */
  readonly discards: number;
  /** Half the interval as a share of the median, from which on more rounds tell nothing. */
  readonly precise: number;
  /** Milliseconds for all rounds of a candidate beyond the least. */
  readonly time: number;
}

/** What suits kernels of microseconds to seconds. */
export const usualEffort: Effort = {
  least: 8,
  most: 30,
  race: 1.5,
  hopeless: 3,
  drift: 0.15,
  patience: 5,
  discards: 20,
  precise: 0.01,
  time: 3000,
};

/** More of all, for each of the last comparisons of the best. */
export const duelEffort: Effort = {
  ...usualEffort,
  least: 8,
  most: 15,
  time: 4000,
  race: Number.POSITIVE_INFINITY,
};

/** Times samples of one program; each is the milliseconds of one run. */
export type Sampler = (id: string, samples: number) => Promise<Times>;

/** The time of the anchor as it usually is, which all rounds are held against. */
export interface Anchor {
  readonly id: string;
  /** By the deciding clock; changes when the machine does. */
  usual: number;
}

/** What the rounds of candidates said. */
export interface Timing {
  readonly median: number;
  readonly interval: readonly [low: number, high: number];
  readonly samples: number;
  readonly medians: ByClock<number>;
  /** The median of the anchor in the same rounds. */
  readonly anchor: number;
  /** All samples. */
  readonly series: ByClock<readonly number[]>;
  /** Rounds that did not count since the anchor was slower or faster than usual. */
  readonly discarded: number;
}

/** Samples by clock; what is added to it has the same clocks each time. */
type Series = Readonly<Record<ProcessClock, number[]>> & { device?: number[] };

const emptySeries = (): Series => ({ wall: [], processor: [] });

function add(series: Series, times: Times): void {
  series.wall.push(...times.wall);
  series.processor.push(...times.processor);
  if (times.device) series.device = [...(series.device ?? []), ...times.device];
}

/**
 * Times candidates in turn with the anchor, every other round backwards. Rounds in which the anchor
 * is not as usual count for nobody and are repeated; when there are too many of them, what is usual
 * has changed.
 */
export async function timeRounds(
  candidates: readonly string[],
  sample: Sampler,
  options: {
    readonly anchor: Anchor;
    readonly clock: ClockName;
    readonly effort: Effort;
    readonly random: Random;
    /** The best time so far as a share of the anchor's, where there is one. */
    readonly best?: number;
    readonly now?: () => number;
  },
): Promise<ReadonlyMap<string, Timing>> {
  const { anchor, clock, effort, random, best, now = () => performance.now() } = options;
  const all = new Map(candidates.map((id) => [id, emptySeries()] as const));
  const anchors = emptySeries();
  const count = () => anchors.wall.length;
  const start = now();
  let unusual: number[] = [];
  let discarded = 0;
  for (let round = 0; count() < effort.most; round++) {
    const order = round % 2 === 0 ? [anchor.id, ...candidates] : [...candidates, anchor.id];
    const found = new Map<string, Times>();
    for (const id of order) found.set(id, await sample(id, 1));
    const seen = byClock(found.get(anchor.id)!, clock)[0]!;
    const isUnusual = Math.abs(seen / anchor.usual - 1) > effort.drift;
    if (isUnusual && discarded < effort.discards) {
      discarded++;
      unusual.push(seen);
      if (unusual.length < effort.patience) continue;
      anchor.usual = medianOf(unusual);
    }
    unusual = [];
    if (isUnusual && discarded < effort.discards) continue;
    add(anchors, found.get(anchor.id)!);
    for (const [id, series] of all) add(series, found.get(id)!);
    const rounds = count();
    const fastest = Math.min(...[...all.values()].flatMap((series) => byClock(series, clock)));
    const limit =
      effort.race * (best ?? Number.POSITIVE_INFINITY) * medianOf(byClock(anchors, clock));
    if (rounds >= 2 && fastest > limit) break;
    if (rounds < effort.least) continue;
    const isPrecise = [...all.values()].every((series) => {
      const [low, high] = medianInterval(byClock(series, clock), random, 100);
      return (high - low) / 2 <= effort.precise * medianOf(byClock(series, clock));
    });
    if (isPrecise || now() - start > effort.time) break;
  }
  const usual = medianOf(byClock(anchors, clock));
  return new Map(
    [...all].map(([id, series]) => [id, summarize(series, usual, discarded, clock, random)]),
  );
}

const summarize = (
  series: ByClock<readonly number[]>,
  anchor: number,
  discarded: number,
  clock: ClockName,
  random: Random,
): Timing => ({
  median: medianOf(byClock(series, clock)),
  interval: medianInterval(byClock(series, clock), random),
  samples: series.wall.length,
  medians: mapClocks(series, medianOf),
  anchor,
  series,
  discarded,
});

const mapClocks = <A, B>({ wall, processor, device }: ByClock<A>, change: (of: A) => B) => ({
  wall: change(wall),
  processor: change(processor),
  ...(device !== undefined && { device: change(device) }),
});

/**
 * What several comparisons say together, each in a process of its own: where its memory lies and
 * what its engine knows makes a program up to a tenth faster or slower, for as long as it lives.
 * So processes are what was drawn, and the samples of one say little of another.
 */
export function joinTimings(heats: readonly Timing[], clock: ClockName, random: Random): Timing {
  const anchor = medianOf(heats.map((heat) => heat.anchor));
  // The machine may be slower in one of them, for all alike.
  const scaled = heats.map((heat) =>
    mapClocks(heat.series, (times) => times.map((time) => (time / heat.anchor) * anchor)),
  );
  const joined = (of: ClockName) => scaled.flatMap((series) => byClock(series, of));
  const discarded = heats.reduce((sum, heat) => sum + heat.discarded, 0);
  const hasDevice = scaled.every(({ device }) => device !== undefined);
  const series = {
    wall: joined("wall"),
    processor: joined("processor"),
    ...(hasDevice && { device: joined("device") }),
  };
  const groups = scaled.map((own) => byClock(own, clock));
  return {
    ...summarize(series, anchor, discarded, clock, random),
    interval: clusteredInterval(groups, random),
  };
}
