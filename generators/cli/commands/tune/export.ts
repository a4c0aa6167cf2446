// `tune export` and `tune import`: a database of measurements as other tools read it, and back.

import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { identifyKey, identifyRecord, newestOf } from "../../../tune/database/identity.ts";
import { readRecords } from "../../../tune/database/read.ts";
import type { Key, Measurement } from "../../../tune/database/record.ts";
import { openDatabase } from "../../../tune/database/store.ts";
import { printCache } from "../../../tune/formats/kernelTuner.ts";
import { inferParameters } from "../../../tune/formats/measured.ts";
import { toCache, toT4 } from "../../../tune/formats/measurements.ts";
import { readMeasurements } from "../../../tune/formats/read.ts";
import { writeT1 } from "../../../tune/formats/t1.ts";
import { writeT4 } from "../../../tune/formats/t4.ts";
import type { Space } from "../../../tune/space/space.ts";
import { parseCount } from "../../calls.ts";
import { codeOf, UsageError, UserError } from "../../errors.ts";
import { openOperators, operatorNames } from "../../operators.ts";
import { plural, type Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { databasePath } from "../../tuning/request.ts";
import { findSpace, nameKey } from "../../tuning/winners.ts";

/** What a database can be written as. */
const formats: Readonly<Record<string, (all: readonly Measurement[]) => string>> = {
  t4: (all) => printJsonFile(writeT4(toT4(all))),
  cache: (all) => {
    const key = keyOfOne(all, "a cache");
    return printCache(toCache(spaceOf(key) ?? inferSpace(all), all));
  },
  t1: (all) => {
    const key = keyOfOne(all, "a file of the format T1");
    const space = spaceOf(key);
    if (space !== undefined) return printJsonFile(writeT1(space));
    throw new UserError(
      `the space of ${nameKey(key)} is not that of today's schedules, so its constraints are not ` +
        "known; --format cache writes what was measured of it",
    );
  },
};

const printJsonFile = (of: object): string => `${JSON.stringify(of, null, 2)}\n`;

interface ExportOptions {
  readonly format: string;
  readonly only?: string;
  readonly out: string;
}

/** Adds `tune export`. */
export function addExport(tune: Command, terminal: Terminal): void {
  tune
    .command("export")
    .description("writes measurements as T4 or a cache of Kernel Tuner, or their space as T1")
    .argument("<database>", "a file that tune has written")
    .requiredOption("--format <name>", "t4, cache or t1")
    .option("--only <number>", "of several kernels, devices and shapes: the one of this number")
    .requiredOption("--out <file>", "the file to make; it must not be there yet")
    .addHelpText(
      "after",
      exampleHelp(
        "export conv2d.jsonl --format t4 --out conv2d.T4.json",
        "export conv2d.jsonl --format cache --only 2 --out conv2d.json",
        "replay --space conv2d.json --strategy default,ils",
      ),
    )
    .action(async (path: string, { format, only, out }: ExportOptions) => {
      const print = Object.hasOwn(formats, format) ? formats[format] : undefined;
      if (print === undefined)
        throw new UsageError(
          `--format ${format} is not known; there are ${Object.keys(formats).join(", ")}`,
        );
      const read = newestOf(await readRecords(path));
      if (read.length === 0) throw new UserError(`${path} has no measurements`);
      const all = only === undefined ? read : chooseKey(read, only);
      writeNew(out, print(all));
      terminal.out(`${out}: ${plural(all.length, "measurement")}\n`);
    });
}

/** Adds `tune import`. */
export function addImport(tune: Command, terminal: Terminal): void {
  tune
    .command("import")
    .description("takes measurements of ours back into a database, as `tune export` wrote them")
    .argument("<files...>", "T4 or caches of Kernel Tuner")
    .option("--database <file>", "where measurements are kept, if not in the cache folder")
    .addHelpText("after", exampleHelp("import conv2d.T4.json --database conv2d.jsonl"))
    .action(async (files: readonly string[], options: { readonly database?: string }) => {
      // All are read before anything is written.
      const found = newestOf(files.flatMap(readMeasurements));
      const database = await openDatabase(databasePath(options.database));
      try {
        const known = new Map(newestOf(database.records).map((r) => [identifyRecord(r), r.at]));
        const added = found.filter((r) => (known.get(identifyRecord(r)) ?? "") < r.at);
        for (const record of added) database.append(record);
        terminal.out(
          `${database.path}: ${plural(added.length, "measurement")} added, ` +
            `${found.length - added.length} known before\n`,
        );
      } finally {
        await database.close();
      }
    });
}

/** The keys that records have, in the order in which they were begun. */
const keysOf = (all: readonly Measurement[]): readonly Key[] => [
  ...new Map(all.map(({ key }) => [identifyKey(key), key])).values(),
];

const listKeys = (keys: readonly Key[]): string =>
  keys.map((key, i) => `\n  ${i + 1}  ${nameKey(key)}, ${key.device.device}`).join("");

function chooseKey(all: readonly Measurement[], only: string): readonly Measurement[] {
  const keys = keysOf(all);
  const chosen = identifyKey(keys[parseCount("only", only, keys.length) - 1]!);
  return all.filter(({ key }) => identifyKey(key) === chosen);
}

/** The key that all records have; a file of some formats is of one kernel on one device, and of one shape. */
function keyOfOne(all: readonly Measurement[], what: string): Key {
  const keys = keysOf(all);
  if (keys.length === 1) return keys[0]!;
  throw new UserError(
    `${what} holds one kernel, device and shape, and the database has ${keys.length} of them; ` +
      `--only takes one by its number, --format t4 writes them all:${listKeys(keys)}`,
  );
}

/** The space of a key where it is that of today's schedules. */
function spaceOf(key: Key): Space | undefined {
  const known = operatorNames().filter((name) => name === key.operator);
  return known.length === 0 ? undefined : findSpace(key, openOperators(known))?.space;
}

/** The values that were measured, where nothing else is known. */
function inferSpace(all: readonly Measurement[]): Space {
  const configurations = all.map(({ configuration }) => configuration);
  const parameters = inferParameters(Object.keys(configurations[0] ?? {}), configurations);
  return { name: all[0]!.key.operator, parameters, constraints: [] };
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") throw new UserError(`${path} is there already`);
    throw new UserError(`${path} cannot be written (${code})`);
  }
}
