// Studies of databases: the records of each key.

import { medianOf } from "../../measure/statistics.ts";
import { identifyConfiguration, identifyKey, newestOf } from "../database/identity.ts";
import type { Key, Measurement } from "../database/record.ts";
import { inferParameters } from "../formats/measured.ts";
import { judgeRecords } from "../run/verdict.ts";
import type { Configuration, Points } from "../space/space.ts";
import type { Study, Trial, Won } from "./study.ts";
import { formatCost } from "./words.ts";

/** What is known of a key's space today. */
export interface Known {
  readonly usual: Configuration;
  readonly points: Points;
}

/** A study for each key that records have, in the order in which they were begun. */
export function studyRecords(
  records: readonly Measurement[],
  know: (key: Key) => Known | undefined,
): readonly Study[] {
  const groups = new Map<string, Measurement[]>();
  for (const record of newestOf(records)) {
    const name = identifyKey(record.key);
    groups.set(name, [...(groups.get(name) ?? []), record]);
  }
  return [...groups.values()].map((group) => studyKey(group, know(group[0]!.key)));
}

function studyKey(records: readonly Measurement[], known: Known | undefined): Study {
  const { key } = records[0]!;
  const single = records.filter(({ final }) => final !== true);
  const anchors = single.flatMap((record) => record.anchor ?? []);
  const anchor = anchors.length === 0 ? undefined : medianOf(anchors);
  const finals = new Map(
    records
      .filter(({ final }) => final === true)
      .map((record) => [identifyConfiguration(record.configuration), record]),
  );
  // The last comparison has more samples, and what was wrong there is wrong.
  const trials = single.map((record) => {
    const last = finals.get(identifyConfiguration(record.configuration)) ?? record;
    return { ...makeTrial(last, anchor), spent: record.spent };
  });
  const configurations = trials.map(({ configuration }) => configuration);
  const names = [...new Set(configurations.flatMap((of) => Object.keys(of)))];
  const parameters = known?.points.space.parameters ?? inferParameters(names, configurations);
  const won = findWon(records, known?.usual);
  return {
    title: [
      key.operator,
      key.role === "forward" ? "" : ` ${key.role}`,
      key.present.length > 0 ? ` with ${key.present.join(", ")}` : "",
      ` on ${key.target}`,
      key.threads > 1 ? `, ${key.threads} threads` : "",
    ].join(""),
    label: `${key.device.device}${key.threads > 1 ? `, ${key.threads} threads` : ""}; ${sizesOf(key)}`,
    kernel: `${key.operator} ${key.role} on ${key.target}, kernel ${key.kernel}`,
    facts: describeFacts(records, trials, known, anchor),
    trials,
    parameters,
    ...(known && { usual: known.usual }),
    ...(won && { won }),
    whole: known !== undefined && isWhole(configurations, known.points),
    ordered: true,
  };
}

/** A time is its share of the default's in the same rounds, times what the default usually takes. */
function makeTrial(record: Measurement, usually: number | undefined): Trial {
  const { configuration, status, error, median, interval, anchor } = record;
  const scale = anchor !== undefined && anchor > 0 && usually !== undefined ? usually / anchor : 1;
  const isRight = status === "correct" && median !== undefined;
  return {
    configuration,
    status,
    ...(error !== undefined && { error }),
    ...(isRight && { cost: median * scale }),
    ...(isRight && interval && { interval: [interval[0] * scale, interval[1] * scale] }),
  };
}

/** Sizes, and of the attributes those that are not 0 or 1, which is what most are. */
const sizesOf = ({ shape }: Key): string =>
  Object.entries(shape)
    .filter(([name, value]) => /^[A-Z]/.test(name) || (value !== 0 && value !== 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

function isWhole(configurations: readonly Configuration[], points: Points): boolean {
  const found = new Set(configurations.map((one) => points.find(one)));
  found.delete(undefined);
  return found.size === points.size;
}

function findWon(records: readonly Measurement[], usual: Configuration | undefined) {
  const { best, ratio, isFinal } = judgeRecords(records, usual ?? {});
  if (best === undefined) return undefined;
  const isUsual =
    usual !== undefined &&
    identifyConfiguration(best.configuration) === identifyConfiguration(usual);
  const rounds = isFinal
    ? "compared with the other best ones in the same rounds"
    : "by the single measurements; the best were not compared once more";
  const won: Won = {
    configuration: best.configuration,
    how: isUsual ? `the default is not beaten, ${rounds}` : rounds,
    ...(ratio && usual && isFinal && !isUsual && { ratio }),
  };
  return won;
}

function describeFacts(
  records: readonly Measurement[],
  trials: readonly Trial[],
  known: Known | undefined,
  anchor: number | undefined,
): Readonly<Record<string, string>> {
  const { key } = records[0]!;
  const features = Object.entries(key.device.limits ?? {}).map(([name, value]) =>
    value === true ? name : `${name} ${value}`,
  );
  const clocks = new Map(
    records.flatMap(({ clock }) => (clock ? [[clock.name, clock.resolution]] : [])),
  );
  const failed = trials.filter(({ cost }) => cost === undefined).length;
  const size = known === undefined ? "" : ` of ${known.points.size.toLocaleString("en-US")}`;
  return {
    operator: `${key.operator}, ${key.role}${key.present.length > 0 ? `, with ${key.present.join(", ")}` : ""}`,
    "kernel's hash": key.kernel,
    "space's hash": `${key.space}${known === undefined ? " (not that of today's schedules)" : ""}`,
    target: `${key.target}, ${key.dtype}, ${key.threads} ${key.threads === 1 ? "thread" : "threads"}`,
    device: [key.device.device, ...features].join(", "),
    driver: key.device.driver,
    shape: sizesOf(key),
    offsets: key.offsets,
    clock: [...clocks].map(([name, step]) => `${name}, in steps of ${formatCost(step)}`).join("; "),
    protocol: String(key.protocol),
    evaluations: `${trials.length}${size} configurations, ${failed} without a time that counts`,
    "default takes": anchor === undefined ? "not measured" : formatCost(anchor),
    measured: `${records[0]!.at.slice(0, 16)} to ${records.at(-1)!.at.slice(0, 16)} UTC`,
  };
}
