// `bench --tuned`: which schedules stand beside the default ones, and how they compare.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Opened } from "../../bench/contenders.ts";
import { parseAccumulate } from "../../bench/options.ts";
import { compileWork, kernelsOf } from "../../bench/programs.ts";
import type { Row } from "../../bench/run.ts";
import { compareTuned, findTuned } from "../../bench/tuned.ts";
import { teamVariable } from "../../generators/cli/tuning/layers.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import { makeConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer } from "../../generators/measure/work/layers.ts";
import { protocol } from "../../generators/tune/database/record.ts";
import { spaceOf } from "../../generators/tune/kernels/space.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import { bucketOf } from "../../generators/tune/winners/shapes.ts";
import { printWinners, type Winner } from "../../generators/tune/winners/winner.ts";
import { targetsByName } from "../../targets/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "warpweave-bench-tuned-"));
afterAll(() => {
  delete process.env[teamVariable];
  rmSync(folder, { recursive: true });
});

const { js } = targetsByName;
const work = makeConv(parseLayer("1,8,12,12,8,3"));
const { operator, forward, scalars } = kernelsOf(work, js);
const device = { target: "js", device: "a machine", driver: "1.0", hardware: false };

test("are the winners of the device and call; none where the default is not beaten", async () => {
  const space = spaceOf(forward, js);
  const winner = (changed: Winner["configuration"]): Winner => ({
    key: {
      operator: "conv2d",
      role: "forward",
      present: forward.present,
      kernel: hashKernel(forward),
      space: hashSpace(space.space),
      target: "js",
      threads: 1,
      device: { device: "a machine", driver: "1.0", limits: { "--flag": true } },
      dtype: "f32",
      shape: scalars,
      offsets: "normal:2",
      protocol,
    },
    bucket: bucketOf(scalars),
    configuration: { ...space.default, ...changed },
    evidence: { default: 2, tuned: 1, ratio: 2, interval: [2, 2], date: "2026-11-22" },
  });
  const path = join(folder, "team.json");
  process.env[teamVariable] = path;
  const find = (flags: readonly string[]) =>
    findTuned(operator, [forward], js, scalars, { device, threads: 1, flags });
  writeFileSync(path, printWinners([winner({ contract_MR: 2 })]));
  const found = await find(["--flag"]);
  if ("unsupported" in found) throw new Error(found.unsupported);
  const tuned = compileWork(work, js, 1, undefined, found);
  const usual = compileWork(work, js);
  if ("unsupported" in tuned || "unsupported" in usual) throw new Error("no programs");
  expect(tuned.programs[0]!.source).not.toBe(usual.programs[0]!.source);
  writeFileSync(path, printWinners([winner({})]));
  expect(await find(["--flag"])).toEqual({
    unsupported: expect.stringContaining("it has the default schedules here (forward: "),
  });
});

test("are compared with the default ones that ran in the same way", () => {
  const row = (name: string, mode: string, time: number, tunes?: string): Row => ({
    name: mode,
    counted: "",
    contender: { name, ...(tunes && { tunes }) } as Opened,
    rounds: [[time, time], [time]],
    cpu: [time / 2],
    error: 0,
    agrees: true,
  });
  const rows = [
    row("js", "", 6),
    row("js", "whole call", 9),
    row("js, tuned", "", 4, "js"),
    row("js, tuned", "other", 1, "js"),
  ];
  expect(compareTuned(rows)).toEqual([
    "js, tuned: 1.50 times as fast as the default, 1.50 times by CPU",
  ]);
});

test("are not of another way of adding", () => {
  const request = { accumulate: "atomic", grad: true, tuned: true };
  expect(() => parseAccumulate(request as Parameters<typeof parseAccumulate>[0])).toThrow(
    "leave out --tuned",
  );
});
