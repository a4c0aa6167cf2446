// How long there is to go: what is left, at the pace that the runs done last had.

import { estimateCost, type Variant } from "./settings.ts";

/** What a forecast asks of a run. */
export interface Planned {
  readonly key: string;
  readonly variant: Variant;
  /** How many steps its training makes. */
  readonly steps: number;
}

/** Follows runs and says how many milliseconds are left; undefined before the first of them is done. */
export interface Forecast {
  readonly advance: (key: string, steps: number) => void;
  readonly finish: (key: string, seconds: number) => void;
  readonly left: () => number | undefined;
}

/** A forecast of runs that so many processes share; a process that starts is slow, so later runs count. */
export function startForecast(runs: readonly Planned[], workers: number): Forecast {
  const waiting = new Map(runs.map((run) => [run.key, { ...run, done: 0 }]));
  /** Finished runs in order, with seconds for each step of theirs. */
  const finished: { readonly variant: Variant; readonly pace: number }[] = [];
  const paceOf = (variant: Variant): number => {
    const own = finished.findLast((run) => run.variant.name === variant.name);
    if (own !== undefined) return own.pace;
    const last = finished.slice(-2 * workers);
    const units = last.map((run) => run.pace / estimateCost(run.variant));
    return estimateCost(variant) * (units.reduce((a, b) => a + b, 0) / units.length);
  };
  return {
    advance: (key, steps) => {
      const run = waiting.get(key);
      if (run !== undefined) run.done += steps;
    },
    finish: (key, seconds) => {
      const run = waiting.get(key);
      if (run === undefined) return;
      waiting.delete(key);
      finished.push({ variant: run.variant, pace: seconds / run.steps });
    },
    left: () => {
      if (finished.length === 0) return undefined;
      const times = [...waiting.values()].map(
        ({ variant, steps, done }) => paceOf(variant) * Math.max(0, steps - done),
      );
      const all = times.reduce((a, b) => a + b, 0);
      // No run is shared out: the longest one is waited for.
      return 1000 * Math.max(all / Math.min(workers, runs.length), 0, ...times);
    },
  };
}
