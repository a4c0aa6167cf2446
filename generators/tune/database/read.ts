// Reading databases: lines of JSON, the first of which says what the file is.

import { readFile, stat } from "node:fs/promises";
import { codeOf, messageOf, UserError } from "../../messages/errors.ts";
import type { Measurement } from "./record.ts";
import type { RunLine } from "./runs.ts";
import { header, parseLine, version } from "./schema.ts";

/** A line that is no record. */
export interface DamagedLine {
  /** From 1 on. */
  readonly number: number;
  readonly text: string;
  readonly why: string;
}

/** What is in a database. */
export interface Contents {
  readonly records: readonly Measurement[];
  readonly runs: readonly RunLine[];
  /** The bytes up to the end of the last whole line. */
  readonly bytes: number;
  /** Whether something behind that was dropped: a record that was being written when all ended. */
  readonly torn: boolean;
  /** Whether the last line is whole but has no end. */
  readonly unended: boolean;
  readonly damaged: readonly DamagedLine[];
}

const newline = 0x0a;

/** Refuses a file whose first line is not the header of a database that this program reads. */
function checkHeader(path: string, line: string): void {
  let found: { readonly format?: unknown; readonly version?: unknown } | null = null;
  try {
    found = JSON.parse(line);
  } catch {}
  if (found?.format !== header.format)
    throw new UserError(`${path} is not a database of tune: its first line does not say so`);
  if (found.version !== version)
    throw new UserError(
      `${path} is a database of version ${String(found.version)}; this program reads version ${version}`,
    );
}

/** Reads the bytes of a database; damaged lines are told, not refused. */
export function parseDatabase(path: string, data: Uint8Array): Contents {
  const empty = { records: [], runs: [], bytes: 0, unended: false, damaged: [] };
  const lines: { readonly text: string; readonly end: number; readonly ended: boolean }[] = [];
  const decoder = new TextDecoder();
  for (let from = 0; from < data.length; ) {
    const found = data.indexOf(newline, from);
    const end = found < 0 ? data.length : found;
    lines.push({ text: decoder.decode(data.subarray(from, end)), end: end + 1, ended: found >= 0 });
    from = end + 1;
  }
  const [first, ...rest] = lines;
  // An empty file, or a header that was being written, holds nothing that could be lost.
  if (first === undefined) return { ...empty, torn: false };
  const isTornHeader = !first.ended && JSON.stringify(header).startsWith(first.text);
  if (isTornHeader) return { ...empty, torn: true };
  checkHeader(path, first.text);
  const records: Measurement[] = [];
  const runs: RunLine[] = [];
  const damaged: DamagedLine[] = [];
  let bytes = first.end;
  let torn = false;
  for (const [i, { text, end, ended }] of rest.entries()) {
    const line = parseLine(text);
    const isLast = i === rest.length - 1;
    if (!("damaged" in line)) {
      if (line.kind === "run") runs.push(line);
      else records.push(line);
      // What a write did not end has no end of its line; one that has was changed afterwards.
    } else if (isLast && !ended) torn = true;
    else damaged.push({ number: i + 2, text, why: line.damaged });
    if (!torn) bytes = ended ? end : end - 1;
  }
  const unended = !torn && lines.at(-1)?.ended === false;
  return { records, runs, bytes, torn, unended, damaged };
}

/** Refuses lines that are no records, other than a last one. */
export function refuseDamaged(path: string, { damaged }: Contents): void {
  const [first] = damaged;
  if (first === undefined) return;
  const more = damaged.length > 1 ? ` (and ${damaged.length - 1} more lines)` : "";
  throw new UserError(
    `line ${first.number} of ${path} is damaged: ${first.why}${more}; ` +
      `\`warpweave tune repair ${path}\` keeps all other lines`,
  );
}

/** The bytes of a file; undefined where there is none. */
export async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    // A device such as /dev/zero would be read without end.
    if (!(await stat(path)).isFile()) throw new UserError("it is not a file");
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

/** All records of a database; a damaged line is refused, a last one that is torn is left out. */
export async function readRecords(path: string): Promise<readonly Measurement[]> {
  const data = await readBytes(path);
  if (data === undefined) throw new UserError(`there is no database ${path}`);
  const contents = parseDatabase(path, data);
  refuseDamaged(path, contents);
  return contents.records;
}
