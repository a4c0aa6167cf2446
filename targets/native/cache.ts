// A folder of finished builds. A build appears in it by one rename, so that processes that build
// the same thing at once do not disturb each other and an interrupted build leaves nothing behind.

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder of all that can be made again: in XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(): string {
  // An empty variable means the same as none.
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "warpweave");
}

/** Where a target's builds are kept unless one says otherwise. */
export const defaultCache = (target = "cuda"): string => join(cacheFolder(), target);

/** A folder for builds that nothing can be written to. */
export class CacheError extends Error {
  override readonly name = "CacheError";
  readonly userFacing = true;

  constructor(cache: string, code: string) {
    super(
      `builds cannot be kept in ${cache} (${code}); ` +
        "set XDG_CACHE_HOME to a folder that can be written to",
    );
  }
}

/** A name for a build: equal parts, and only equal parts, give the same one. */
export function hashParts(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

/** The folder `key` of the cache; where there is none, or its files are damaged, `build` fills it first. */
export async function cached(
  cache: string,
  key: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const finished = join(cache, key);
  if (await isWhole(finished)) return finished;
  try {
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, "building-"));
    try {
      await build(folder);
      await writeFile(join(folder, list), JSON.stringify(await sumFiles(folder)));
      await finish(folder, finished);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    const code = codeOf(error);
    throw code !== undefined && refusals.includes(code) ? new CacheError(cache, code) : error;
  }
  return finished;
}

/** What file systems refuse to write with. */
const refusals: readonly string[] = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR"];

/** The file with the sums of all others of a build; it is written last. */
const list = "files.json";

async function finish(folder: string, finished: string): Promise<void> {
  try {
    await rename(folder, finished);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    // Another process may have finished the same build meanwhile: that one is as good.
    if (await isWhole(finished)) return;
    const damaged = `${folder}-damaged`;
    await rename(finished, damaged);
    await rename(folder, finished);
    await rm(damaged, { recursive: true, force: true });
  }
}

async function sumFiles(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).filter((name) => name !== list).sort();
  const sum = async (name: string): Promise<[string, string]> => {
    const bytes = await readFile(join(folder, name));
    return [name, createHash("sha256").update(bytes).digest("hex")];
  };
  return Object.fromEntries(await Promise.all(names.map(sum)));
}

/** Has a folder every byte of the build that was finished there? A damaged library would end this process. */
async function isWhole(folder: string): Promise<boolean> {
  let listed: string;
  try {
    listed = await readFile(join(folder, list), "utf8");
  } catch {
    return false;
  }
  return listed === JSON.stringify(await sumFiles(folder));
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
