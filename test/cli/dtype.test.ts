// Data in 16 bits on the command line: what is run, and what is refused.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { findHostCompiler } from "../../targets/native/compilers.ts";
import { makeFolder, warpweave } from "./cli.fixtures.ts";

const compiler = await findHostCompiler();
if (!compiler) console.warn("Skipped: check --dtype on CUDA's simulation needs g++.");

const folder = makeFolder();
afterAll(() => folder.remove());

test.skipIf(!compiler)(
  "check --dtype compares kernels that store data in it",
  async () => {
    const args = ["check", "conv2d", "--target", "cuda", "--dtype", "f16", "--cases", "0"] as const;
    const { code, out } = await warpweave(...args);
    expect([code, out]).toStrictEqual([0, expect.stringContaining("data in f16")]);
    expect(out).toMatch(/0 failed/);
  },
  120_000,
);

test("generate --dtype writes files beside those of f32, and the manifest tells of both", async () => {
  const out = folder.path("both");
  const read = (path: string): string => readFileSync(join(out, path), "utf8");
  const args = ["generate", "roi_pool", "--target", "cuda", "--dtype", "f32,bf16"] as const;
  expect((await warpweave(...args, "--out", out)).code).toBe(0);
  const files = ["roi_pool.cu", "roi_pool_bf16.cu", "roi_pool_backward_bf16.cu"];
  for (const file of files) expect(read(`cuda/${file}`)).toContain("__global__");
  expect(read("cuda/roi_pool_bf16.cu")).toContain(
    "// Data are bf16; positions and what is computed, f32.",
  );
  expect(read("manifest.json")).toContain('"cuda_bf16"');
});

describe("is refused", () => {
  test.each([
    [["check", "conv2d", "--target", "js", "--dtype", "f16"], "js does not store data in f16"],
    [["check", "conv2d", "--target", "wgsl", "--dtype", "bf16"], "it stores f32, f16"],
    [["generate", "conv2d", "--dtype", "f8", "--out", "none"], 'there is no dtype "f8"; there are'],
    [["generate", "conv2d", "--dtype", "f16"], "--dtype makes other kernels than those that ship"],
  ])("%j", async (args, sentence) => {
    const { code, err } = await warpweave(...args);
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(sentence);
    expect(err.trim().split("\n")[0]).toContain("error: ");
  });
});
