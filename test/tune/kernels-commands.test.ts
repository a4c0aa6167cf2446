// The commands on spaces and winners, as users type them.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bucketOf } from "../../generators/tune/winners/shapes.ts";
import { printWinners } from "../../generators/tune/winners/winner.ts";
import { warpweave } from "../cli/cli.fixtures.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warpweave-winners-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const type = (line: string) => warpweave(...line.split(" "));

test("tune space prints parameters, constraints and counts", async () => {
  const { code, out } = await type("tune space roi_pool --target cuda");
  expect(code).toBe(0);
  expect(out).toMatch(/^roi_pool forward cuda: 48 configurations of 48, space [0-9a-f]{16}\n/);
  expect(out).toContain("pointwise_group");
  const json = JSON.parse((await type("tune space roi_pool --target cuda --json")).out);
  expect(json).toMatchObject({ valid: 48, all: 48, default: { family: "usual" } });
  const t1 = JSON.parse((await type("tune space roi_pool --target cuda --export t1")).out);
  expect(t1.ConfigurationSpace.TuningParameters).toHaveLength(json.parameters.length);
});

test("tune space says where there is nothing to tune", async () => {
  expect((await type("tune space roi_pool --target gpujs")).out).toContain("nothing to tune");
});

test("tune prune counts by constraint and kind of device", async () => {
  const { code, out } = await type("tune prune conv2d --target wgsl");
  expect(code).toBe(0);
  expect(out).toMatch(/compatibility mode +\d+/);
  expect(out).toContain("a group has 16384 bytes on chip");
});

test.each([
  ["tune space roi_pool --export t9", 2, "--export t9 is not known; the format is t1"],
  ["tune space roi_pool --target js --limits 64,1024", 2, "which js has not"],
  [
    "tune space roi_pool --target wgsl --limits 64",
    2,
    "its bytes on chip, two whole numbers from 1 on, such as 1024,32768",
  ],
  ["tune check roi_pool --target js --winners none.json", 1, "there is no file none.json"],
  ["tune explain roi_pool --database /nowhere/at.jsonl", 1, "there is no database"],
  ["generate roi_pool --tuned x.jsonl", 1, "choose a folder with --out"],
])("%s is refused", async (line, code, message) => {
  const result = await type(line);
  expect(result.err).toContain(message);
  expect(result.code).toBe(code);
});

test("tune explain says which rule gave a schedule", async () => {
  const { out } = await type("tune explain roi_pool --target js --json");
  expect(JSON.parse(out)).toMatchObject([{ rule: "default", configuration: null, rejected: [] }]);
});

test("tune check passes what holds, and fails on winners that do not", async () => {
  const good = await type("tune check roi_pool --target js --points 1");
  expect(good.out).toContain("roi_pool forward offset on js  2 of 10  the interpreter");
  expect(good.code).toBe(0);
  const shape = { N: 1, C: 64 };
  const stale = {
    key: {
      operator: "roi_pool",
      role: "forward",
      present: [],
      kernel: "0000000000000000",
      space: "0000000000000000",
      target: "js",
      threads: 1,
      device: { device: "a machine", driver: "1.0" },
      dtype: "f32",
      shape,
      offsets: "normal:2",
      protocol: 1,
    },
    bucket: bucketOf(shape),
    configuration: { family: "usual" },
    evidence: { default: 2, tuned: 1, ratio: 2, interval: [2, 2], date: "2026-11-22" },
  } as const;
  const path = join(folder, "tuned.json");
  await writeFile(path, printWinners([stale]));
  const bad = await type(`tune check roi_pool --target js --points 1 --winners ${path}`);
  expect(bad.out).toContain("it was measured with another kernel: the declaration changed");
  expect(bad.err).toContain("0 configurations of spaces and 1 winner do not hold");
  expect(bad.code).toBe(1);
});
