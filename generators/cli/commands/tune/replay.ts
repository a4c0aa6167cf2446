// `tune replay`: how well searches do on recorded spaces; no device is needed.

import type { Command } from "commander";
import { suggestName } from "../../../messages/nearest.ts";
import type { Measured } from "../../../tune/formats/measured.ts";
import { readSpaceFile } from "../../../tune/formats/read.ts";
import { createRecording, type Recording } from "../../../tune/replay/recording.ts";
import { replayOnce, seedOfRun } from "../../../tune/replay/run.ts";
import {
  checkpoints,
  expectRandom,
  type Reached,
  summarise,
} from "../../../tune/replay/summary.ts";
import { defaultStrategy, strategies } from "../../../tune/search/index.ts";
import type { Strategy } from "../../../tune/search/strategy.ts";
import { parseCount } from "../../calls.ts";
import { UsageError, UserError } from "../../errors.ts";
import { withProgress } from "../../progress.ts";
import { formatTable, plural, printJson, type Terminal } from "../../terminal.ts";
import { formatRecorded } from "./spaceFile.ts";

const examples = `
Strategies:
${Object.values(strategies)
  .map(({ name, doc }) => `  ${name.padEnd(13)} ${doc}`)
  .join("\n")}

Examples:
  $ warpweave tune replay --space test/tune/data/convolution.RTX_2080_Ti.json.gz
  $ warpweave tune replay --space results.T4.json --strategy default,ils,random --runs 100 --json`;

interface Options {
  readonly space: readonly string[];
  readonly strategy: string;
  readonly budget: string;
  readonly runs: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** How a strategy did on a space. */
interface Score {
  readonly space: string;
  readonly strategy: string;
  readonly runs: number;
  readonly seed: number;
  readonly reached: readonly Reached[];
}

/** Adds `tune replay`. */
export function addReplay(tune: Command, terminal: Terminal): void {
  tune
    .command("replay")
    .description("tries searches on recorded spaces: how much of the optimum they reach, and when")
    .requiredOption(
      "--space <files...>",
      "measured spaces: caches of Kernel Tuner or T4, .json or .json.gz",
    )
    .option("--strategy <names>", "one or more, with commas", defaultStrategy.name)
    .option("--budget <evaluations>", "of each run; failed ones count", "200")
    .option("--runs <number>", "searches with different seeds", "20")
    .option("--seed <number>", "equal seeds, equal results", "1")
    .option("--json", "print an object for a strategy on a space, or a list of them")
    .addHelpText("after", examples)
    .action((options: Options) => replay(options, terminal));
}

async function replay(options: Options, terminal: Terminal): Promise<void> {
  const chosen = options.strategy.split(",").map((name) => findStrategy(name.trim()));
  const budget = parseCount("budget", options.budget, 100_000);
  const runs = parseCount("runs", options.runs, 100_000);
  const seed = parseCount("seed", options.seed, mostSeed, 0);
  const recordings = options.space.map((path) => createRecording(readMeasured(path)));
  const total = recordings.length * chosen.length * runs;
  const shown = { label: "runs", total, json: options.json === true };
  const stream = terminal.progress === undefined ? {} : { stream: terminal.progress };
  const scores = await withProgress({ ...shown, ...stream }, async (progress) => {
    const all: (readonly Score[])[] = [];
    for (const recording of recordings) {
      const own: Score[] = [];
      for (const strategy of chosen) {
        const results: Float64Array[] = [];
        for (let run = 0; run < runs; run++) {
          results.push(replayOnce(recording, strategy, { budget, seed: seedOfRun(seed, run) }));
          progress.advance(strategy.name);
          // Lets the bar be drawn, and Ctrl-C be heard.
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        const reached = summarise(results, checkpoints(budget));
        const space = recording.points.space.name;
        own.push({ space, strategy: strategy.name, runs, seed, reached });
      }
      all.push(own);
    }
    return all;
  });
  if (options.json === true) {
    const objects = scores.flat().map(describe);
    printJson(terminal, objects.length === 1 ? objects[0] : objects);
  } else for (const [i, own] of scores.entries()) printScores(recordings[i]!, own, terminal);
}

/** A search by its name. */
export function findStrategy(name: string): Strategy {
  const found = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (found !== undefined) return found;
  const suggestion = suggestName(name, Object.keys(strategies));
  throw new UsageError(`there is no strategy "${name}"; ${suggestion}`);
}

/** Runs have seeds of their own, up to the largest one. */
export const mostSeed = 2 ** 32;

/** What a file has measured of a space. */
export function readMeasured(path: string): Measured {
  const contents = readSpaceFile(path);
  if (contents.kind !== "T1") return contents.measured;
  throw new UserError(
    `${path} is a space of the format T1, without results; replay takes caches of Kernel Tuner and T4`,
  );
}

/** A score as it is documented for programs. */
function describe({ space, strategy, runs, seed, reached }: Score) {
  return {
    space,
    strategy,
    runs,
    seed,
    fraction: Object.fromEntries(reached.map((of) => [of.evaluations, of.fraction])),
    ci95: Object.fromEntries(reached.map((of) => [of.evaluations, of.ci95])),
  };
}

const percent = (fraction: number): string => (100 * fraction).toFixed(1);

function printScores(recording: Recording, scores: readonly Score[], terminal: Terminal): void {
  const { points, outcomes, best } = recording;
  const failed = outcomes.filter((outcome) => "failed" in outcome).length;
  const counts = scores[0]!.reached.map(({ evaluations }) => evaluations);
  terminal.out(
    `${points.space.name}: ${plural(points.size, "configuration")}, ${failed} of them fail; ` +
      `the best one takes ${formatRecorded(best)}\n` +
      `% of the optimum after so many evaluations, mean of ${plural(scores[0]!.runs, "run")} ` +
      `from seed ${scores[0]!.seed} (95 % interval of the mean)\n\n`,
  );
  const rows = scores.map(({ strategy, reached }) => [
    strategy,
    ...reached.map(
      ({ fraction, ci95: [low, high] }) =>
        `${percent(fraction)} (${percent(low)}–${percent(high)})`,
    ),
  ]);
  const chance = counts.map((count) => percent(expectRandom(recording, count)));
  terminal.out(
    formatTable([...rows, ["chance, exactly", ...chance]], {
      head: ["strategy", ...counts.map(String)],
    }),
  );
  terminal.out("\n");
}
