// Studies of spaces that others measured, and searches that are replayed on them.

import type { Measured } from "../formats/measured.ts";
import type { Recording } from "../replay/recording.ts";
import { replayOnce, seedOfRun } from "../replay/run.ts";
import type { Strategy } from "../search/strategy.ts";
import type { Run } from "./progress.ts";
import type { Study, Trial } from "./study.ts";

/** The study of a recorded space; its trials have the numbers of the recording's points. */
export function studyRecording(measured: Measured, recording: Recording): Study {
  const { space, entries } = measured;
  const { points } = recording;
  const trials: Trial[] = [];
  for (const { configuration, outcome, spent } of entries) {
    const isRight = "cost" in outcome;
    trials[points.find(configuration)!] = {
      configuration,
      status: isRight ? "correct" : statusOf(outcome.failed),
      ...(isRight ? { cost: outcome.cost } : { error: outcome.failed }),
      ...(spent && { spent }),
    };
  }
  const [name, ...device] = space.name.split(" on ");
  const failed = trials.filter(({ cost }) => cost === undefined).length;
  const fastest = trials.reduce((a, b) =>
    b.cost !== undefined && b.cost < (a.cost ?? Infinity) ? b : a,
  );
  return {
    title: space.name,
    label: device.join(" on ") || space.name,
    kernel: `${name}: ${space.parameters.map((parameter) => parameter.name).join(", ")}`,
    facts: {
      kernel: name!,
      ...(device.length > 0 && { device: device.join(" on ") }),
      source: "a recorded space; no device was used for this page",
      protocol: "of whoever recorded it: times are as the file has them, without intervals",
      evaluations: `${points.size.toLocaleString("en-US")} configurations, ${failed.toLocaleString("en-US")} of them fail`,
    },
    trials,
    parameters: space.parameters,
    won: { configuration: fastest.configuration, how: "the lowest time that was recorded" },
    whole: true,
    ordered: false,
  };
}

/** Failures of recordings are texts, whose first line is what they have in common. */
const statusOf = (failed: string): string => {
  const line = failed.split("\n", 1)[0]!.trim();
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
};

/** One search on a recorded space, with the seconds that its evaluations took when they were recorded. */
export function replayRun(
  recording: Recording,
  { trials }: Study,
  strategy: Strategy,
  options: { readonly budget: number; readonly seed: number; readonly run: number },
): Run {
  const { budget, seed, run } = options;
  const seconds: number[] = [];
  let total = 0;
  let isKnown = true;
  const tell = (index: number): void => {
    const { spent } = trials[index]!;
    if (spent === undefined) isKnown = false;
    else total += (spent.compile + spent.verify + spent.measure) / 1000;
    seconds.push(total);
  };
  const fractions = replayOnce(recording, strategy, { budget, seed: seedOfRun(seed, run), tell });
  // Whoever has tried all is done.
  const reached = Array.from(fractions.subarray(0, seconds.length));
  return { fractions: reached, ...(isKnown && { seconds }) };
}
