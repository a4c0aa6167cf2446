// The tuning loop: candidates that are wrong, crash, hang or take all memory cost themselves alone.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { keyOf, openBench, openTuning } from "../../generators/cli/tuning/open.ts";
import { formatResult } from "../../generators/cli/tuning/show.ts";
import { findKernel } from "../../generators/cli/tuning/subject.ts";
import { makeConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer } from "../../generators/measure/work/layers.ts";
import { readRecords } from "../../generators/tune/database/read.ts";
import type { Measurement } from "../../generators/tune/database/record.ts";
import { openDatabase } from "../../generators/tune/database/store.ts";
import { type TuneEvent, type TuneResult, tune } from "../../generators/tune/run/tune.ts";
import { strategies } from "../../generators/tune/search/index.ts";
import { createRandom } from "../../generators/tune/search/random.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import type { Space } from "../../generators/tune/space/space.ts";
import { targetsByName } from "../../targets/registry.ts";
import { type Plant, plant, plantNames } from "./plants.fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "warpweave-tune-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const space: Space = {
  name: "planted",
  parameters: [{ name: "plant", values: plantNames }],
  constraints: [],
};
const usual = { plant: "default" };
const work = makeConv(parseLayer("1,3,6,5,4,3"));
const tuned = findKernel(openOperator("conv2d"), work, targetsByName.js);
const program = tuned.compile();

/** Tunes the planted space; `after` is called with each event. */
async function run(
  path: string,
  signal = new AbortController().signal,
  tell: (event: TuneEvent) => void = () => {},
  { count = 100, swap = (name: Plant) => name } = {},
): Promise<TuneResult & { readonly compiled: number }> {
  const opening = await openTuning(tuned, work, {
    threads: 1,
    flags: ["--max-old-space-size=100"],
    limits: { run: 1500, compile: 10_000 },
  });
  const database = await openDatabase(path);
  let compiled = 0;
  try {
    const kernelSpace = { space, default: usual, scheduleFor: () => ({ refused: "" }) };
    const key = keyOf(tuned, kernelSpace, opening.opened, 1, "zero");
    const bench = await openBench(tuned, work, opening, { threads: 1, random: createRandom(1) });
    const effort = { ...bench.effort, least: 3, most: 4, time: 100 };
    const result = await tune({
      key,
      points: enumerate(space),
      usual,
      strategy: strategies.exhaustive!,
      seeds: [],
      random: createRandom(1),
      budget: { kind: "evaluations", count },
      database,
      compile: (configuration) => {
        compiled++;
        return plant(program, swap(configuration.plant as Plant));
      },
      bench: { ...bench, effort },
      last: { heats: 1, effort },
      signal,
      tell,
    });
    return { ...result, compiled };
  } finally {
    await database.close();
    await opening.close();
  }
}

describe("candidates that do wrong", { timeout: 120_000 }, () => {
  const path = join(folder, "planted.jsonl");
  const expected: Readonly<Record<Plant, readonly [Measurement["status"], RegExp | undefined]>> = {
    default: ["correct", undefined],
    same: ["correct", undefined],
    slow: ["correct", undefined],
    wrong: ["correctness", /case .*: output: /],
    changing: ["nondeterministic", /equal runs give different output/],
    input: ["correctness", /writes where it must not: input|case /],
    unwritten: ["correctness", /NaN|case /],
    throws: ["runtime", /planted/],
    syntax: ["compile", /Unexpected identifier/],
    hang: ["timeout", /no answer within/],
    crash: ["runtime", /SIGABRT/],
    memory: ["memory", /ran out of memory/],
  };

  test("are told by what they do, and the others are measured", async () => {
    const result = await run(path);
    const records = (await readRecords(path)).filter(({ final }) => final !== true);
    const found = new Map(records.map((record) => [record.configuration.plant, record]));
    for (const name of plantNames) {
      const { status, error } = found.get(name)!;
      const [wanted, why] = expected[name];
      expect([name, status, error]).toEqual([name, wanted, error]);
      if (why) expect(error).toMatch(why);
    }
    const slow = found.get("slow")!;
    expect(slow.median!).toBeGreaterThan(2 * slow.anchor!);
    expect(result.measured).toBe(plantNames.length);
    expect(result.verdict.failures).toEqual({
      correctness: 3,
      nondeterministic: 1,
      compile: 1,
      timeout: 1,
      runtime: 2,
      memory: 1,
    });
    expect(formatResult(result, usual)).toMatch(/without a time that counts: .*1 timeout/);
    const names = ["default", "same"];
    expect(names).toContain(result.verdict.best!.configuration.plant);
  });

  test("are not measured again", async () => {
    const before = await readRecords(path);
    const again = await run(path);
    expect([again.measured, again.reused, again.compiled]).toEqual([0, plantNames.length, 0]);
    expect(await readRecords(path)).toEqual(before);
  });
});

test("what crashes in the last comparison is left out of it, and told", async () => {
  const path = join(folder, "late.jsonl");
  let isLast = false;
  const events: TuneEvent[] = [];
  const swap = (name: Plant): Plant => (isLast && name === "same" ? "crash" : name);
  const tell = (event: TuneEvent) => {
    events.push(event);
    isLast ||= event.kind === "comparing";
  };
  // Whether it is near the default depends on the machine: it is said to be as fast.
  const near = (of: Measurement): Measurement => ({ ...of, median: of.anchor! });
  const first = await run(path, undefined, undefined, { count: 2 });
  expect(first.stopped).toBe(false);
  const singles = (await readRecords(path)).filter(({ final }) => final !== true).map(near);
  const again = join(folder, "again.jsonl");
  const database = await openDatabase(again);
  for (const one of singles) database.append(one);
  await database.close();
  const { verdict } = await run(again, undefined, tell, { count: 3, swap });
  const dropped = events.flatMap((event) => (event.kind === "dropped" ? [event.record] : []));
  expect(dropped).toMatchObject([{ configuration: { plant: "same" }, status: "runtime" }]);
  expect(dropped[0]!.error).toMatch(/^in the last comparison: .*SIGABRT/);
  expect(verdict.failures).toEqual({ runtime: 1 });
  expect(verdict.isFinal).toBe(true);
  expect(verdict.best).toMatchObject({ configuration: usual, final: true });
  expect(verdict.ratio).toEqual({ value: 1, low: 1, high: 1 });
  expect(verdict.ties).toHaveLength(1);
  const text = formatResult({ verdict, measured: 1, reused: 2, stopped: false }, usual);
  expect(text).toContain("the default is not beaten: of 3 tried, none was faster");
  expect(text).toMatch(/^default .* 1\.00x /m);
  expect(text).toMatch(/^next .* plant=slow$/m);
});

test("a run that is stopped keeps what it has", async () => {
  const path = join(folder, "stopped.jsonl");
  const stop = new AbortController();
  const first = await run(path, stop.signal, (event) => {
    if (event.kind === "evaluated" && event.done === 2) stop.abort();
  });
  expect([first.stopped, first.measured]).toEqual([true, 2]);
  expect(await readRecords(path)).toHaveLength(2);
});
