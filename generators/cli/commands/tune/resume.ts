// `tune resume`: runs that did not come to their end.

import type { Command } from "commander";
import { parseDatabase, readBytes, refuseDamaged } from "../../../tune/database/read.ts";
import { type RunLine, unfinishedRuns } from "../../../tune/database/runs.ts";
import { UsageError, UserError } from "../../errors.ts";
import { formatTable, type Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { databasePath, type TuneRequest } from "../../tuning/request.ts";
import { run } from "./run.ts";

/** Adds `tune resume`. */
export function addResume(tune: Command, terminal: Terminal): void {
  tune
    .command("resume")
    .description("lists runs that were stopped, or goes on with one of them")
    .argument("[number]", "of the list")
    .option("--database <file>", "where measurements are kept, if not in the cache folder")
    .option("--json", "print JSON")
    .addHelpText("after", exampleHelp("resume", "resume 1 --database conv2d.jsonl"))
    .action((number: string | undefined, options: ResumeOptions) =>
      resume(number, options, terminal),
    );
}

interface ResumeOptions {
  readonly database?: string;
  readonly json?: boolean;
}

async function resume(
  number: string | undefined,
  options: ResumeOptions,
  terminal: Terminal,
): Promise<void> {
  const path = databasePath(options.database);
  const data = await readBytes(path);
  if (data === undefined) throw new UserError(`there is no database ${path}`);
  if (data.length === 0) throw new UserError(`${path} is not a database of tune: it is empty`);
  const contents = parseDatabase(path, data);
  refuseDamaged(path, contents);
  const runs = unfinishedRuns(contents.runs);
  if (number !== undefined) {
    if (runs.length === 0) throw new UserError(`no run in ${path} is unfinished`);
    const chosen = /^[1-9]\d*$/.test(number) ? runs[Number(number) - 1] : undefined;
    if (chosen === undefined)
      throw new UsageError(
        `there is no run ${number} in ${path}; a number of the list is allowed, from 1 to ${runs.length}`,
      );
    const request = chosen.request as unknown as TuneRequest;
    return run(chosen.operator, { ...request, ...options, database: path }, terminal);
  }
  if (options.json === true) terminal.out(`${JSON.stringify(runs, null, 2)}\n`);
  else if (runs.length === 0) terminal.out(`no run in ${path} is unfinished\n`);
  else {
    const rows = runs.map((line, i) => [String(i + 1), line.at, describeRun(line)]);
    terminal.out(formatTable(rows));
    const of = options.database === undefined ? "" : ` --database ${quote(path)}`;
    terminal.out(`\n\`warpweave tune resume <number>${of}\` goes on with one\n`);
  }
}

/** A run as a command line. */
function describeRun({ operator, request }: RunLine): string {
  const words = Object.entries(request).map(([name, value]) =>
    value === true ? `--${name}` : `--${name}${printValues([value].flat().map(String))}`,
  );
  return `${quote(operator)} ${words.join(" ")}`;
}

/** What begins with a dash would be read as an option if it stood by itself. */
const printValues = (values: readonly string[]): string =>
  values.some((value) => value.startsWith("-"))
    ? `=${values.map(quote).join(" ")}`
    : ` ${values.map(quote).join(" ")}`;

/** A word as a shell takes it. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
