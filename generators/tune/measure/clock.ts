// Clocks: how fine they are, and how long samples must be for that.

import type { ByClock, ClockName, ProcessClock } from "./protocol.ts";

/** Milliseconds now, by each clock of the process. */
export const clocks: Readonly<Record<ProcessClock, () => number>> = {
  wall: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** The median of the least steps that a clock makes, in milliseconds, within some time. */
export function measureResolution(now: () => number, milliseconds = 60): number {
  const steps: number[] = [];
  const start = performance.now();
  let before = now();
  while (steps.length < 200 && performance.now() - start < milliseconds) {
    const after = now();
    if (after > before) steps.push(after - before);
    before = after;
  }
  // A clock that does not move in all the time is no finer than that.
  if (steps.length === 0) return milliseconds;
  return steps.sort((a, b) => a - b)[steps.length >> 1]!;
}

/** What there is for a clock that decides. */
export function byClock<T>(of: ByClock<T>, clock: ClockName): T {
  const found = of[clock];
  if (found === undefined) throw new RangeError(`nothing was measured by the ${clock} clock`);
  return found;
}

/** The resolutions of the clocks of the process. */
export const measureResolutions = (): ByClock<number> => ({
  wall: measureResolution(clocks.wall),
  processor: measureResolution(clocks.processor),
});

/** How long a sample must take: 50 steps of its clock, and a millisecond in any case. */
export const leastSample = (resolution: number): number => Math.max(1, 50 * resolution);

/** Runs that make a sample long enough, of so many milliseconds each; 1000 at most. */
export function countRuns(milliseconds: number, resolution: number): number {
  const least = leastSample(resolution);
  return milliseconds > 0 ? Math.min(1000, Math.max(1, Math.ceil(least / milliseconds))) : 1000;
}

/** The clock that decides: see `docs/tuning.md`. */
export const decidingClock = (isOneThread: boolean, hasOwn: boolean): ClockName =>
  hasOwn ? "device" : isOneThread ? "processor" : "wall";
