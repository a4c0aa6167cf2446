// Spaces whose configurations were all measured once, so that searches can be tried without a device.

import type { Entry, Measured } from "../formats/measured.ts";
import type { Outcome } from "../search/strategy.ts";
import { pointsOf } from "../space/enumerate.ts";
import { TuningError } from "../space/error.ts";
import type { Points } from "../space/space.ts";

/** A measured space that searches can be replayed on. */
export interface Recording {
  readonly points: Points;
  /** Of each point; failed ones have none. */
  readonly outcomes: readonly Outcome[];
  /** The lowest cost of all points. */
  readonly best: number;
}

/** A measured space for replays; a configuration that is there twice counts as it was last. */
export function createRecording({ space, entries }: Measured): Recording {
  const of = `the recorded space ${space.name}`;
  if (entries.length === 0) throw new TuningError(`${of} has no configurations`);
  const keyOf = ({ configuration }: Entry): string =>
    JSON.stringify(space.parameters.map(({ name }) => configuration[name]));
  const latest = [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
  const points = pointsOf(
    space,
    latest.map(({ configuration }) => configuration),
  );
  const outcomes: Outcome[] = [];
  for (const { configuration, outcome } of latest) outcomes[points.find(configuration)!] = outcome;
  const costs = outcomes.flatMap((outcome) => ("cost" in outcome ? [outcome.cost] : []));
  if (costs.length === 0) {
    const why = outcomes.flatMap((outcome) => ("failed" in outcome ? [outcome.failed] : []));
    throw new TuningError(
      `${of} has no valid configuration: all ${points.size} failed, the first by "${why[0]}"`,
    );
  }
  const best = costs.reduce((a, b) => Math.min(a, b));
  return { points, outcomes, best };
}
