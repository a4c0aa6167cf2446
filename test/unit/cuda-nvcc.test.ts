import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { buildKernels } from "../../targets/cuda/build.ts";
import { findGpu } from "../../targets/cuda/gpu.ts";
import { loadLibrary } from "../../targets/cuda/library.ts";
import { architectures, compileWithNvcc, readResources } from "../../targets/cuda/nvcc.ts";
import { compileWithNvrtc, findIncludes } from "../../targets/cuda/nvrtc.ts";
import { findNvcc, runTool } from "../../targets/native/compilers.ts";
import { blockSum, kernel, scale } from "./cuda.fixtures.ts";

const nvcc = await findNvcc();
const inPath = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => runTool(join(folder, "nvcc"), ["--version"]));
const onPath = (await Promise.all(inPath)).some(({ ok }) => ok);
if (!nvcc) console.warn("Skipped: compiling for NVIDIA's architectures needs nvcc and g++.");

const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

test.runIf(process.env.CI && onPath)("in CI, an nvcc on PATH is used", () => {
  expect(nvcc).toBeDefined();
});

describe.skipIf(!nvcc)("nvcc", { timeout: 120_000 }, () => {
  test("compiles for seven architectures and reports what a kernel uses", async () => {
    const result = await compileWithNvcc(blockSum);
    if (!("kernels" in result)) throw new Error(JSON.stringify(result));
    expect([...result.kernels.keys()].sort((a, b) => a - b)).toEqual([...architectures]);
    for (const kernels of result.kernels.values()) {
      expect([...kernels.keys()]).toEqual(["run"]);
      const { registers, spillStores, spillLoads, sharedBytes } = kernels.get("run")!;
      expect(registers).toBeGreaterThan(4);
      expect(registers).toBeLessThan(64);
      expect({ spillStores, spillLoads }).toEqual({ spillStores: 0, spillLoads: 0 });
      // The blocks of 64 floats; newer architectures reserve some bytes of their own.
      expect(sharedBytes).toBeGreaterThanOrEqual(256);
      expect(sharedBytes).toBeLessThan(256 + 2048);
    }
  });

  test("takes macros, and gives the compiler's text where a kernel is wrong", async () => {
    const source = `${scale}\n#if BORDER == 1\n#error one\n#endif\n`;
    const right = await compileWithNvcc(source, { architectures: [80], macros: { BORDER: "0" } });
    expect(right).toMatchObject({ ok: true, compiler: expect.stringMatching(/^nvcc release/) });
    const wrong = await compileWithNvcc(source, { architectures: [80], macros: { BORDER: "1" } });
    expect(wrong).toMatchObject({ ok: false, errors: expect.stringContaining("#error one") });
  });

  test("builds the GPU's library, which finds the GPU or says that there is none", async () => {
    const path = await buildKernels(nvcc!, "gpu", cache, scale, {}, "sm_80");
    const library = await loadLibrary(path);
    const said = library.describe();
    if ((await findGpu()).present) expect((await said).driver).toContain("CUDA driver");
    else await expect(said).rejects.toThrow("no CUDA device can be used: ");
  });
});

test("reads a report with spills, several kernels, and a module that follows them", () => {
  const report = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'first' for 'sm_90'
ptxas info    : Function properties for first
    40 bytes stack frame, 48 bytes spill stores, 52 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 40 bytes cumulative stack size, 4096 bytes smem
ptxas info    : Compiling entry function 'second' for 'sm_90'
ptxas info    : Function properties for second
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 16 registers, used 0 barriers, 384 bytes cmem[0]
ptxas info    : 24 bytes gmem, 8 bytes cmem[4]
ptxas info    : Compiling entry function 'first' for 'sm_120'
ptxas info    : Function properties for first
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 20 registers, used 0 barriers
`;
  expect([...readResources(report).get(90)!]).toEqual([
    [
      "first",
      {
        ...{ registers: 255, spillStores: 48, spillLoads: 52, sharedBytes: 4096 },
        ...{ stackBytes: 40, barriers: 1 },
      },
    ],
    [
      "second",
      {
        ...{ registers: 16, spillStores: 0, spillLoads: 0, sharedBytes: 0 },
        ...{ constantBytes: 384, stackBytes: 0, barriers: 0 },
      },
    ],
  ]);
  expect(() => readResources(report.replace("Used 16 registers", ""))).toThrow("not understood");
});

describe("NVRTC", () => {
  test("compatibility means that nothing is included", () => {
    expect(findIncludes(scale)).toEqual([]);
    expect(findIncludes(`#include <cmath>\n${scale}`)).toEqual(["#include <cmath>"]);
  });

  test("compiles a kernel where the library is installed", async (context) => {
    const result = await compileWithNvrtc(scale, { macros: { BORDER: "1" } });
    if ("unavailable" in result) {
      console.warn(`Skipped: compiling with NVRTC. ${result.unavailable}`);
      context.skip(result.unavailable);
      return;
    }
    expect(result).toMatchObject({ ok: true });
    const wrong = await compileWithNvrtc(`#include <cmath>\n${kernel("  y[i] = nosuch;")}`);
    expect(wrong).toMatchObject({ ok: false, errors: expect.stringContaining("cmath") });
  });
});
