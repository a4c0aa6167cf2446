// The command line of the demonstration.

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { packageRoot } from "../../generators/frontend/paths.ts";

/** What is asked for. */
export interface Options {
  readonly quick: boolean;
  /** 1 to this many. */
  readonly seeds: number;
  readonly workers: number;
  readonly out: string;
  /** Results on stdout as JSON, and no progress. */
  readonly json: boolean;
}

/** The most seeds, so that a slip of a digit does not compute for a day. */
const mostSeeds = 100;

/** Reads the command line; wrong usage is one sentence on stderr. */
export function readOptions(args: readonly string[]): Options {
  const program = new Command("train-demo")
    .description(
      "Trains small networks with plain, deformable and modulated convolutions, and with plain and " +
        "deformable RoI pooling, on warped handwritten digits, and reports how they compare.",
    )
    .option("--quick", "one seed and few steps: whether it works, in seconds", false)
    .option("--seeds <n>", "how many seeds, from 1 (default: 5; quick: 1)", readCount(mostSeeds))
    .option("--workers <n>", "processes at once (default: one for each core)", readCount(64))
    .option("--out <folder>", "where results go (default: out/train; quick: out/train-quick)")
    .option("--json", "print the results as JSON, and no progress", false)
    .helpOption("-h, --help", "print this help")
    .exitOverride();
  program.parse([...args], { from: "user" });
  const given = program.opts<Partial<Options>>();
  const quick = given.quick ?? false;
  return {
    quick,
    seeds: given.seeds ?? (quick ? 1 : 5),
    workers: given.workers ?? availableParallelism(),
    out: resolve(given.out ?? resolve(packageRoot, quick ? "out/train-quick" : "out/train")),
    json: given.json ?? false,
  };
}

const readCount =
  (most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from 1 to ${most}.`);
  };
