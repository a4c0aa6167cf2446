import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explainFailure } from "../../messages/errors.ts";
import { codeOf, UserError } from "../errors.ts";

export { explainFailure } from "../../messages/errors.ts";

/** Reads a whole file; a file that cannot be read is one clear sentence. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${explainFailure(error)}`);
  }
}

/**
 * Writes a file whole or not at all: into a temporary file of the same folder, renamed at the end,
 * so that neither a failure nor Ctrl-C leaves half a file or destroys the old one.
 */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await findTarget(path);
    temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
    await writeFile(temporary, bytes, { flag: "wx", flush: true });
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw new UserError(`cannot write ${path}: ${explainFailure(error)}`);
  }
}

/** Where to write: behind a symbolic link, which stays; never in place of a device or folder. */
async function findTarget(path: string): Promise<string> {
  const existing = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (existing === undefined) return path;
  if (existing.isDirectory()) throw new UserError("it is a folder");
  if (!existing.isFile()) throw new UserError("it is not a regular file");
  return realpath(path);
}

/** Whether two paths lead to one file that is there, links followed. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all(
    [a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)),
  );
  // What cannot be looked at is said where it is read or written.
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

/** Refuses a path that could not be written to, before work is done for nothing. */
export async function checkWritable(path: string): Promise<void> {
  try {
    const target = await findTarget(path);
    await access(dirname(target), constants.W_OK);
    const folder = await stat(dirname(target));
    if (!folder.isDirectory()) throw new UserError("a part of the path is not a folder");
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${explainFailure(error)}`);
  }
}

/**
 * Makes a folder and those above it, one at a time: made recursively, Node never returns where the
 * file system says that what is above is not there although it is, as /proc does.
 */
export async function makeFolders(path: string): Promise<void> {
  const existing = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  // What is there but no folder is refused by whatever is written into it.
  if (existing !== undefined) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolders(parent);
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) === "ENOENT") throw new UserError(`no folder can be made in ${parent}`);
    throw error;
  }
}
