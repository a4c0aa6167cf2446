// The loop of a run, with sessions that only pretend: what counts, who is to blame, and what ends it.

import { existsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { UserError } from "../../generators/cli/errors.ts";
import { readRecords } from "../../generators/tune/database/read.ts";
import { CandidateFailed, type Session } from "../../generators/tune/measure/session.ts";
import type { TuneEvent, TuneOptions } from "../../generators/tune/run/options.ts";
import { DefaultFailed, tune } from "../../generators/tune/run/tune.ts";
import { makeFolder } from "../cli/cli.fixtures.ts";
import { pretendRun, pretendSession } from "./pretend.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

/** A run, with the tiles that were evaluated in order. */
async function run(
  name: string,
  session: Session,
  more: Partial<TuneOptions> = {},
  floor = 0,
  signal?: AbortSignal,
) {
  const tiles: unknown[] = [];
  const path = folder.path(name);
  const tell = (event: TuneEvent) => {
    if (event.kind === "evaluated") tiles.push(event.record.configuration.tile);
  };
  const options = await pretendRun(path, 8, session, tell, { ...more, ...(signal && { signal }) });
  try {
    const result = await tune({ ...options, bench: { ...options.bench, floor } });
    return { ...result, tiles, path };
  } finally {
    await options.database.close();
  }
}

test("seeds come after the default, before the search, and count as all others do", async () => {
  const seeds = [{ tile: 5 }, { tile: 0 }, { tile: 3 }, { tile: 99 }];
  const budget = { kind: "evaluations", count: 4 } as const;
  const { tiles, measured } = await run("seeds.jsonl", pretendSession(), { seeds, budget });
  expect(tiles).toEqual([0, 5, 3, 1]);
  expect(measured).toBe(4);
});

test("what is faster than any device can be counts for nothing, and is told", async () => {
  let isFast = false;
  const session = pretendSession({
    async time(id, samples) {
      const times = Array.from({ length: samples }, () =>
        isFast && id === "candidate" ? 0.01 : 2,
      );
      return { wall: times, processor: times };
    },
  });
  const compile: TuneOptions["compile"] = ({ tile }) => {
    isFast = tile === 3;
    return { entry: { tensors: [] }, source: "" } as never;
  };
  const { verdict, path } = await run("suspect.jsonl", session, { compile }, 0.5);
  expect(verdict.failures).toEqual({ suspect: 1 });
  expect(verdict.refused).toMatchObject([{ configuration: { tile: 3 }, status: "suspect" }]);
  expect(verdict.refused[0]!.error).toContain("0.01 ms is less than the 0.5 ms");
  expect(verdict.best).toMatchObject({ configuration: { tile: 0 } });
  const kept = (await readRecords(path)).filter(({ configuration }) => configuration.tile === 3);
  expect(kept).toMatchObject([{ status: "suspect", median: 0.01 }]);
});

/** A session in which the anchor cannot be made ready for some of the times that it is asked for. */
function failing(fails: (time: number) => boolean) {
  let asked = 0;
  return pretendSession({
    async prepare(id) {
      if (id === "anchor" && fails(asked++)) throw new CandidateFailed("timeout", "slow", true, id);
      return { milliseconds: 0, watched: true };
    },
  });
}

test("a default that fails once in a new process is tried again, and nobody is blamed", async () => {
  const { verdict } = await run(
    "again.jsonl",
    failing((time) => time % 2 === 0),
  );
  expect(verdict.failures).toEqual({});
});

test("one that fails later ends the run without a word against the candidate", async () => {
  const running = run(
    "later.jsonl",
    failing((time) => time >= 2),
  );
  await expect(running).rejects.toThrow(
    "the default configuration failed where it was to be timed",
  );
  await expect(running).rejects.toThrow(UserError);
  await expect(running).rejects.not.toThrow(DefaultFailed);
  const kept = await readRecords(folder.path("later.jsonl"));
  expect(kept).toMatchObject([{ configuration: { tile: 0 } }, { configuration: { tile: 1 } }]);
});

test("one that never works refuses the run, and leaves no database", async () => {
  const running = run(
    "never.jsonl",
    failing(() => true),
  );
  await expect(running).rejects.toThrow(DefaultFailed);
  await expect(running).rejects.toThrow(/cannot be measured \(timeout\): .*slow; nothing can be/);
  expect(existsSync(folder.path("never.jsonl"))).toBe(false);
});

test("a default that failed in an earlier run is measured again", async () => {
  const wrong = { worst: 2, where: "far off", damaged: [], changed: [], milliseconds: 1 };
  const session = pretendSession({ verify: async () => wrong });
  const running = run("unlucky.jsonl", session);
  await expect(running).rejects.toThrow("(correctness): far off; nothing can be compared with it");
  const { verdict, tiles } = await run("unlucky.jsonl", pretendSession());
  expect(tiles).toHaveLength(8);
  expect(verdict.failures).toEqual({});
});
