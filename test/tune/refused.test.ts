// What the commands of the tuner refuse, each in a sentence; and what they say of databases.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { readRecords } from "../../generators/tune/database/read.ts";
import { openDatabase } from "../../generators/tune/database/store.ts";
import { makeFolder, warpweave } from "../cli/cli.fixtures.ts";
import { makeRecord } from "./database.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

/** A database with records of these tiles. */
async function write(name: string, ...tiles: readonly number[]): Promise<string> {
  const database = await openDatabase(folder.path(name));
  for (const tile of tiles) database.append(makeRecord(tile));
  await database.close();
  return database.path;
}

describe("tune refuses", () => {
  const database = folder.path("refused.jsonl");
  test.each<[words: string, code: number, message: string]>([
    ["conv2d --budget 0", 2, "--budget 0 cannot be read; write a number of configurations"],
    ["conv2d --budget 0s", 2, "--budget 0s cannot be read"],
    ["conv2d --budget ten", 2, "--budget ten cannot be read"],
    ["conv2d --strategy ilss", 2, 'there is no strategy "ilss"; did you mean "ils"?'],
    ["conv2d --seed -1", 2, "--seed -1 cannot be read"],
    ["conv2d --target metal", 2, 'there is no target "metal"'],
    ["conv2d --threads 2", 2, "js does not run on several CPU threads; "],
    ["conv2d --node x", 2, "--node x is no flag"],
    ["convolve", 1, 'there is no operator "convolve"; '],
    ["conv2d --also none.jsonl", 1, "there is no database none.jsonl"],
    ["conv2d --also none.jsonl --team no.json", 1, "there is no database none.jsonl"],
    ["conv2d --team no.json", 1, "there is no file no.json with the winners of a team"],
    ["conv2d --dtype f16", 1, "kernels that store data in f16 cannot be tuned, only those of f32"],
    ["conv2d --dtype f8", 2, 'there is no dtype "f8"; there are f32, f16, bf16'],
    ["conv2d --shape 1,2", 2, "--shape 1,2 cannot be read"],
  ])("%s", async (words, code, message) => {
    const outcome = await warpweave("tune", ...words.split(" "), "--database", database);
    expect(outcome.err).toContain(message);
    expect([outcome.code, outcome.out]).toEqual([code, ""]);
    expect(existsSync(database)).toBe(false);
  });

  test("a database that another process writes to, and one that is damaged", async () => {
    const path = await write("held.jsonl", 1);
    const held = await openDatabase(path);
    const words = ["tune", "conv2d", "--shape", "1,2,4,4,2,3", "--database", path];
    expect((await warpweave(...words)).err).toContain(`${path} is being written by process`);
    await held.close();
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('{"kind":"m', '{"k\n{"kind":"m'));
    expect((await warpweave(...words)).err).toContain(`line 2 of ${path} is damaged: it is not`);
    const repaired = await warpweave("tune", "repair", path);
    expect(repaired.out).toBe(`${path}: 1 measurement kept, 1 line moved to ${path}.damaged\n`);
    expect((await warpweave("tune", "repair", path)).out).toBe(`${path}: no line is damaged\n`);
    expect(await readRecords(path)).toEqual([makeRecord(1)]);
  });

  test("what is no file", async () => {
    const path = folder.path("folder.jsonl");
    mkdirSync(path);
    await expect(openDatabase(path)).rejects.toThrow(`cannot read ${path}: it is not a file`);
    await expect(readRecords("/dev/null")).rejects.toThrow("it is not a file");
  });
});

test("tune merge unites, and overwrites nothing", async () => {
  const [a, b] = [await write("a.jsonl", 1, 2), await write("b.jsonl", 2, 3)];
  const into = folder.path("c.jsonl");
  const merged = await warpweave("tune", "merge", a, b, "--out", into);
  expect(merged.out).toBe(`${into}: 3 of 4 measurements\n`);
  const again = await warpweave("tune", "merge", a, "--out", into);
  expect([again.code, again.err]).toEqual([
    1,
    `error: ${into} exists; name a file that does not, so that nothing is lost\n`,
  ]);
});

test("paths that cannot be are told in words", async () => {
  const [file, none] = [await write("whole.jsonl", 1), folder.path("nowhere/m.jsonl")];
  const merged = await warpweave("tune", "merge", file, "--out", none);
  expect([merged.code, merged.err]).toEqual([
    1,
    `error: cannot write ${none}: there is no such file or folder\n`,
  ]);
  await expect(openDatabase(`${file}/x.jsonl`)).rejects.toThrow("not a folder");
  const empty = folder.path("empty.jsonl");
  writeFileSync(empty, "");
  const resumed = await warpweave("tune", "resume", "--database", empty);
  expect([resumed.code, resumed.err]).toEqual([
    1,
    `error: ${empty} is not a database of tune: it is empty\n`,
  ]);
});

test("a run that is refused is none to resume", async () => {
  const path = folder.path("refused-runs.jsonl");
  const words = ["conv2d", "--target", "gpujs", "--shape", "1,2,4,4,2,3", "--database", path];
  expect((await warpweave("tune", ...words)).code).toBe(1);
  // It leaves no database behind either.
  expect(existsSync(path)).toBe(false);
  const { err } = await warpweave("tune", "resume", "--database", path);
  expect(err).toBe(`error: there is no database ${path}\n`);
});

test("tune resume lists what did not end, once", async () => {
  mkdirSync(folder.path("below"));
  const path = folder.path("below/runs.jsonl");
  const database = await openDatabase(path);
  const line = { kind: "run", operator: "conv2d", at: "2026-01-01T00:00:00.000Z" } as const;
  const words = (budget: string) => ({ target: "js", budget });
  database.append({ ...line, id: "1", state: "started", request: words("5") });
  database.append({ ...line, id: "2", state: "started", request: words("6") });
  database.append({ ...line, id: "3", state: "started", request: words("5") });
  database.append({ ...line, id: "2", state: "finished", request: words("6") });
  await database.close();
  const { out } = await warpweave("tune", "resume", "--database", path);
  expect(out.split("\n")[0]).toBe("1  2026-01-01T00:00:00.000Z  conv2d --target js --budget 5");
  expect(out).not.toContain("--budget 6");
  const beyond = await warpweave("tune", "resume", "2", "--database", path);
  expect([beyond.code, beyond.err]).toEqual([
    2,
    `error: there is no run 2 in ${path}; a number of the list is allowed, from 1 to 1\n`,
  ]);
});
