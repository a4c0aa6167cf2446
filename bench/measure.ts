// Measuring side by side with benchmark.js, which only this file knows.

import Benchmark from "benchmark";
import { medianOf } from "../generators/measure/statistics.ts";

/** Something to be timed, with the name under which it is compared. */
export interface Task {
  readonly name: string;
  run(): unknown;
}

/** Seconds of one run of a task: the median of all rounds, and the range of the rounds. */
export interface Timing {
  readonly name: string;
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
  /** Single runs that were timed, in all rounds together. */
  readonly samples: number;
}

/** How long to measure. */
export interface Effort {
  readonly rounds: number;
  /** Seconds for a task in one round; a task that takes longer is timed `samples` times. */
  readonly seconds: number;
  readonly samples: number;
}

/** The effort that suits kernels of milliseconds to seconds. */
const usualEffort: Effort = { rounds: 3, seconds: 0.4, samples: 1 };

/**
 * Times tasks in interleaved rounds, every other one backwards: what slows the machine for a while
 * slows all of them, and none always follows the same other one.
 */
export async function measure(
  tasks: readonly Task[],
  effort: Effort = usualEffort,
  tell: (task: string, round: number) => void = () => {},
): Promise<readonly Timing[]> {
  const rounds = tasks.map((): number[][] => []);
  for (let round = 0; round < effort.rounds; round++) {
    const order = tasks.map((_, i) => (round % 2 === 0 ? i : tasks.length - 1 - i));
    for (const i of order) {
      tell(tasks[i]!.name, round);
      rounds[i]!.push(await sample(tasks[i]!, effort));
    }
  }
  return tasks.map(({ name }, i) => {
    const medians = rounds[i]!.map(medianOf);
    return {
      name,
      median: medianOf(medians),
      fastest: Math.min(...medians),
      slowest: Math.max(...medians),
      samples: rounds[i]!.flat().length,
    };
  });
}

/** Seconds of each sample that benchmark.js took. */
function sample({ name, run }: Task, { seconds, samples }: Effort): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    new Benchmark(name, {
      // Always deferred, so that what returns a promise and what does not are timed alike.
      defer: true,
      async: true,
      maxTime: seconds,
      minTime: Math.min(seconds, 0.05),
      minSamples: samples,
      fn: async (deferred: { resolve(): void }) => {
        try {
          await run();
        } catch (error) {
          failure ??= error;
        }
        deferred.resolve();
      },
      onComplete(event: Benchmark.Event) {
        const { error, stats } = event.target as unknown as Benchmark;
        const wrong = failure ?? error;
        if (wrong) reject(wrong);
        else resolve([...stats.sample]);
      },
    }).run();
  });
}
