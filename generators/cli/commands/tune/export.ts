// `tune export`: a database of measurements as other tools read it.

import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { identifyKey, newestOf } from "../../../tune/database/identity.ts";
import { readRecords } from "../../../tune/database/read.ts";
import type { Measurement } from "../../../tune/database/record.ts";
import { printCache } from "../../../tune/formats/kernelTuner.ts";
import { inferParameters } from "../../../tune/formats/measured.ts";
import { toCache, toT4 } from "../../../tune/formats/measurements.ts";
import { writeT4 } from "../../../tune/formats/t4.ts";
import { codeOf, UsageError, UserError } from "../../errors.ts";
import { plural, type Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";

/** What a database can be written as. */
const formats: Readonly<Record<string, (all: readonly Measurement[]) => string>> = {
  t4: (all) => `${JSON.stringify(writeT4(toT4(all)), null, 2)}\n`,
  cache: (all) => printCache(toCache(spaceOf(all), all)),
};

/** Adds `tune export`. */
export function addExport(tune: Command, terminal: Terminal): void {
  tune
    .command("export")
    .description("writes measurements as T4, or as a cache of Kernel Tuner")
    .argument("<database>", "a file that tune has written")
    .requiredOption("--format <name>", "t4 or cache")
    .requiredOption("--out <file>", "the file to make; it must not be there yet")
    .addHelpText(
      "after",
      exampleHelp(
        "export conv2d.jsonl --format t4 --out conv2d.T4.json",
        "export conv2d.jsonl --format cache --out conv2d.json",
      ),
    )
    .action(async (path: string, options: { readonly format: string; readonly out: string }) => {
      const { format, out } = options;
      const print = Object.hasOwn(formats, format) ? formats[format] : undefined;
      if (print === undefined)
        throw new UsageError(`--format ${format} is not known; there are t4 and cache`);
      const all = newestOf(await readRecords(path));
      if (all.length === 0) throw new UserError(`${path} has no measurements`);
      writeNew(out, print(all));
      terminal.out(`${out}: ${plural(all.length, "measurement")}\n`);
    });
}

/** The values that were measured; a cache is of one kernel on one device, and of one shape. */
function spaceOf(all: readonly Measurement[]) {
  const keys = new Set(all.map(({ key }) => identifyKey(key)));
  if (keys.size > 1)
    throw new UserError(
      `a cache holds one kernel, device and shape, and the database has ${keys.size} of them; ` +
        "--format t4 takes them all",
    );
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
