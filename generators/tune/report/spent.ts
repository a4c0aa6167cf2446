// What did not work, and where the time went.

import type { Study, Trial } from "./study.ts";

/** Configurations of one status. */
export interface Failure {
  readonly status: string;
  readonly count: number;
  /** One of them. */
  readonly example: Trial;
}

/** Configurations without a time by status, most first. */
export function countFailures({ trials }: Study): readonly Failure[] {
  const found = new Map<string, Failure>();
  for (const trial of trials) {
    const { status, cost } = trial;
    if (cost !== undefined) continue;
    const known = found.get(status);
    found.set(status, { status, count: (known?.count ?? 0) + 1, example: known?.example ?? trial });
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** What time is spent on. */
export const stages = ["compile", "verify", "measure"] as const;

/** Seconds by stage, those spent on configurations without a time among them. */
export interface Spent {
  readonly stage: (typeof stages)[number];
  readonly seconds: number;
  readonly failed: number;
}

/** Where the time of all trials went; undefined where nobody wrote it down. */
export function sumSpent({ trials }: Study): readonly Spent[] | undefined {
  if (!trials.some(({ spent }) => spent !== undefined)) return undefined;
  return stages.map((stage) => {
    const sum = (of: readonly Trial[]): number =>
      of.reduce((seconds, { spent }) => seconds + (spent?.[stage] ?? 0) / 1000, 0);
    const failed = trials.filter(({ cost }) => cost === undefined);
    return { stage, seconds: sum(trials), failed: sum(failed) };
  });
}
