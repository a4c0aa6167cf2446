import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Entry, Executor } from "../../targets/contract/program.ts";
import { type CudaOptions, openCuda } from "../../targets/cuda/executor.ts";
import { loadLibrary } from "../../targets/cuda/library.ts";
import { planJob } from "../../targets/cuda/plan.ts";
import { findHostCompiler, runTool } from "../../targets/native/compilers.ts";
import {
  blockSum,
  countUp,
  entryOf,
  kernel,
  neighbour,
  scale,
  unguarded,
} from "./cuda.fixtures.ts";

const compiler = await findHostCompiler();
const usable = compiler !== undefined && process.platform === "linux";
if (!usable) console.warn("Skipped: the CUDA simulation needs Linux and g++ or clang++.");

const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

async function open(options: CudaOptions): Promise<Executor> {
  const cuda = await openCuda({ cache, ...options });
  if ("unavailable" in cuda) throw new Error(cuda.unavailable);
  return cuda;
}

async function run(cuda: Executor, source: string, n: number, entry: Entry = entryOf()) {
  const job = { inputs: { x: countUp(n) }, scalars: { N: n, a: 2 } };
  const { y } = await cuda.run({ entry, source }, job);
  return [...y!];
}

const doubled = (n: number) => [...countUp(n)].map((value) => 2 * value);
const orders = ["forward", "reverse", "random:7"] as const;
const builds = ["simulation", "memory"] as const;

describe.skipIf(!usable)("the CUDA simulation", { timeout: 60_000 }, () => {
  describe.each(builds)("in its %s build", (build) => {
    test("says that it is no GPU", async () => {
      const { device } = await open({ build });
      expect(device.device).toMatch(/^host simulation \((g\+\+|clang) \d+\.\d+\), no GPU$/);
      expect(device.hardware).toBe(false);
      expect(device.driver).toContain("threads forward");
    });

    test("runs a guarded kernel at sizes that do not fill the blocks", async () => {
      const cuda = await open({ build });
      for (const n of [1, 63, 64, 65, 200]) expect(await run(cuda, scale, n)).toEqual(doubled(n));
    });

    test("compiles a constant in, and keeps its builds apart", async () => {
      const cuda = await open({ build });
      const job = { inputs: { x: countUp(3) }, scalars: { N: 3, a: 1 } };
      const program = { entry: entryOf(), source: scale };
      const ones = await cuda.run(program, { ...job, constants: { BORDER: 1 } });
      expect(ones.y).toEqual(new Float32Array([2, 3, 4]));
      expect((await cuda.run(program, job)).y).toEqual(countUp(3));
    });

    test.each(orders)("reduces in shared memory, threads %s", async (order) => {
      const cuda = await open({ build, order });
      const sum = (64 * 65) / 2;
      const rest = (65 + 100) * 18;
      const expected = Array.from({ length: 100 }, (_, i) => 2 * (i < 64 ? sum : rest));
      expect(await run(cuda, blockSum, 100)).toEqual(expected);
    });

    test.each(orders)("reduces by warp shuffles and atomics, threads %s", async (order) => {
      const cuda = await open({ build, order });
      const source = kernel(`
  float v = i < N ? x[i] : 0.0f;
  if (i < N) y[i] = 0.0f;
  __syncthreads();
  for (int s = 16; s > 0; s >>= 1) v += __shfl_down_sync(0xffffffffu, v, s);
  if (t % 32 == 0) atomicAdd(&y[blockIdx.x * 64], a * v);
  float w = __shfl_xor_sync(0xffffffffu, (float)t, 1);
  float up = __shfl_up_sync(0xffffffffu, (float)t, 4, 8);
  float first = __shfl_sync(0xffffffffu, (float)t, 3);
  unsigned odd = __ballot_sync(0xffffffffu, t & 1);
  if (i == 5) { y[1] = w; y[2] = up; y[3] = first; y[4] = odd == 0xaaaaaaaau; }
  if (i == 2) y[5] = up;`);
      expect((await run(cuda, source, 64)).slice(0, 6)).toEqual([4160, 4, 1, 3, 1, 2]);
    });

    test("a missing barrier shows as NaN in some order, and only there", async () => {
      const source = neighbour.replace("__syncthreads();", "");
      const expected = [1, ...countUp(63)].map((value) => 2 * value);
      expect(await run(await open({ build }), neighbour, 64)).toEqual(expected);
      // Left to right, each neighbour happens to have been written: one order is no check.
      expect(await run(await open({ build, order: "forward" }), source, 64)).toEqual(expected);
      const reverse = await run(await open({ build, order: "reverse" }), source, 64);
      expect(reverse.slice(1).every(Number.isNaN)).toBe(true);
      const random = await run(await open({ build, order: "random:1" }), source, 64);
      expect(random.some(Number.isNaN)).toBe(true);
    });

    test("the same seed gives the same run, another seed another", async () => {
      const source = kernel("  y[i] = atomicAdd(&y[0], 0.0f); if (i == 0) y[0] = 1.0f;");
      const results = [];
      for (const order of ["random:1", "random:1", "random:2"] as const)
        results.push(await run(await open({ build, order }), source, 64));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).not.toEqual(results[0]);
    });

    test("shared memory holds no value of the block before", async () => {
      const source = kernel(`  __shared__ float tile[64];
  if (blockIdx.x == 0) tile[t] = 1.0f;
  y[i] = tile[t];`);
      const result = await run(await open({ build }), source, 128);
      expect(result.slice(0, 64)).toEqual(new Array(64).fill(1));
      expect(result.slice(64).every(Number.isNaN)).toBe(true);
    });

    test.each([
      [
        "if (t < 16) __syncthreads();",
        /thread 0 waits at the __syncthreads\(\) of line 4, as do 15 more; thread 16 ended/,
      ],
      ["if (t == 9) return;\n  __syncthreads();", /thread 9 ended/],
      [
        "if (t < 3) __syncthreads();\n  else __syncthreads();",
        /line 4, as do 2 more; thread 3 waits at the __syncthreads\(\) of line 5/,
      ],
      [
        "if (t % 2) __syncwarp();\n  __syncthreads();",
        /thread 0 waits at the __syncthreads\(\) of line 5, as do 31 more; thread 1 waits for its warp at line 4/,
      ],
    ])("divergence is an error: %s", async (body, message) => {
      const cuda = await open({ build });
      await expect(run(cuda, kernel(`  ${body}`), 64)).rejects.toThrow(message);
      // The threads it left behind do no harm to the next launch.
      expect(await run(cuda, blockSum, 64)).toEqual(new Array(64).fill(4160));
    });

    test("lanes that have ended, or that the mask leaves out, need not take part", async () => {
      const source = kernel(`  if (t >= 40) return;
  const float v = t < 8 ? __shfl_down_sync(0xffu, (float)t, 1) : a;
  __syncwarp();
  y[i] = v;`);
      const y = await run(await open({ build }), source, 40);
      expect(y).toEqual([1, 2, 3, 4, 5, 6, 7, Number.NaN, ...new Array(32).fill(2)]);
    });

    test("fills, workspaces and several launches run in order", async () => {
      const cuda = await open({ build });
      const launch = entryOf().steps[0]!;
      if (launch.kind !== "launch") throw new Error("not a launch");
      const step = (from: string, to: string) => ({
        ...launch,
        buffers: [
          { name: from, access: "read" as const, binding: 0 },
          { name: to, access: "update" as const, binding: 1 },
        ],
      });
      const entry = entryOf(undefined, {
        workspaces: [{ name: "scratch", dtype: "f32", elements: "N" }],
        steps: [
          { kind: "fill", buffer: "scratch", value: 1 },
          { kind: "fill", buffer: "y", value: 0 },
          step("x", "scratch"),
          step("scratch", "y"),
        ],
      });
      const source = kernel("  if (i < N) y[i] += a * x[i];");
      expect(await run(cuda, source, 70, entry)).toEqual(
        doubled(70).map((value) => 2 * (value + 1)),
      );
    });

    test("nothing to do: no block runs, empty buffers come back empty", async () => {
      const cuda = await open({ build });
      expect(await run(cuda, scale, 0)).toEqual([]);
      const entry = entryOf({ groups: "0" });
      expect((await run(cuda, scale, 2, entry)).every(Number.isNaN)).toBe(true);
    });

    test("more than 65535 blocks", async () => {
      const n = 70_000;
      const source = kernel("  if (i < N) y[i] = blockIdx.x;");
      const y = await run(await open({ build }), source, n, entryOf({ group: 1, groups: "N" }));
      expect(y[n - 1]).toBe(n - 1);
    });

    test("compile errors carry the compiler's text and the kernel's line", async () => {
      const cuda = await open({ build });
      await expect(run(cuda, kernel("  y[i] = nosuch;"), 1)).rejects.toThrow(
        /kernel\.cu:4:.*nosuch/,
      );
      await expect(run(cuda, "// nothing here", 1)).rejects.toThrow(/has no kernel/);
    });

    test("an entry that does not fit its kernel is an error", async () => {
      const cuda = await open({ build });
      const scalars = run(cuda, scale, 4, entryOf({ scalars: ["a", "N"] }));
      await expect(scalars).rejects.toThrow("run takes (ppif) and was given (ppfi)");
      const name = run(cuda, scale, 4, entryOf({ function: "walk" }));
      await expect(name).rejects.toThrow("there is no kernel named walk");
    });
  });

  describe("the memory build finds", () => {
    test.each([
      ["a missing guard", unguarded, /heap-buffer-overflow.*in kernel run, group 1, thread 6\b/],
      ["a read before a buffer", kernel("  if (i < N) y[i] = x[i - 1];"), /heap-buffer-overflow/],
      [
        "a read beyond shared memory",
        kernel("  __shared__ float s[64]; s[t] = a; __syncthreads(); if (i < N) y[i] = s[t + 1];"),
        /out of bounds|global-buffer-overflow/,
      ],
      [
        "a shared read through a pointer",
        kernel(
          "  __shared__ float s[64]; s[t] = a; const float* p = s + N; __syncthreads(); if (i < N) y[i] = p[t];",
        ),
        /insufficient space for an object|global-buffer-overflow/,
      ],
      [
        "int of NaN",
        kernel("  if (i < N) y[i] = (float)(int)(x[i] * __int_as_float(0x7fc00000));"),
        /nan is outside the range of .* type 'int', in kernel run, group 0, thread 0\b/,
      ],
      [
        "int of 1e30",
        kernel("  if (i < N) y[i] = (float)(int)(x[i] * 1e30f);"),
        /outside the range/,
      ],
      [
        "signed overflow",
        kernel("  if (i < N) y[i] = (float)(N * 1000 * 1000 * 1000);"),
        /signed integer overflow/,
      ],
      [
        "a misaligned vector",
        kernel("  if (i == 0) y[0] = ((const float4*)(x + 1))->x;"),
        /misaligned/,
      ],
    ])("%s", async (_, source, message) => {
      const cuda = await open({ build: "memory" });
      await expect(run(cuda, source, 70)).rejects.toThrow(message);
    });

    test("a read of an empty buffer", async () => {
      const cuda = await open({ build: "memory" });
      const entry = entryOf({ groups: "1", group: 1 });
      await expect(run(cuda, kernel("  y[0] = x[0];"), 0, entry)).rejects.toThrow(
        /use-after-poison/,
      );
    });

    test("a kernel that does not end, where there is a time limit", async () => {
      const cuda = await open({ build: "memory", timeout: 1000 });
      const source = kernel("  volatile float v = 0.0f; while (v == 0.0f) {} y[i] = v;");
      await expect(run(cuda, source, 64)).rejects.toThrow("did not end within 1000 ms");
    });

    test("and lets the hardware's saturating conversion be", async () => {
      const cuda = await open({ build: "memory" });
      const source = kernel("  if (i < N) y[i] = (float)__float2int_rd(x[i] * 1e30f);");
      expect(await run(cuda, source, 1)).toEqual([2147483648]);
    });
  });

  test("two executors that build the same thing at once leave one build", async () => {
    const shared = mkdtempSync(join(cache, "shared-"));
    const both = await Promise.all([1, 2].map(() => open({ build: "simulation", cache: shared })));
    const results = await Promise.all(both.map((cuda) => run(cuda, scale, 5)));
    expect(results).toEqual([doubled(5), doubled(5)]);
    const folders = readdirSync(shared);
    expect(folders.filter((name) => name.startsWith("building-"))).toEqual([]);
    expect(folders).toHaveLength(3); // the runtime, the probe, the kernel
  });
});

test("without any compiler it says what to install", async () => {
  const path = process.env.PATH;
  try {
    process.env.PATH = "";
    for (const build of ["simulation", "memory"] as const) {
      const cuda = await openCuda({ build, cache });
      expect(cuda).toMatchObject({ target: "cuda", install: expect.stringContaining("g++") });
    }
  } finally {
    process.env.PATH = path;
  }
});

test.skipIf(!usable)("auto says why it is not a GPU; a closed executor runs nothing", async () => {
  const cuda = await openCuda({ cache });
  if ("unavailable" in cuda) throw new Error(cuda.unavailable);
  if (!cuda.device.hardware) expect(cuda.device.driver).toMatch(/; no GPU because: .+\.$/);
  await cuda.close();
  await expect(run(cuda, scale, 1)).rejects.toThrow("This CUDA executor is closed.");
});

test.skipIf(!compiler?.name.startsWith("g++"))(
  "the portable way to switch fibers gives the same results",
  { timeout: 60_000 },
  async () => {
    const native = fileURLToPath(new URL("../../targets/cuda/", import.meta.url));
    const folder = mkdtempSync(join(cache, "ucontext-"));
    writeFileSync(join(folder, "kernel.cu"), blockSum);
    writeFileSync(
      join(folder, "library.cpp"),
      `#include "device.h"
#include "kernel.cu"
#include "registry.h"
const ww::Kernel ww::kernels[] = {WW_KERNEL(run)};
const unsigned ww::kernel_count = 1;
`,
    );
    const runtime = ["fiber", "barriers", "group", "launcher"].map(
      (name) => `${native}simulation/${name}.cpp`,
    );
    const flags = ["-std=c++17", "-O1", "-fPIC", "-fvisibility=hidden", "-shared", "-pthread"];
    const defines = ["-DWW_SIMULATION", "-DWW_UCONTEXT", `-I${native}`, `-I${native}simulation`];
    const args = [...flags, ...defines, "library.cpp", ...runtime, "-o", "kernels.so"];
    const { ok, stderr } = await runTool(compiler!.path, args, folder);
    expect({ ok, stderr }).toEqual({ ok: true, stderr: "" });
    const library = await loadLibrary(join(folder, "kernels.so"), "random:3");
    const job = { inputs: { x: countUp(64) }, scalars: { N: 64, a: 2 } };
    const { y } = await library.run(planJob(entryOf(), job));
    expect(y).toEqual(new Float32Array(64).fill(4160));
  },
);

test("an order that does not exist is refused", async () => {
  await expect(openCuda({ order: "random:" as "forward", cache })).rejects.toThrow(
    "The order random: is not forward, reverse or random:SEED.",
  );
});
