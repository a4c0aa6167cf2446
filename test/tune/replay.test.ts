// `tune replay` as people and programs use it.

import { existsSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import { newestOf } from "../../generators/tune/database/identity.ts";
import { readRecords } from "../../generators/tune/database/read.ts";
import { openDatabase } from "../../generators/tune/database/store.ts";
import { readSpaceFile } from "../../generators/tune/formats/read.ts";
import { spaceOf } from "../../generators/tune/kernels/space.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import { targetsByName } from "../../targets/registry.ts";
import { makeFolder, warpweave } from "../cli/cli.fixtures.ts";
import { makeRecord } from "./database.fixtures.ts";

const data = new URL("data/", import.meta.url).pathname;
const pnpoly = `${data}pnpoly.RTX_3090.json.gz`;
const folder = makeFolder();
afterAll(() => folder.remove());

const replay = (...args: readonly string[]) => warpweave("tune", "replay", ...args);

describe("tune replay", () => {
  test("--json prints one object", async () => {
    const args = ["--space", pnpoly, "--strategy", "ils", "--runs", "5", "--seed", "3", "--json"];
    const { code, out, err } = await replay(...args);
    expect([code, err]).toEqual([0, ""]);
    const score = JSON.parse(out);
    expect(Object.keys(score)).toEqual(["space", "strategy", "runs", "seed", "fraction", "ci95"]);
    expect(score).toMatchObject({ strategy: "ils", runs: 5, seed: 3 });
    expect(Object.keys(score.fraction)).toEqual(["10", "20", "50", "100", "200"]);
    const fractions = Object.values<number>(score.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    for (const [count, [low, high]] of Object.entries<[number, number]>(score.ci95)) {
      expect(low).toBeLessThanOrEqual(score.fraction[count]);
      expect(high).toBeGreaterThanOrEqual(score.fraction[count]);
    }
    // The same seed again, to the bit.
    expect((await replay(...args)).out).toBe(out);
  });

  test("several strategies are a table, with what chance reaches", async () => {
    const args = ["--strategy", "random,genetic", "--runs", "3", "--budget", "30"];
    const { code, out } = await replay("--space", pnpoly, ...args);
    expect(code).toBe(0);
    expect(out).toContain(
      "4092 configurations, 330 of them fail; the best one takes 7.224 (in the recording's unit)",
    );
    expect(out).toMatch(/^strategy +10 +20 +30$/m);
    expect(out).toMatch(/^random +[\d.]+ \([\d.]+–[\d.]+\)/m);
    expect(out).toMatch(/^chance, exactly +80\.\d +85\.\d +88\.\d$/m);
  });

  test("a failed configuration costs an evaluation", async () => {
    const cache = {
      kernel_name: "k",
      tune_params_keys: ["a"],
      cache: {
        "1": { a: 1, time: "CompilationFailedConfig" },
        "2": { a: 2, time: 4 },
        "3": { a: 3, time: 2 },
      },
    };
    const path = folder.path("three.json");
    writeFileSync(path, JSON.stringify(cache));
    const args = ["--strategy", "exhaustive", "--budget", "3", "--runs", "1", "--json"];
    const { out } = await replay("--space", path, ...args);
    expect(JSON.parse(out).fraction).toEqual({ "3": 1 });
    for (const [budget, fraction] of [
      ["1", 0],
      ["2", 0.5],
    ] as const) {
      const less = ["--strategy", "exhaustive", "--budget", budget, "--runs", "1", "--json"];
      const { out: text } = await replay("--space", path, ...less);
      expect(JSON.parse(text).fraction).toEqual({ [budget]: fraction });
    }
  });

  test.each([
    [["--strategy", "defalt"], 2, 'there is no strategy "defalt"; did you mean "default"?'],
    [["--budget", "0"], 2, "--budget 0 cannot be read; write a whole number from 1 to 100000"],
    [["--runs", "x"], 2, "--runs x cannot be read; write a whole number from 1 to 100000"],
    [
      ["--budget", "9999999999"],
      2,
      "--budget 9999999999 cannot be read; write a whole number from 1 to 100000",
    ],
    [["--seed", "-1"], 2, "--seed -1 cannot be read; write a whole number from 0 to 4294967296"],
  ])("%s is refused", async (args, code, message) => {
    const outcome = await replay("--space", pnpoly, ...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(message);
    expect(outcome.out).toBe("");
  });

  test.each([
    ["a space without results", `${data}pnpoly.T1.json`, "of the format T1, without results"],
    ["what is not there", "/none.json", "there is no file /none.json"],
    [
      "nothing but failures",
      folder.write(
        "failed.json",
        '{"kernel_name": "k", "tune_params_keys": ["a"], "cache": {"1": {"a": 1, "time": "x"}}}',
      ),
      "the recorded space k has no valid configuration: all 1 failed",
    ],
    [
      "nothing",
      folder.write("empty.json", '{"kernel_name": "k", "tune_params_keys": ["a"], "cache": {}}'),
      "the recorded space k has no configurations",
    ],
  ])("%s is refused", async (_, path, message) => {
    const outcome = await replay("--space", path);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain(message);
  });
});

describe("tune space of a file", () => {
  test("counts what each condition refuses", async () => {
    const { code, out } = await warpweave("tune", "space", `${data}convolution.T1.json`);
    expect(code).toBe(0);
    expect(out).toContain("convolution_kernel (T1): 6768 configurations valid of 16896");
    expect(out).toMatch(/^ +4488 +2448 +tile_size_x \* tile_size_y < 30$/m);
  });

  test("--json says what was recorded", async () => {
    const { out } = await warpweave("tune", "space", pnpoly, "--json");
    const expected = { format: "cache", all: 4092, valid: 4092, failed: 330, best: 7.224192 };
    expect(JSON.parse(out)).toMatchObject(expected);
  });

  test("--export t1 is read again as the same space", async () => {
    const { out } = await warpweave("tune", "space", pnpoly, "--export", "t1");
    const again = folder.write("again.json", out);
    const { out: text } = await warpweave("tune", "space", again, "--json");
    const { hash } = JSON.parse((await warpweave("tune", "space", pnpoly, "--json")).out);
    expect(JSON.parse(text)).toMatchObject({ format: "T1", hash });
  });

  test("what is said of an operator's kernels is refused", async () => {
    const { code, err } = await warpweave("tune", "space", pnpoly, "--target", "c");
    expect(code).toBe(2);
    expect(err).toContain("--target is of an operator's kernels");
    const pruned = await warpweave("tune", "prune", pnpoly);
    expect(pruned.code).toBe(1);
    expect(pruned.err).toContain("pnpoly.RTX_3090.json.gz is a file with a space; `tune space");
  });

  test("without a valid configuration is refused", async () => {
    const file = JSON.parse((await warpweave("tune", "space", pnpoly, "--export", "t1")).out);
    file.ConfigurationSpace.Conditions = [{ Parameters: [], Expression: "tile_size > 99" }];
    const path = folder.write("none.json", JSON.stringify(file));
    const { code, err } = await warpweave("tune", "space", path);
    expect(code).toBe(1);
    expect(err).toContain("no configuration of cn_pnpoly on NVIDIA GeForce RTX 3090 is valid");
  });
});

describe("tune export", () => {
  test.each(["t4", "cache"])("to %s is read back, with the same times", async (format) => {
    const path = folder.path(`${format}.jsonl`);
    const database = await openDatabase(path);
    const failed = {
      status: "compile",
      error: "no",
      configuration: { tile: 9, fast: true },
    } as const;
    const { median: _, ...untimed } = makeRecord(9, failed);
    for (const record of [makeRecord(4), makeRecord(2), untimed]) database.append(record);
    await database.close();
    const out = folder.path(`${format}.json`);
    const exported = await warpweave("tune", "export", path, "--format", format, "--out", out);
    expect(exported).toMatchObject({ code: 0, err: "", out: `${out}: 3 measurements\n` });
    const args = ["--strategy", "exhaustive", "--budget", "3", "--runs", "1", "--json"];
    const { out: text } = await replay("--space", out, ...args);
    expect(JSON.parse(text).fraction).toEqual({ "3": 1 });
    const { out: space } = await warpweave("tune", "space", out, "--json");
    expect(JSON.parse(space)).toMatchObject({ valid: 3, failed: 1, best: 4 });
    const again = await warpweave("tune", "export", path, "--format", format, "--out", out);
    expect(again.code).toBe(1);
    expect(again.err).toContain(`${out} is there already`);
    // And back: all of it into an empty database, nothing into one that knows it.
    const back = folder.path(`${format}.back.jsonl`);
    const take = () => warpweave("tune", "import", out, "--database", back);
    expect((await take()).out).toBe(`${back}: 3 measurements added, 0 known before\n`);
    expect((await take()).out).toBe(`${back}: 0 measurements added, 3 known before\n`);
    expect(newestOf(await readRecords(back))).toEqual(newestOf(await readRecords(path)));
  });

  test("of several shapes takes one by its number, with its space where that is known", async () => {
    const operator = openOperator("roi_pool");
    const kernel = operator.kernel([]);
    const of = spaceOf(kernel, targetsByName.js);
    const path = folder.path("several.jsonl");
    const database = await openDatabase(path);
    const base = makeRecord(1).key;
    const own = { operator: "roi_pool", kernel: hashKernel(kernel), space: hashSpace(of.space) };
    for (const N of [1, 2]) {
      const key = { ...base, ...own, present: [], shape: { N } };
      database.append({ ...makeRecord(N), key, configuration: of.default });
    }
    await database.close();
    const write = (format: string, ...more: readonly string[]) => {
      const out = folder.path(`several.${format}.${more.length}.json`);
      const words = ["tune", "export", path, "--format", format, ...more, "--out", out];
      return warpweave(...words).then((found) => ({ ...found, path: out }));
    };
    const refused = await write("cache");
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining("--only takes one by its number"),
    ]);
    expect(refused.err).toContain("2  roi_pool forward on js (N=2), Node");
    const cache = await write("cache", "--only", "2");
    expect(cache.out).toBe(`${cache.path}: 1 measurement\n`);
    const read = readSpaceFile(cache.path);
    expect(read.space.parameters).toEqual(of.space.parameters);
    const t1 = await write("t1", "--only", "2");
    expect(hashSpace(readSpaceFile(t1.path).space)).toBe(hashSpace(of.space));
    expect((await write("t1", "--only", "3")).err).toContain("--only 3 cannot be read");
  });

  test("what is no measurement of ours is not taken, and makes no database", async () => {
    const into = folder.path("foreign.jsonl");
    const outcome = await warpweave("tune", "import", pnpoly, "--database", into);
    expect([outcome.code, outcome.err]).toEqual([1, expect.stringContaining("of another tool")]);
    expect(existsSync(into)).toBe(false);
  });

  test.each([
    [["--format", "csv"], 2, "--format csv is not known; there are t4, cache, t1"],
    [["--format", "t4"], 1, "none.jsonl"],
  ])("%s is refused, and nothing is written", async (args, code, message) => {
    const out = folder.path("export.json");
    const database = folder.path("none.jsonl");
    const outcome = await warpweave("tune", "export", database, ...args, "--out", out);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toContain(message);
    expect(existsSync(out)).toBe(false);
  });
});
