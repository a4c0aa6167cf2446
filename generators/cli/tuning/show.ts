// What is shown of a run of the tuner, while it goes on and at its end.

import type { Measurement } from "../../tune/database/record.ts";
import type { Budget, TuneEvent, TuneResult } from "../../tune/run/tune.ts";
import { shareAgainst } from "../../tune/run/verdict.ts";
import type { Configuration } from "../../tune/space/space.ts";
import { type Progress, startProgress } from "../progress.ts";
import { formatNotes, plural, type Terminal } from "../terminal.ts";

/** Milliseconds with the digits that count. */
export const formatMilliseconds = (time: number): string =>
  `${time >= 100 ? time.toFixed(0) : time >= 1 ? time.toFixed(2) : time.toPrecision(3)} ms`;

/** A configuration where it differs from the default. */
export function formatConfiguration(of: Configuration, usual: Configuration): string {
  const parts = Object.entries(of)
    .filter(([name, value]) => usual[name] !== value)
    .map(([name, value]) => `${name}=${String(value)}`);
  return parts.length === 0 ? "default" : parts.join(" ");
}

/** How many times faster than the default by its own rounds; the default is 1 by definition. */
const ratioTo =
  (usual: Configuration) =>
  (record: Measurement): string =>
    `${(1 / shareAgainst(usual)(record)).toFixed(2)}x`;

/** Shows events as they come: a bar on a terminal, lines elsewhere; with `json` a line for each. */
export function showRun(
  label: string,
  budget: Budget,
  size: number,
  usual: Configuration,
  terminal: Terminal,
  json: boolean,
): { readonly tell: (event: TuneEvent) => void; readonly stop: () => void } {
  const ratio = ratioTo(usual);
  if (json)
    return {
      tell: (event) => terminal.out(`${JSON.stringify(describeEvent(event, usual))}\n`),
      stop: () => {},
    };
  const total =
    budget.kind === "evaluations" ? Math.min(budget.count, size) : Math.ceil(budget.seconds);
  const progress: Progress =
    terminal.progress === undefined
      ? { advance: () => {}, note: () => {}, stop: () => {} }
      : startProgress({ label, total, stream: terminal.progress, interval: 1000 });
  let shown = 0;
  let best: Measurement | undefined;
  let isStopped = false;
  return {
    tell(event) {
      switch (event.kind) {
        case "started":
          if (event.known > 0) progress.note(`${label}: ${event.known} measured before`);
          return;
        case "evaluated": {
          const at = budget.kind === "evaluations" ? event.done : Math.floor(event.seconds);
          const left =
            budget.kind === "evaluations"
              ? (event.seconds / event.done) * (total - event.done)
              : total - event.seconds;
          const now = [
            event.best ? `best ${ratio(event.best)}` : "no time yet",
            ...(event.failures > 0 ? [`${event.failures} failed`] : []),
            `${Math.max(0, Math.ceil(left))} s left`,
          ].join(", ");
          if (event.best && event.best !== best && best !== undefined)
            progress.note(
              `${label}: ${ratio(event.best)} by ${formatConfiguration(event.best.configuration, usual)}`,
            );
          best = event.best;
          const steps = Math.max(0, Math.min(total, at) - shown);
          shown += steps;
          progress.advance(now, steps);
          return;
        }
        case "comparing":
          progress.advance(`compares the best ${event.candidates}`, 0);
          return;
        case "dropped": {
          const { configuration, status, error } = event.record;
          progress.note(
            `${label}: ${formatConfiguration(configuration, usual)} is left out (${status}): ${error}`,
          );
          return;
        }
        case "uncompared":
          progress.note(`${label}: the best were not compared once more: ${event.why}`);
          return;
        default:
          return event satisfies never;
      }
    },
    stop() {
      if (!isStopped) progress.stop();
      isStopped = true;
    },
  };
}

function describeEvent(event: TuneEvent, usual: Configuration): object {
  if (event.kind !== "evaluated") return event;
  const { record, isNew, done, best, failures, seconds } = event;
  return {
    kind: event.kind,
    done,
    isNew,
    configuration: record.configuration,
    status: record.status,
    ...(record.median !== undefined && { median: record.median, interval: record.interval }),
    ...(record.error !== undefined && { error: record.error }),
    ...(best && { best: best.configuration, bestShare: shareAgainst(usual)(best) }),
    failures,
    seconds,
  };
}

/** The end of a run as text. */
export function formatResult(result: TuneResult, usual: Configuration): string {
  const { verdict, measured, reused, stopped } = result;
  const ratio = ratioTo(usual);
  const lines = [`${plural(measured, "configuration")} measured, ${reused} known from before`];
  if (measured === 0 && reused > 0 && !stopped)
    lines.push("nothing was measured: all that was to be tried is in the database");
  const { default: own, best, ties, compared, rivals, refused, failures, isFinal } = verdict;
  const others = compared.filter((r) => r !== own && r !== best);
  // Where the default wins, what came next says by how much.
  const next = best === own && others.length < 3 ? rivals.slice(0, 3 - others.length) : [];
  // Where all were compared in the same rounds, the default's time there is what counts.
  const faster = (record: Measurement): string =>
    isFinal && own && record.final && record !== own
      ? `${(own.median! / record.median!).toFixed(2)}x`
      : ratio(record);
  const row = (name: string, record: Measurement): readonly string[] => [
    name,
    formatMilliseconds(record.median!),
    `${formatMilliseconds(record.interval![0])} to ${formatMilliseconds(record.interval![1])}`,
    faster(record),
    String(record.samples),
    formatConfiguration(record.configuration, usual),
  ];
  const rows = [
    ...(own ? [row("default", own)] : []),
    ...(best && best !== own ? [row("best", best)] : []),
    ...others.map((r) => row(ties.includes(r) ? "tie" : "slower", r)),
    ...next.map((r) => row("next", r)),
    ...refused.filter((r) => r.median !== undefined).map((r) => row(`refused: ${r.status}`, r)),
  ];
  const head = ["", "median", "95 % of medians", "default / it", "samples", "configuration"];
  if (rows.length > 0)
    lines.push(
      "",
      formatNotes(rows, { head, align: ["left", "right", "right", "right"] }).trimEnd(),
    );
  const shown = [best, ...others, ...next, ...refused].filter((r) => r !== undefined && r !== own);
  if (own && shown.some((r) => !(isFinal && r?.final)))
    lines.push("default / it: within the rounds that both were timed in, not of the medians shown");
  for (const record of refused) lines.push(`faster but refused: ${record.error ?? record.status}`);
  const failed = Object.entries(failures).map(([status, count]) => `${count} ${status}`);
  if (failed.length > 0) lines.push(`without a time that counts: ${failed.join(", ")}`);
  lines.push("", sayVerdict(result, isFinal, ratio));
  return `${lines.join("\n")}\n`;
}

function sayVerdict(
  { verdict, stopped, measured, reused }: TuneResult,
  isFinal: boolean,
  ratio: (record: Measurement) => string,
): string {
  const { default: own, best, ratio: by, ties } = verdict;
  if (best === undefined) return "no configuration has a time that counts";
  if (own === best && stopped && !isFinal) return "nothing is faster than the default so far";
  if (own === best)
    return ties.length > 1
      ? "the default is not beaten: others are as fast within what was measured"
      : `the default is not beaten: of ${measured + reused} tried, none was faster`;
  if (by === undefined || !isFinal)
    return `the best was ${ratio(best)} as fast as the default; it was not compared once more`;
  const [value, low, high] = [by.value, by.low, by.high].map((x) => x.toFixed(2));
  return (
    `the best is ${value} times as fast as the default (${low} to ${high}); ` +
    "`warpweave tune winners` writes it down for `generate`"
  );
}
