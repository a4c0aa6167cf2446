// Whole runs of tiny calls, in processes of their own: what agrees is timed, what does not is told.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Contender, openContenders } from "../../bench/contenders.ts";
import { compileWork } from "../../bench/programs.ts";
import { explain, formatRecords, recordsOf } from "../../bench/report.ts";
import { runWork } from "../../bench/run.ts";
import { runCommandLine } from "../../generators/cli/main.ts";
import { makeConv, makeDeformConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer, parsePooling } from "../../generators/measure/work/layers.ts";
import { makeRoiAlign, makeRoiPool } from "../../generators/measure/work/pooling.ts";
import { loadWork, storeWork } from "../../generators/measure/work/work.ts";
import { nodeProgram } from "../../generators/measure/worker/client.ts";
import { targetsByName } from "../../targets/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "warpweave-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const works = [
  makeDeformConv({ ...parseLayer("2,4,6,5,4,3"), G: 2, mask: true, bias: true }, { kind: "zero" }),
  makeConv({ ...parseLayer("1,3,6,5,4,3"), stride: 2 }),
  makeRoiAlign(parsePooling("2,3,9,8,4,2")),
  makeRoiPool(parsePooling("2,3,9,8,4,2")),
];

describe("calls", () => {
  it.each(works.map((work) => [work.op, work] as const))("of %s fit the operator", (_, work) => {
    const compiled = compileWork({ ...work, grad: true }, targetsByName.js);
    if ("unsupported" in compiled) throw new Error(compiled.unsupported);
    expect(compiled.programs).toHaveLength(2);
    const gradients = compiled.programs[1]!.entry.tensors.filter((t) => t.role === "output");
    expect(gradients.map(({ name }) => name)).toEqual(
      work.differentiable.map((name) => `grad_${name}`),
    );
    expect(work.operations).toBeGreaterThan(0);
  });

  it("come back from files as they were", async () => {
    await storeWork(folder, works[0]!);
    expect(await loadWork(folder)).toEqual(works[0]);
  });
});

describe("the command", () => {
  it("prints a line of JSON for each contender, and writes results and a page", async () => {
    const said: Record<"out" | "err", string[]> = { out: [], err: [] };
    const args =
      "--shape 1,4,6,5,4,3 --target js --peers im2col-js,naive-js,hand-js --runs 2 --json";
    const code = await runCommandLine(
      ["bench", "deform_conv2d", ...args.split(" "), "--out", folder],
      { out: (text) => void said.out.push(text), err: (text) => void said.err.push(text) },
    );
    expect(said.err.join("")).toContain("deform_conv2d.html");
    expect(code).toBe(0);
    const records = said.out
      .join("")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ contender }) => contender)).toEqual([
      "im2col-js",
      "naive-js",
      "hand-js",
      "warpweave js",
      "warpweave js, weights kept",
      "warpweave js, whole call",
    ]);
    for (const record of records) {
      expect(Object.keys(record).slice(0, 13)).toEqual([
        "op",
        "contender",
        "target",
        "shape",
        "threads",
        "grad",
        "median_ms",
        "min_ms",
        "max_ms",
        "gflops",
        "peak_mib",
        "device",
        "versions",
      ]);
      expect(record).toMatchObject({ op: "deform_conv2d", threads: 1, grad: false, agrees: true });
      expect(record.runs).toBeGreaterThanOrEqual(2);
      expect(record.min_ms).toBeGreaterThan(0);
      expect(record.min_ms).toBeLessThanOrEqual(record.median_ms);
      expect(record.median_ms).toBeLessThanOrEqual(record.max_ms);
      const gflop = (2 * 4 * 4 * 9 * 30) / 1e9;
      expect(record.gflops / (gflop / (record.median_ms / 1e3))).toBeCloseTo(1, 2);
    }
    const written = JSON.parse(readFileSync(join(folder, "deform_conv2d.json"), "utf8"));
    expect(written.records).toEqual(records);
    expect(written.peaks.bandwidth).toBeGreaterThan(0.1);
    const page = readFileSync(join(folder, "deform_conv2d.html"), "utf8");
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page).not.toMatch(/(src|href)=/);
  });
});

describe("contenders that", () => {
  const fixture = (name: string, options: string): Contender => ({
    name,
    isLibrary: true,
    program: nodeProgram(new URL("bench-wrong.fixtures.ts", import.meta.url)),
    options,
  });

  it("are missing, wrong or dying are told, and the others are timed", async () => {
    const kinds = ["missing", "wrong", "right", "also right", "dies"];
    const missing: string[] = [];
    const opened = await openContenders(
      kinds.map((kind) => fixture(kind, kind)),
      1,
      ({ name, unavailable, install }) => missing.push(`${name}: ${unavailable}, ${install}`),
    );
    try {
      const outcome = await runWork(
        makeDeformConv(parseLayer("1,4,6,5,4,3"), { kind: "normal", deviation: 2 }),
        opened,
        folder,
        { rounds: 2, runs: 2, threads: 1, flags: [] },
        { tell: () => {}, signal: new AbortController().signal },
      );
      expect(missing).toEqual(["missing: it is not here, npm install it"]);
      expect(outcome.verdict?.anchor).toBe("right");
      const records = recordsOf(outcome, 1);
      const said = records.map(({ contender, agrees, runs }) => [contender, agrees, runs > 0]);
      expect(said).toEqual([
        ["wrong", false, false],
        ["right", true, true],
        ["also right", true, true],
        ["dies", true, false],
      ]);
      expect(formatRecords(records)).toMatch(/wrong +not timed/);
      const text = explain(outcome);
      expect(text).toContain("3 of 4 agree with right");
      expect(text).toContain("wrong disagrees and is not timed");
      expect(text).toContain("dies failed while it was timed: its process ended (code 3)");
    } finally {
      for (const { client } of opened) await client.close();
    }
  });

  it("are stopped leave what was found until then", async () => {
    const opened = await openContenders([fixture("right", "right")], 1, () => {});
    const stop = new AbortController();
    const outcome = await runWork(
      makeDeformConv(parseLayer("1,4,6,5,4,3"), { kind: "zero" }),
      opened,
      folder,
      { rounds: 5, runs: 5, threads: 1, flags: [] },
      { tell: (now) => now.includes("round 2") && stop.abort(), signal: stop.signal },
    );
    for (const { client } of opened) await client.close();
    expect(outcome.stopped).toBe(true);
    expect(outcome.rows[0]!.rounds).toHaveLength(2);
    expect(explain(outcome)).toContain("stopped: these are the rounds until then");
    expect(explain(outcome)).toContain("nobody else computed it");
    const nothing = { anchor: "right", agreeing: [], errors: new Map<string, number>() };
    const text = explain({ ...outcome, verdict: nothing });
    expect(text).toContain("all results are 0 or hold NaN");
    expect(text).not.toContain("disagrees");
  });
});
