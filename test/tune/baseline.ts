// Scores of all searches on the recorded spaces, for docs and tests. Made again, in some minutes, by
//   npx tsx test/tune/baseline.ts [runs of each search, 20 if none are given]

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { readSpaceFile } from "../../generators/tune/formats/read.ts";
import { createRecording, type Recording } from "../../generators/tune/replay/recording.ts";
import { replayOnce, seedOfRun } from "../../generators/tune/replay/run.ts";
import { checkpoints, expectRandom, summarise } from "../../generators/tune/replay/summary.ts";
import { strategies } from "../../generators/tune/search/index.ts";
import type { Strategy } from "../../generators/tune/search/strategy.ts";

/** The spaces that are scored, files of the folder `data`. */
export const spaces = ["convolution.RTX_2080_Ti", "pnpoly.RTX_3090"] as const;

/** How the scores are made; the first runs of each search are kept one by one. */
export const conditions = { seed: 1, budget: 200, first: 2 } as const;

/** The searches that are scored; going through all in order is none. */
export const scored: readonly Strategy[] = Object.values(strategies).filter(
  ({ name }) => name !== "exhaustive",
);

/** Fractions of the optimum, by numbers of evaluations. */
type Fractions = Readonly<Record<string, number>>;

/** How a search did. */
export interface Row {
  readonly fraction: Fractions;
  readonly ci95: Readonly<Record<string, readonly [number, number]>>;
  readonly first: readonly Fractions[];
}

/** The file `baseline.json`. */
export interface Baseline {
  readonly conditions: typeof conditions & { readonly runs: number };
  readonly spaces: Readonly<
    Record<
      string,
      { readonly chance: Fractions; readonly strategies: Readonly<Record<string, Row>> }
    >
  >;
}

/** A recorded space of the tests. */
export function openSpace(name: string): Recording {
  const contents = readSpaceFile(new URL(`data/${name}.json.gz`, import.meta.url).pathname);
  if (contents.kind === "T1") throw new Error(`${name} has no results`);
  return createRecording(contents.measured);
}

const counts = checkpoints(conditions.budget);

// Twelve digits: the last ones may differ between versions of the engine.
const round = (x: number): number => Number(x.toPrecision(12));

/** Fractions after those numbers of evaluations that a run has. */
export const pickFractions = (run: Float64Array): Fractions =>
  Object.fromEntries(
    counts.filter((count) => count <= run.length).map((count) => [count, round(run[count - 1]!)]),
  );

/** The first runs of a search, or all of them. */
export function runSearch(
  recording: Recording,
  strategy: Strategy,
  { runs, budget }: { readonly runs: number; readonly budget: number },
): readonly Float64Array[] {
  return Array.from({ length: runs }, (_, run) =>
    replayOnce(recording, strategy, { budget, seed: seedOfRun(conditions.seed, run) }),
  );
}

/** The line of a search. */
export function makeRow(runs: readonly Float64Array[]): Row {
  const reached = summarise(runs, counts);
  return {
    fraction: Object.fromEntries(reached.map((of) => [of.evaluations, round(of.fraction)])),
    ci95: Object.fromEntries(
      reached.map(({ evaluations, ci95: [low, high] }) => [
        evaluations,
        [round(low), round(high)] as const,
      ]),
    ),
    first: runs.slice(0, conditions.first).map(pickFractions),
  };
}

/** What chance reaches, exactly. */
export const makeChance = (recording: Recording): Fractions =>
  Object.fromEntries(counts.map((count) => [count, round(expectRandom(recording, count))]));

function makeBaseline(runs: number): Baseline {
  const entries = spaces.map((name) => {
    const recording = openSpace(name);
    const rows = scored.map((strategy) => {
      console.log(name, strategy.name);
      return [
        strategy.name,
        makeRow(runSearch(recording, strategy, { ...conditions, runs })),
      ] as const;
    });
    return [name, { chance: makeChance(recording), strategies: Object.fromEntries(rows) }] as const;
  });
  return { conditions: { ...conditions, runs }, spaces: Object.fromEntries(entries) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(
    new URL("baseline.json", import.meta.url),
    `${JSON.stringify(makeBaseline(Number(process.argv[2] ?? 20)), null, 2)}\n`,
  );
