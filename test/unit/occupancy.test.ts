// Our arithmetic against NVIDIA's own, compiled from the toolkit's header, over a grid of kernels.

import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Architecture, architectures } from "../../targets/cuda/nvcc.ts";
import { type BlockUse, computeOccupancy } from "../../targets/cuda/occupancy.ts";
import { findHostCompiler, findNvcc, runTool } from "../../targets/native/compilers.ts";

/** The folder of the toolkit's headers. */
async function findHeader(): Promise<string | undefined> {
  const nvcc = await findNvcc();
  const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH, "/usr/local/cuda"];
  if (nvcc) homes.push(dirname(dirname(nvcc.path)));
  for (const home of homes) {
    if (!home) continue;
    const folder = join(home, "include");
    if (
      await access(join(folder, "cuda_occupancy.h")).then(
        () => true,
        () => false,
      )
    )
      return folder;
  }
  return undefined;
}

const header = await findHeader();
const compiler = await findHostCompiler();
if (!header || !compiler)
  console.warn("Skipped: occupancy against NVIDIA's header needs the CUDA toolkit and g++.");

test.runIf(process.env.CI && (await findNvcc()))("in CI, with nvcc, there is the header", () => {
  expect(header).toBeDefined();
});

// What no header tells: threads, registers, and shared memory of a multiprocessor.
const program = `#include <climits>
#include <cstdio>
#include <cstdlib>
#include "cuda_occupancy.h"

int main() {
  const struct { int sm, threads; size_t shared, reserved; } devices[] = {
    {75, 1024, 64, 0}, {80, 2048, 164, 1}, {86, 1536, 100, 1}, {89, 1536, 100, 1},
    {90, 2048, 228, 1}, {100, 2048, 228, 1}, {120, 1536, 100, 1}};
  int sm, threads, registers, shared, barriers;
  while (scanf("%d %d %d %d %d", &sm, &threads, &registers, &shared, &barriers) == 5)
    for (const auto& device : devices) {
      if (device.sm != sm) continue;
      cudaOccDeviceProp p;
      p.computeMajor = sm / 10;
      p.computeMinor = sm % 10;
      p.maxThreadsPerBlock = 1024;
      p.maxThreadsPerMultiprocessor = device.threads;
      p.regsPerBlock = p.regsPerMultiprocessor = 65536;
      p.warpSize = 32;
      p.sharedMemPerBlock = p.sharedMemPerBlockOptin = 48 * 1024;
      p.sharedMemPerMultiprocessor = device.shared * 1024;
      p.reservedSharedMemPerBlock = device.reserved * 1024;
      p.numSms = 1;
      cudaOccFuncAttributes f;
      f.maxThreadsPerBlock = INT_MAX;
      f.numRegs = registers;
      f.sharedSizeBytes = shared;
      f.numBlockBarriers = barriers;
      cudaOccDeviceState state;
      cudaOccResult r;
      if (cudaOccMaxActiveBlocksPerMultiprocessor(&r, &p, &f, &state, threads, 0)) return 1;
      const int limits[] = {r.activeBlocksPerMultiprocessor, r.blockLimitRegs,
        r.blockLimitSharedMem, r.blockLimitWarps, r.blockLimitBlocks, r.blockLimitBarriers};
      for (int limit : limits) printf("%d ", limit == INT_MAX ? -1 : limit);
      puts("");
    }
}
`;

interface Case extends BlockUse {
  readonly sm: Architecture;
}

const cases: readonly Case[] = architectures.flatMap((sm) =>
  [1, 31, 32, 33, 64, 96, 128, 160, 256, 384, 512, 768, 1024, 1025].flatMap((threads) =>
    [0, 1, 8, 16, 24, 32, 33, 40, 41, 64, 65, 96, 127, 128, 168, 255, 256, 257].flatMap(
      (registers) =>
        [0, 1, 128, 129, 1024, 4097, 12288, 16384, 33000, 48 * 1024, 48 * 1024 + 1].flatMap(
          (sharedBytes) =>
            [0, 1, 2, 16].map((barriers) => ({ sm, threads, registers, sharedBytes, barriers })),
        ),
    ),
  ),
);

/** What NVIDIA's header says of each case: blocks, then the limits in our order. */
async function askHeader(folder: string): Promise<readonly (readonly number[])[]> {
  const source = join(folder, "occupancy.cpp");
  const lines = cases.map((c) => [c.sm, c.threads, c.registers, c.sharedBytes, c.barriers]);
  await writeFile(source, program);
  await writeFile(join(folder, "cases"), lines.map((line) => `${line.join(" ")}\n`).join(""));
  const built = await runTool(compiler!.path, ["-w", "-I", header!, source, "-o", "ask"], folder);
  expect(built.ok, built.stderr).toBe(true);
  const ran = await runTool("/bin/sh", ["-c", "./ask < cases > answers"], folder);
  expect(ran.ok, ran.stderr).toBe(true);
  const answers = (await readFile(join(folder, "answers"), "utf8")).trim().split("\n");
  return answers.map((line) =>
    line
      .trim()
      .split(" ")
      .map((n) => (n === "-1" ? Number.POSITIVE_INFINITY : Number(n))),
  );
}

const ours = ({ sm, ...use }: Case): readonly number[] => {
  const { blocks, limits } = computeOccupancy(sm, use);
  const { registers, warps, blocks: slots, barriers } = limits;
  return [blocks, registers, limits["shared memory"], warps, slots, barriers];
};

describe.skipIf(!header || !compiler)("NVIDIA's header agrees", { timeout: 60_000 }, () => {
  test("on every limit, of every kernel of a grid on every architecture", async () => {
    const folder = await mkdtemp(join(tmpdir(), "warpweave-test-"));
    try {
      const theirs = await askHeader(folder);
      expect(theirs).toHaveLength(cases.length);
      const wrong = cases.flatMap((one, i) =>
        String(ours(one)) === String(theirs[i])
          ? []
          : [`${JSON.stringify(one)}: ${ours(one)}, not ${theirs[i]}`],
      );
      expect(wrong.slice(0, 10)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test("says what limits, and how full the multiprocessor becomes", () => {
  const plain = { threads: 128, registers: 40, sharedBytes: 0, barriers: 0 };
  expect(computeOccupancy(80, plain)).toMatchObject({
    ...{ blocks: 12, warps: 48, share: 0.75, limiters: ["registers"] },
  });
  const tiled = { threads: 256, registers: 96, sharedBytes: 40 * 1024, barriers: 1 };
  expect(computeOccupancy(75, tiled)).toMatchObject({
    ...{ blocks: 1, warps: 8, share: 0.25, limiters: ["shared memory"] },
  });
  expect(computeOccupancy(90, { ...plain, threads: 32, registers: 16 })).toMatchObject({
    ...{ blocks: 32, share: 0.5, limiters: ["blocks"] },
  });
  expect(computeOccupancy(86, { ...tiled, registers: 255, threads: 1024 }).blocks).toBe(0);
});
