// `generate --accumulate`: the kernels that ship, with threads that add in another way.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

const shipped = (path: string): string =>
  readFileSync(join(packageRoot, "generated", path), "utf8");

describe.each(["deterministic", "owned"])("generate --accumulate %s", (way) => {
  const out = folder.path(way);
  const made = (path: string): string => readFileSync(join(out, path), "utf8");
  beforeAll(async () => {
    const args = ["generate", "roi_align", "--accumulate", way, "--out", out] as const;
    expect((await warpweave(...args)).code).toBe(0);
  });

  test("threads add in that way, and the files say so", () => {
    for (const path of ["wgsl/roi_align_backward.wgsl", "cuda/roi_align_backward.cu"]) {
      expect(shipped(path)).toMatch(/atomicCompareExchangeWeak|atomicAdd\(&grad_input\[/);
      expect(made(path)).not.toMatch(/atomicCompareExchangeWeak|atomicAdd\(&grad_input\[/);
      expect(made(path).replace(/\s+(\/\/ )?/g, " ")).toContain(`, ${way}; do not edit`);
    }
    const passes = made("wgsl/roi_align_backward.wgsl").includes("grad_input_measure(");
    expect(passes).toBe(way === "deterministic");
  });

  test("what does not add, or adds one after another, is what ships", () => {
    for (const path of ["wgsl/roi_align.wgsl", "js/roi_align_backward.js"])
      expect(made(path)).toBe(shipped(path));
  });
});

test("where indices do not show an owner, nothing is written", async () => {
  const out = folder.path("none");
  const operator = join(packageRoot, "test/declarations/pick_1d.ts");
  const { code, err } = await warpweave(
    "generate",
    operator,
    "--accumulate",
    "owned",
    "--out",
    out,
  );
  expect([code, err]).toStrictEqual([1, expect.stringContaining("have no owners")]);
  expect(existsSync(out)).toBe(false);
});

test("the folder of what ships is not for other kernels", async () => {
  const { code, err } = await warpweave("generate", "--accumulate", "owned");
  expect([code, err]).toStrictEqual([
    1,
    "error: --accumulate makes other kernels of the same names: choose a folder with --out\n",
  ]);
});
