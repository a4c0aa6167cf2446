// What records of a database come to: a winner for each key.

import { identifyConfiguration, identifyKey, newestOf } from "../database/identity.ts";
import type { Measurement } from "../database/record.ts";
import { judgeRecords, shareOf } from "../run/verdict.ts";
import type { Configuration } from "../space/space.ts";
import { bucketOf } from "./shapes.ts";
import type { Winner } from "./winner.ts";

/** The default configuration of what a key is of; undefined where there is no such kernel any more. */
export type UsualOf = (key: Measurement["key"]) => Configuration | undefined;

/** The winners of records; keys that nothing of today has are left out. */
export function chooseWinners(
  records: readonly Measurement[],
  usualOf: UsualOf,
): readonly Winner[] {
  const byKey = new Map<string, Measurement[]>();
  for (const record of newestOf(records)) {
    const name = identifyKey(record.key);
    byKey.set(name, [...(byKey.get(name) ?? []), record]);
  }
  const found = [...byKey.values()].flatMap((own) => {
    const { key } = own[0]!;
    const usual = usualOf(key);
    const judged = usual && judgeRecords(own, usual);
    const best = judged?.best;
    // What no last comparison confirmed may be luck: it is no winner.
    if (judged?.isFinal !== true || judged.default === undefined) return [];
    if (best?.median === undefined || best.anchor === undefined) return [];
    return [{ key, own, best, compared: judged.default }];
  });
  return found.map(({ key, own, best, compared }) => {
    const related = found.filter(
      (other) =>
        other.key !== key && other.key.kernel === key.kernel && other.key.target === key.target,
    );
    const wanted = new Set(related.map((other) => identifyConfiguration(other.best.configuration)));
    wanted.delete(identifyConfiguration(best.configuration));
    return describeWinner(
      best,
      own.filter((r) => wanted.has(identifyConfiguration(r.configuration))),
      compared,
      new Set(own.map(({ configuration }) => identifyConfiguration(configuration))).size,
    );
  });
}

/** A time as people read it: to four digits. */
const round = (value: number): number => Number(value.toPrecision(4));

function describeWinner(
  best: Measurement,
  others: readonly Measurement[],
  compared: Measurement,
  measured: number,
): Winner {
  const { key, configuration, median, interval } = best;
  const usual = compared.median!;
  const [least, most] = compared.interval ?? [usual, usual];
  const ratios = new Map<
    string,
    { readonly configuration: Configuration; readonly ratio: number }
  >();
  for (const record of others)
    if (record.status === "correct" && Number.isFinite(shareOf(record)))
      ratios.set(identifyConfiguration(record.configuration), {
        configuration: record.configuration,
        ratio: round(1 / shareOf(record)),
      });
  const [low, high] = interval ?? [median!, median!];
  return {
    key,
    bucket: bucketOf(key.shape),
    configuration,
    evidence: {
      default: round(usual),
      tuned: round(median!),
      ratio: round(usual / median!),
      interval: best === compared ? [1, 1] : [round(least / high), round(most / low)],
      measured,
      date: best.at.slice(0, 10),
      ...(ratios.size > 0 && { others: [...ratios.values()] }),
    },
  };
}
