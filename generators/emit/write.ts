// Generated files and a folder: comparing them, and writing what differs.

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

/** Files, texts or bytes, by their paths below a folder. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/** How a folder differs from what was generated; paths below the folder. */
export interface Differences {
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  /** Files of the folder that were not generated. */
  readonly extra: readonly string[];
}

async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? Buffer.from(content) : content;

/** Compares a folder with generated files, byte for byte, and writes nothing. */
export async function compareFiles(folder: string, files: Files): Promise<Differences> {
  const missing: string[] = [];
  const changed: string[] = [];
  for (const [path, content] of files) {
    const old = await readBytes(join(folder, path));
    if (old === undefined) missing.push(path);
    else if (!old.equals(bytesOf(content))) changed.push(path);
  }
  const extra = (await listFiles(folder)).filter((path) => !files.has(path));
  return { missing, changed, extra };
}

/** Writes the files that differ, each at once or not at all; gives the paths written. */
export async function writeFiles(folder: string, files: Files): Promise<readonly string[]> {
  const { missing, changed } = await compareFiles(folder, files);
  const paths = [...missing, ...changed].sort();
  for (const path of paths) await writeAtomically(join(folder, path), files.get(path)!);
  return paths;
}

/** A reader sees the old content or the new one, never a part; a failure leaves the old one. */
async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
