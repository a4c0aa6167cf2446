// Databases made of others: united, or freed of damaged lines.

import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { codeOf, explainFailure, UserError } from "../../messages/errors.ts";
import { newestOf } from "./identity.ts";
import { takeLock } from "./lock.ts";
import { type DamagedLine, parseDatabase, readBytes, readRecords } from "./read.ts";
import type { Measurement } from "./record.ts";
import type { RunLine } from "./runs.ts";
import { header } from "./schema.ts";

/** Writes a file that is not there yet; when this returns it is on the disk. */
function writeNew(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST")
      throw new UserError(`${path} exists; name a file that does not, so that nothing is lost`);
    throw new UserError(`cannot write ${path}: ${explainFailure(error)}`);
  }
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${explainFailure(error)}`);
  } finally {
    closeSync(file);
  }
}

const linesOf = (lines: readonly (Measurement | RunLine)[]): string =>
  [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");

/** Unites databases into a new one, with the newest record of each configuration and conditions. */
export async function mergeDatabases(
  paths: readonly string[],
  into: string,
): Promise<{ readonly read: number; readonly written: number }> {
  const all: Measurement[] = [];
  for (const path of paths) all.push(...(await readRecords(path)));
  const kept = newestOf(all);
  writeNew(into, linesOf(kept));
  return { read: all.length, written: kept.length };
}

/** Moves the damaged lines of a database into a file beside it; nothing is thrown away. */
export async function repairDatabase(path: string): Promise<{
  readonly kept: number;
  readonly damaged: readonly DamagedLine[];
  readonly into: string;
}> {
  const lock = await takeLock(path);
  const into = `${path}.damaged`;
  try {
    const data = await readBytes(path);
    if (data === undefined) throw new UserError(`there is no database ${path}`);
    const { records, runs, damaged } = parseDatabase(path, data);
    if (damaged.length === 0) return { kept: records.length, damaged, into };
    writeFileSync(into, damaged.map(({ text }) => `${text}\n`).join(""), { flag: "a" });
    const repaired = `${path}.${process.pid}.new`;
    writeNew(repaired, linesOf([...runs, ...records]));
    renameSync(repaired, path);
    return { kept: records.length, damaged, into };
  } finally {
    await lock.release();
  }
}
