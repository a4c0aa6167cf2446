// A folder of finished builds. A build appears in it by one rename, so that processes that build
// the same thing at once do not disturb each other and an interrupted build leaves nothing behind.

import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where builds are kept unless one says otherwise. */
export function defaultCache(target = "cuda"): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "warpweave", target);
}

/** A name for a build: equal parts, and only equal parts, give the same one. */
export function hashParts(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

/** The folder `key` of the cache; where there is none, `build` fills it first. */
export async function cached(
  cache: string,
  key: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const finished = join(cache, key);
  if (await exists(finished)) return finished;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "building-"));
  try {
    await build(folder);
    await rename(folder, finished);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    // Another process may have finished the same build meanwhile: that one is as good.
    if (!(await exists(finished)) || !isTaken(error)) throw error;
  }
  return finished;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function isTaken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOTEMPTY" || code === "EEXIST";
}
