// The numbers of reports against small cases that can be counted, and the pages made of them.

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { Measurement } from "../../generators/tune/database/record.ts";
import { header } from "../../generators/tune/database/schema.ts";
import { openDatabase } from "../../generators/tune/database/store.ts";
import { explain, findMarginals, findPairs } from "../../generators/tune/report/effects.ts";
import { comparePlaces } from "../../generators/tune/report/portability.ts";
import { chanceOf, joinRuns, runOf } from "../../generators/tune/report/progress.ts";
import { studyRecords } from "../../generators/tune/report/records.ts";
import { makeReport } from "../../generators/tune/report/report.ts";
import { countFailures, sumSpent } from "../../generators/tune/report/spent.ts";
import type { Study, Timed } from "../../generators/tune/report/study.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import { makeFolder, warpweave } from "../cli/cli.fixtures.ts";
import { makeRecord } from "./database.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

/** A study of costs; null fails. */
const studyOf = (costs: readonly (number | null)[]): Study => ({
  title: "k",
  label: "here",
  kernel: "k",
  facts: {},
  parameters: [{ name: "a", values: costs.map((_, i) => i) }],
  trials: costs.map((cost, a) => ({
    configuration: { a },
    status: cost === null ? "compile" : "correct",
    ...(cost !== null && { cost }),
    spent: { compile: 1000, verify: 0, measure: 1000 },
  })),
  whole: true,
  ordered: true,
});

/** All ways to choose so many of some things. */
const subsets = <T>(of: readonly T[], count: number): readonly (readonly T[])[] =>
  count === 0
    ? [[]]
    : of.flatMap((first, i) => subsets(of.slice(i + 1), count - 1).map((rest) => [first, ...rest]));

describe("best so far", () => {
  test("is the best known time / the best of those before, over evaluations and seconds", () => {
    const { fractions, seconds } = runOf(studyOf([null, 8, 16, 4, 5]));
    expect(fractions).toEqual([0, 0.5, 0.5, 1, 1]);
    expect(seconds).toEqual([2, 4, 6, 8, 10]);
  });

  test("of several runs is their middle one, and ends with the shortest", () => {
    const runs = [1, 2, 3].map((i) => ({ fractions: [0, i / 4, 1], seconds: [i, 2 * i, 3 * i] }));
    const { byEvaluations, bySeconds } = joinRuns("s", [
      ...runs,
      { fractions: [0, 0], seconds: [1, 2] },
      { fractions: [0, 1], seconds: [1, 2] },
    ]);
    expect(byEvaluations.map(({ at, middle }) => [at, middle])).toEqual([
      [1, 0],
      [2, 0.5],
    ]);
    expect(bySeconds.at(-1)!.at).toBe(2);
  });

  test("of chance is what all ways to draw give", () => {
    const costs = [4, null, 7, 4, 9, null, 20, 5];
    const study = studyOf(costs);
    const { byEvaluations, bySeconds } = chanceOf(study, costs.length);
    for (const { at, low, middle, high } of byEvaluations) {
      const reached = subsets(costs, at)
        .map((drawn) => 4 / Math.min(...drawn.map((cost) => cost ?? Number.POSITIVE_INFINITY)))
        .sort((a, b) => a - b);
      // The least value that so many of all do not exceed.
      const part = (share: number) => reached[Math.ceil(share * reached.length - 1e-9) - 1];
      expect([low, middle, high]).toEqual([part(0.1), part(0.5), part(0.9)]);
    }
    expect(bySeconds.map(({ at }) => at)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });
});

/** Times of all pairs of values. */
const grid = (costOf: (a: number, b: number) => number): readonly Timed[] =>
  [0, 1, 2, 3].flatMap((a) =>
    [0, 1, 2, 3].flatMap((b) =>
      [0, 1].map((c) => ({
        configuration: { a, b, c },
        status: "correct",
        cost: costOf(a, b) * (1 + c / 1000),
      })),
    ),
  );
const values = [0, 1, 2, 3];
const gridStudy = (trials: readonly Timed[]): Study => ({
  ...studyOf([]),
  trials,
  parameters: [
    { name: "a", values },
    { name: "b", values },
    { name: "c", values: [0, 1] },
  ],
});

describe("parameters", () => {
  test("explain what they change, alone or together", () => {
    const alone = grid((a) => 2 ** a);
    expect(explain(alone, ["a"])).toBeGreaterThan(0.999);
    expect(explain(alone, ["b"])).toBe(0);
    const together = grid((a, b) => ((a + b) % 2 === 0 ? 1 : 2));
    expect(explain(together, ["a"])).toBe(0);
    expect(explain(together, ["a", "b"])).toBeGreaterThan(0.999);
  });

  test("marginals and pairs hold the best and the median, the most influential first", () => {
    const study = gridStudy(grid((a, b) => 2 ** a * (1 + b)));
    const [first] = findMarginals(study);
    expect(first).toMatchObject({ parameter: "a" });
    expect(first!.values[1]).toMatchObject({ value: 1, best: 2, count: 8 });
    // Of 2, 2.002, 4, 4.004, 6, 6.006, 8 and 8.008.
    expect(first!.values[1]!.median).toBeCloseTo((4.004 + 6) / 2, 9);
    const pairs = findPairs(study, 6);
    // What one parameter explains alone is no pair.
    expect(pairs.map(({ parameters }) => parameters)).toEqual([["a", "b"]]);
    const cell = pairs[0]!.cells.find((of) => of.values[0] === 2 && of.values[1] === 3);
    expect(cell).toMatchObject({ best: 16, count: 2 });
  });
});

const { key } = makeRecord(1);
const failure = (tile: number, error: string): Measurement => {
  const { median: _, interval: __, samples: ___, ...rest } = makeRecord(tile);
  return { ...rest, status: "compile", error };
};
const elsewhere = { ...key, device: { device: "Node", driver: "other" }, shape: { N: 2, C: 4 } };

describe("records", () => {
  const space = {
    name: "s",
    parameters: [
      { name: "tile", values: [1, 2, 3, 4] },
      { name: "fast", values: [true] },
    ],
    constraints: [],
  };
  const usual = { tile: 3, fast: true };
  const know = () => ({ usual, points: enumerate(space) });
  const records = [
    makeRecord(3, { anchor: 5 }),
    makeRecord(1, { anchor: 10 }),
    failure(2, "too large"),
    failure(4, "too large, too"),
  ];

  test("are a study: times adjusted to what the default usually takes, failures with an example", () => {
    const [study] = studyRecords(records, know);
    // The mean of two medians of the default is what it usually takes.
    expect(study!.trials.map(({ cost }) => cost)).toEqual([2.25, undefined, 7.5, undefined]);
    expect(study!.whole).toBe(true);
    expect(study!.won).toMatchObject({ configuration: { tile: 1, fast: true } });
    expect(countFailures(study!)).toMatchObject([
      { status: "compile", count: 2, example: { error: "too large" } },
    ]);
    expect(sumSpent(study!)).toEqual([
      { stage: "compile", seconds: 0.004, failed: 0.002 },
      { stage: "verify", seconds: 0.008, failed: 0.004 },
      { stage: "measure", seconds: 0.012, failed: 0.006 },
    ]);
    expect(makeReport([study!]).sections[0]!.curves.map(({ name }) => name)).toEqual([
      "this run",
      "chance",
    ]);
  });

  test("of the last comparison count more than single ones", () => {
    const last = makeRecord(1, { anchor: 10, median: 4, final: true });
    const wrong: Measurement = { ...failure(3, "wrong later"), status: "correctness", final: true };
    const [study] = studyRecords([...records, last, wrong], know);
    expect(study!.trials.map(({ cost, error }) => cost ?? error)).toEqual([
      3,
      "too large",
      "wrong later",
      "too large, too",
    ]);
  });

  test("of a part of the space, or of another space, have no chance beside them", () => {
    const [part] = studyRecords(records.slice(1), know);
    expect(part!.whole).toBe(false);
    const [unknown] = studyRecords(records, () => undefined);
    expect(unknown).toMatchObject({ whole: false });
    expect(unknown!.usual).toBeUndefined();
    expect(makeReport([part!]).sections[0]!.curves).toHaveLength(1);
  });

  test("of several devices are compared: what won somewhere, and the default", () => {
    const there = [
      makeRecord(1, { key: elsewhere, median: 12 }),
      makeRecord(3, { key: elsewhere, median: 6 }),
    ];
    const [matrix, ...others] = comparePlaces(studyRecords([makeRecord(1), ...there], know));
    expect(others).toEqual([]);
    expect(matrix!.columns).toHaveLength(2);
    const rows = matrix!.rows.map((row) => [row.configuration.tile, row.isUsual, ...row.fractions]);
    expect(rows).toEqual([
      [3, true, null, 1],
      [1, false, 1, 0.5],
    ]);
  });
});

const databaseOf = async (name: string, records: readonly Measurement[]): Promise<string> => {
  const path = folder.path(name);
  const database = await openDatabase(path);
  for (const record of records) database.append(record);
  await database.close();
  return path;
};

const recorded = folder.path("three.json");
const entry = (a: number, time: number | string) => ({
  a,
  time,
  compile_time: 500,
  verification_time: 0,
  benchmark_time: 500,
});
writeFileSync(
  recorded,
  JSON.stringify({
    kernel_name: "k",
    device_name: "GPU",
    tune_params_keys: ["a"],
    cache: {
      "1": entry(1, "CompilationFailedConfig"),
      "2": entry(2, 4),
      "3": entry(3, 2),
      "4": entry(4, 3),
    },
  }),
);

const report = (...args: readonly string[]) => warpweave("tune", "report", ...args);

/** What every page must be: whole, and loading nothing. */
function checkPage(path: string): string {
  const page = readFileSync(path, "utf8");
  expect(page).not.toMatch(/(src|href)="(?!#)|url\((?!#)|@import|<script|undefined|NaN/);
  const count = (pattern: RegExp) => [...page.matchAll(pattern)].length;
  expect(count(/<svg /g)).toBeGreaterThan(0);
  for (const part of [/<figcaption><h4 id="[^"]+">[^<]+<\/h4><p>[^<]+<\/p>/g, /<details>/g])
    expect(count(part)).toBe(count(/<svg /g));
  const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  return page;
}

describe("tune report", () => {
  test("of a recorded space", async () => {
    const out = folder.path("replay.html");
    const args = ["--space", recorded, "--strategy", "exhaustive", "--runs", "1"];
    const outcome = await report(...args, "--out", out, "--json");
    expect(outcome).toMatchObject({ code: 0, err: "" });
    const { sections } = JSON.parse(outcome.out);
    const [search, chance] = sections[0].curves;
    expect(search.byEvaluations.map((of: { middle: number }) => of.middle)).toEqual([0, 0.5, 1, 1]);
    expect(search.bySeconds.map((of: { at: number }) => of.at)).toEqual([1, 2, 3, 4]);
    expect(chance).toMatchObject({ name: "chance", runs: null });
    expect(sections[0].failures).toMatchObject([{ status: "CompilationFailedConfig", count: 1 }]);
    expect(sections[0].sorted.map((of: { milliseconds: number }) => of.milliseconds)).toEqual([
      2, 3, 4,
    ]);
    const page = checkPage(out);
    expect(page).toContain("<title>Tuning: k on GPU</title>");
    expect(page).toContain("Best so far, by seconds");
  });

  test("of databases, of which one may be chosen", async () => {
    const others = [makeRecord(1, { key: elsewhere }), makeRecord(2, { key: elsewhere })];
    const a = await databaseOf("a.jsonl", [
      makeRecord(1),
      makeRecord(2),
      failure(3, "<no & never>"),
    ]);
    const b = await databaseOf("b.jsonl", [
      ...others,
      makeRecord(1, { key: { ...key, target: "c" } }),
    ]);
    const out = folder.path("run.html");
    const { code, out: said } = await report("--database", a, b, "--target", "js", "--out", out);
    expect(code).toBe(0);
    expect(said).toContain("2 tuned kernels");
    const page = checkPage(out);
    expect(page).toContain("Where winners hold");
    expect(page).toContain("&lt;no &amp; never&gt;");
    // Its hash is of no kernel of today, and the page says so.
    expect(page).toContain("The default is not known");
  });

  test("of failures alone is a page that says so", async () => {
    const path = await databaseOf("failed.jsonl", [failure(1, "x")]);
    const out = folder.path("failed.html");
    expect((await report("--database", path, "--out", out)).code).toBe(0);
    expect(checkPage(out)).toContain("No configuration has a time that counts.");
  });

  test.each([
    [[], 2, "--out names the page to write, --json prints its numbers; give one"],
    [["--space", recorded, "--database", "x", "--json"], 2, "a page is of one kind"],
    [["--database", "x", "--strategy", "ils", "--json"], 2, "--strategy goes with --space only"],
    [["--space", recorded, "--target", "c", "--json"], 2, "--target goes with --database only"],
    [["--space", recorded, "--out", "/none/a.html"], 1, "cannot write /none/a.html"],
    [["--space", recorded, "--out", "/"], 1, "cannot write /"],
    [["--space", recorded, "--out", "page"], 1, "cannot write page: a report is a page, which is"],
    [["--database", "/none.jsonl", "--json"], 1, "there is no database /none.jsonl"],
  ])("%s is refused", async (args, code, message) => {
    const outcome = await report(...args);
    expect(outcome).toMatchObject({ code, out: "" });
    expect(outcome.err).toContain(message);
  });

  test("nothing, nothing of what was asked for, and mixed protocols are refused", async () => {
    const empty = folder.path("empty.jsonl");
    writeFileSync(empty, `${JSON.stringify(header)}\n`);
    expect((await report("--database", empty, "--json")).err).toContain(
      "no measurements to report",
    );
    const later = makeRecord(2, { key: { ...key, protocol: 2 } });
    const mixed = await databaseOf("mixed.jsonl", [makeRecord(1), later]);
    const { code, err } = await report("--database", mixed, "--json");
    expect(code).toBe(1);
    expect(err).toContain("of protocols 1 and 2, which are not comparable; --protocol 2 takes");
    const one = await report("--database", mixed, "--protocol", "1", "--json");
    expect(JSON.parse(one.out).sections[0].evaluations).toBe(1);
    const none = await report("--database", mixed, "--operator", "roi_align", "--json");
    expect(none.err).toContain("there are conv2d on js by protocol 1, conv2d on js by protocol 2");
  });
});
