// `tune merge` and `tune repair`: databases as files.

import type { Command } from "commander";
import { mergeDatabases, repairDatabase } from "../../../tune/database/change.ts";
import { plural, type Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";

/** Adds `tune merge`. */
export function addMerge(tune: Command, terminal: Terminal): void {
  tune
    .command("merge")
    .description("unites databases of measurements: the newest of each configuration")
    .argument("<databases...>", "files that tune has written")
    .requiredOption("--out <file>", "the database to make; it must not be there yet")
    .addHelpText("after", exampleHelp("merge a.jsonl b.jsonl --out c.jsonl"))
    .action(async (paths: readonly string[], { out }: { readonly out: string }) => {
      const { read, written } = await mergeDatabases(paths, out);
      terminal.out(`${out}: ${written} of ${plural(read, "measurement")}\n`);
    });
}

/** Adds `tune repair`. */
export function addRepair(tune: Command, terminal: Terminal): void {
  tune
    .command("repair")
    .description("moves damaged lines of a database into a file beside it")
    .argument("<database>", "a file that tune has written")
    .addHelpText("after", exampleHelp("repair conv2d.jsonl"))
    .action(async (path: string) => {
      const { kept, damaged, into } = await repairDatabase(path);
      if (damaged.length === 0) terminal.out(`${path}: no line is damaged\n`);
      else
        terminal.out(
          `${path}: ${plural(kept, "measurement")} kept, ${plural(damaged.length, "line")} moved to ${into}\n`,
        );
    });
}
