// Databases that are written: a line for each measurement, each on the disk before the next begins.

import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { codeOf, explainFailure, messageOf, UserError } from "../../messages/errors.ts";
import { takeLock } from "./lock.ts";
import { parseDatabase, readBytes, refuseDamaged } from "./read.ts";
import type { Measurement } from "./record.ts";
import type { RunLine } from "./runs.ts";
import { header } from "./schema.ts";

/** A database that is open for writing. */
export interface Database {
  readonly path: string;
  /** All records, in the order in which they were written. */
  readonly records: readonly Measurement[];
  /** Whether the last line was torn, and is left out. */
  readonly torn: boolean;
  readonly runs: readonly RunLine[];
  /** Writes a line; when this returns it is on the disk. */
  append(line: Measurement | RunLine): void;
  close(): Promise<void>;
}

/** How bytes reach a file: the system's own calls, unless a test gives others. */
export interface FileCalls {
  readonly write: (file: number, bytes: Uint8Array, at: number) => number;
  readonly sync: (file: number) => void;
}

const systemCalls: FileCalls = {
  write: (file, bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
  sync: fsyncSync,
};

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Makes a folder and those it is in; where none can be made (`/proc`), Node's own way never ends. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isFolder(path)) throw error;
  }
}

/** A file where a folder is to be is said to be one, whichever code tells of it. */
const explainFolder = (error: unknown): string =>
  codeOf(error) === "EEXIST" ? "a part of the path is not a folder" : explainFailure(error);

/** Opens a database to write to it, and makes one where there is none; no other process may then. */
export async function openDatabase(
  path: string,
  calls: FileCalls = systemCalls,
): Promise<Database> {
  try {
    makeFolder(resolve(dirname(path)));
  } catch (error) {
    throw new UserError(`cannot make the folder of ${path}: ${explainFolder(error)}`);
  }
  const lock = await takeLock(path);
  let file: number | undefined;
  try {
    const data = (await readBytes(path)) ?? new Uint8Array();
    const contents = parseDatabase(path, data);
    refuseDamaged(path, contents);
    // A new one is made with its first record: what is refused before leaves nothing behind.
    if (data.length > 0) file = openSync(path, constants.O_RDWR);
    return start(path, file, contents, calls, lock);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    await lock.release();
    if (error instanceof UserError || codeOf(error) === undefined) throw error;
    throw new UserError(`cannot write to ${path}: ${explainFailure(error)}`);
  }
}

function start(
  path: string,
  opened: number | undefined,
  contents: ReturnType<typeof parseDatabase>,
  calls: FileCalls,
  lock: Awaited<ReturnType<typeof takeLock>>,
): Database {
  const records = [...contents.records];
  const runs = [...contents.runs];
  let [file, end, isReady] = [opened, contents.bytes, false];
  const make = (): number => {
    try {
      return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    } catch (error) {
      throw new UserError(`cannot write to ${path}: ${explainFailure(error)}`);
    }
  };
  /** Whole lines or nothing: what could be written of a line is taken away again. */
  const write = (text: string) => {
    file ??= make();
    const bytes = new TextEncoder().encode(text);
    try {
      const written = calls.write(file, bytes, end);
      if (written < bytes.length) throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
      calls.sync(file);
    } catch (error) {
      ftruncateSync(file, end);
      const why = codeOf(error) === "ENOSPC" ? "the disk is full" : messageOf(error);
      throw new UserError(`cannot write to ${path}: ${why}; what it held before is in it`);
    }
    end += bytes.length;
  };
  /** What the last write left undone, before the first one of ours. */
  const prepare = () => {
    if (contents.torn && file !== undefined) ftruncateSync(file, end);
    if (end === 0) write(`${JSON.stringify(header)}\n`);
    else if (contents.unended) write("\n");
    isReady = true;
  };
  return {
    path,
    records,
    torn: contents.torn,
    runs,
    append(line) {
      if (!lock.isHeld())
        throw new UserError(`the lock of ${path} was lost; another process may write to it now`);
      if (!isReady) prepare();
      write(`${JSON.stringify(line)}\n`);
      if (line.kind === "run") runs.push(line);
      else records.push(line);
    },
    async close() {
      if (file !== undefined) closeSync(file);
      await lock.release();
    },
  };
}
