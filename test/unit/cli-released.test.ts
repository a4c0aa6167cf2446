// Which ABI a checkout is held against, in repositories made for it.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readReleasedAbi } from "../../generators/cli/released.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "released-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const git = (...args: readonly string[]) => {
  const own = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];
  execFileSync("git", [...own, ...args], { cwd: root, stdio: "pipe" });
};

function commit(text: string): void {
  mkdirSync(join(root, "generated"), { recursive: true });
  writeFileSync(join(root, "generated/abi.json"), text);
  git("add", "generated");
  git("commit", "-m", "ABI");
}

const abi = (number: string, hash: string) => ({ abi: number, fingerprint: { "a/b/c/d": hash } });

test("without git there is nothing to compare with, and that is said", async () => {
  expect(await readReleasedAbi(root)).toEqual({ missing: "there is no git history here" });
});

test("a revision without the file is said", async () => {
  git("init");
  git("commit", "--allow-empty", "-m", "nothing");
  expect(await readReleasedAbi(root)).toEqual({ missing: "HEAD holds no generated/abi.json" });
});

test("HEAD before the first release, the last release after it", async () => {
  git("init");
  commit(JSON.stringify(abi("0.1.0", "one")));
  expect(await readReleasedAbi(root)).toEqual({ revision: "HEAD", abi: abi("0.1.0", "one") });
  git("tag", "v0.1.0");
  commit(JSON.stringify(abi("0.1.0", "two")));
  expect(await readReleasedAbi(root)).toEqual({ revision: "v0.1.0", abi: abi("0.1.0", "one") });
});

test("one hash for all, as it was once, differs from every entry", async () => {
  git("init");
  commit('{ "abi": "0.1.0", "fingerprint": "abc" }');
  expect(await readReleasedAbi(root)).toMatchObject({
    abi: { fingerprint: { "all entries": "abc" } },
  });
});

test("another file of that name is refused", async () => {
  git("init");
  commit("[]");
  await expect(readReleasedAbi(root)).rejects.toThrow(/was not written by warpweave/);
});
