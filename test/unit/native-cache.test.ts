// Builds that are kept: made once, made again where they are damaged, refused in a sentence where they cannot be.

import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reportError } from "../../generators/cli/errors.ts";
import { cached } from "../../targets/native/cache.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "warpweave-cache-"));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

/** A build that counts how often it was made. */
function counted() {
  let made = 0;
  const build = async (folder: string) => {
    made++;
    await writeFile(join(folder, "kernels.so"), "all of the library");
  };
  return { build, made: () => made };
}

test("a build is made once, also by two at a time", async () => {
  const { build, made } = counted();
  await Promise.all([cached(cache, "once", build), cached(cache, "once", build)]);
  const before = made();
  const folder = await cached(cache, "once", build);
  expect(made()).toBe(before);
  expect(await readFile(join(folder, "kernels.so"), "utf8")).toBe("all of the library");
});

test.each([
  ["shorter", (path: string) => truncate(path, 5)],
  ["changed", (path: string) => writeFile(path, "all of the librarY")],
  ["missing", (path: string) => rm(path)],
])("one whose file is %s is made again", async (name, damage) => {
  const { build, made } = counted();
  const file = join(await cached(cache, name, build), "kernels.so");
  await damage(file);
  expect(await cached(cache, name, build)).toBe(join(cache, name));
  expect(made()).toBe(2);
  expect(await readFile(file, "utf8")).toBe("all of the library");
});

test("what fails leaves nothing behind", async () => {
  const fails = () => Promise.reject(new Error("no compiler"));
  await expect(cached(cache, "failed", fails)).rejects.toThrow("no compiler");
  const left = await readdir(cache);
  expect(left.filter((name) => /^building|failed/.test(name))).toEqual([]);
});

test("a folder that cannot be written to is refused in a sentence", async () => {
  const file = join(cache, "file");
  await writeFile(file, "");
  const error = await cached(join(file, "c"), "any", async () => {}).catch((e: unknown) => e);
  expect(reportError(error)).toEqual({
    code: 1,
    text:
      `error: builds cannot be kept in ${join(file, "c")} (ENOTDIR); ` +
      "set XDG_CACHE_HOME to a folder that can be written to\n",
  });
});
