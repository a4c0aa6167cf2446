import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Entry, Executor } from "../../targets/contract/program.ts";
import { findLack } from "../../targets/cuda/build.ts";
import { openChecked } from "../../targets/cuda/checked.ts";
import { type CudaOptions, openCuda } from "../../targets/cuda/executor.ts";
import { findGpu } from "../../targets/cuda/gpu.ts";
import { findHostCompiler, runTool } from "../../targets/native/compilers.ts";
import { blockSum, countUp, entryOf, kernel, neighbour, scale } from "./cuda.fixtures.ts";

const compiler = await findHostCompiler();
const usable = compiler !== undefined && process.platform === "linux";
if (!usable) console.warn("Skipped: the races build needs Linux and g++ or clang++.");

const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

async function open(options: CudaOptions = {}): Promise<Executor> {
  const cuda = await openCuda({ build: "races", cache, ...options });
  if ("unavailable" in cuda) throw new Error(cuda.unavailable);
  return cuda;
}

async function run(cuda: Executor, source: string, n = 128, entry: Entry = entryOf()) {
  const job = { inputs: { x: countUp(n) }, scalars: { N: n, a: 2 } };
  const { y } = await cuda.run({ entry, source }, job);
  return [...y!];
}

const orders = ["forward", "reverse", "random:7"] as const;
const doubled = (n: number) => [...countUp(n)].map((value) => 2 * value);
const shared = "  __shared__ float s[64];\n";

const { ok: onPath } = await runTool("g++", ["--version"]);
test.runIf(process.env.CI && onPath)("in CI, a g++ on PATH is used", () => {
  expect(usable).toBe(true);
});

const gpu = await findGpu();

describe.skipIf(!usable)("the races build of the CUDA simulation", { timeout: 60_000 }, () => {
  test("says what it is", async () => {
    const { device } = await open();
    expect(device.device).toMatch(/^host simulation \((g\+\+|clang) \d+\.\d+\), no GPU$/);
    expect(device.driver).toContain("races build");
    expect(await findLack(compiler!, "races")).toBe(undefined);
  });

  test.each(orders)("gives the results of kernels without races, threads %s", async (order) => {
    const cuda = await open({ order });
    for (const n of [1, 64, 65, 200]) expect(await run(cuda, scale, n)).toEqual(doubled(n));
    const sum = (64 * 65) / 2;
    expect(await run(cuda, blockSum, 64)).toEqual(Array.from({ length: 64 }, () => 2 * sum));
    const before = [1, ...countUp(63)].map((value) => 2 * value);
    expect(await run(cuda, neighbour, 64)).toEqual(before);
  });

  describe.each([
    ["neighbours that read what others read", "  if (i < N) y[i] = x[0] + x[i / 2];"],
    ["atomics of many groups", "  atomicAdd(&y[0], 1.0f);"],
    [
      "a store, a barrier and atomics within each group",
      "  y[i] = 0.0f; __syncthreads(); atomicAdd(&y[i / 64 * 64], 1.0f);",
    ],
    ["shared memory anew in each group", `${shared}  s[t] = x[i]; y[i] = s[t];`],
    [
      "a store, a barrier and reads by others, again and again",
      `${shared}  for (int k = 0; k < 3; ++k) {
    s[t] = x[i] + k;
    __syncthreads();
    y[i] = s[63 - t];
    __syncthreads();
  }`,
    ],
    [
      "lanes of a warp that meet at __syncwarp",
      `${shared}  s[t] = x[i];
  __syncwarp();
  y[i] = s[t ^ 1];
  __syncwarp();
  s[t] = y[i];`,
    ],
    [
      "half a warp that meets at __syncwarp",
      `${shared}  s[t] = x[i];
  if (t % 32 < 16) {
    __syncwarp(0x0000ffffu);
    y[i] = s[t ^ 8];
  } else y[i] = s[t];`,
    ],
    [
      "integers by every kind of atomic operation",
      `  __shared__ int n[4];
  if (t < 4) n[t] = 0;
  __syncthreads();
  atomicMax(&n[0], t); atomicMin(&n[1], t); atomicAdd(&n[2], 1); atomicExch(&n[3], t);
  atomicCAS(&n[3], 0, t);
  __syncthreads();
  y[i] = n[0] + n[2];`,
    ],
  ])("finds nothing in %s", (_, body) => {
    test.each(orders)("threads %s", async (order) => {
      expect(await run(await open({ order }), kernel(body))).toHaveLength(128);
    });
  });

  describe.each<[string, string, RegExp]>([
    [
      "a missing barrier",
      neighbour.replace("__syncthreads();", ""),
      /^Race in run: the shared tile\[\d+\] is (written|read) by group [01], thread \d+ \(line \d: `.*tile\[.*`\) and (written|read) by group [01], thread \d+ \(line \d: `.*`\), with no barrier between them\.$/,
    ],
    [
      "a missing barrier at the end of a loop",
      kernel(`${shared}  for (int k = 0; k < 3; ++k) {
    s[t] = x[i] + k;
    __syncthreads();
    y[i] = s[63 - t];
  }`),
      /the shared s\[\d+\] is .*\(line [68]: .*with no barrier between them/,
    ],
    [
      "an addition that is not atomic",
      kernel("  y[i % 5] += x[i];"),
      /^Race in run: y\[[0-4]\] is .*\(line 4: `y\[i % 5\] \+= x\[i\];`\)/,
    ],
    [
      "a plain store before atomics of other groups",
      kernel("  y[i] = 0.0f;\n  __syncthreads();\n  atomicAdd(&y[i % 64], x[i]);"),
      /y\[\d+\] is .*`atomicAdd\(&y\[i % 64\], x\[i\]\);`.*and the groups of a launch have no order/,
    ],
    [
      "a plain store before atomics of the group",
      kernel("  y[i] = 0.0f;\n  atomicAdd(&y[i / 64 * 64], x[i]);"),
      /with no barrier between/,
    ],
    [
      "a plain read among atomics",
      kernel("  atomicAdd(&y[0], 1.0f); if (i == 9) y[1] = y[0];"),
      /^Race in run: y\[0\] is (read|updated atomically) by/,
    ],
    ["two threads that write one element", kernel("  y[i / 2] = a;"), /y\[\d+\] is written by/],
    ["equal values from all groups", kernel("  if (t == 3) y[7] = a;"), /y\[7\] is written by/],
    ["a write to another thread's element", kernel("  y[i] = a; y[N - 1 - i] = a;"), /is written/],
    [
      "an element that another group reads",
      kernel("  y[i] = a; if (i >= 64) y[i] += y[i - 64];"),
      /is (read|written) by .*and the groups of a launch have no order/,
    ],
    [
      "lanes of a warp that do not meet",
      kernel(`${shared}  s[t] = x[i];\n  y[i] = s[t ^ 1];`),
      /the shared s\[\d+\]/,
    ],
    [
      "warps that only meet within themselves",
      kernel(`${shared}  s[t] = x[i];\n  __syncwarp();\n  y[i] = s[t ^ 32];`),
      /the shared s\[\d+\]/,
    ],
    [
      "lanes that shuffle, which orders no memory",
      kernel(`${shared}  s[t] = x[i];
  float v = __shfl_xor_sync(0xffffffffu, a, 1);
  y[i] = s[t ^ 1] + v;`),
      /the shared s\[\d+\]/,
    ],
    [
      "half a warp that reads what the other half wrote",
      kernel(`${shared}  s[t] = x[i];
  if (t % 32 < 16) __syncwarp(0x0000ffffu);
  y[i] = s[t ^ 16];`),
      /the shared s\[\d+\]/,
    ],
  ])("finds %s", (_, source, message) => {
    test.each(orders)("threads %s", async (order) => {
      await expect(run(await open({ order }), source)).rejects.toThrow(message);
    });
  });

  test("which of them no order of threads shows in values", async () => {
    const source = kernel("  if (i < 64) y[i] = 0.0f;\n  y[i % 5] += 1.0f;");
    const lost = await Promise.all(
      orders.map(async (order) => run(await open({ build: "simulation", order }), source, 64)),
    );
    // In order of threads every later addition sees the earlier ones, but those before a store are lost …
    expect(new Set(lost.map(String)).size).toBeGreaterThan(1);
    const added = source.replace("if (i < 64) y[i] = 0.0f;", "");
    const entry = entryOf();
    const steps = [{ kind: "fill", buffer: "y", value: 0 } as const, ...entry.steps];
    const values = await Promise.all(
      orders.map(async (order) =>
        run(await open({ build: "simulation", order }), added, 64, { ...entry, steps }),
      ),
    );
    // … and with memory set beforehand none is: the simulation never interrupts an addition.
    expect(new Set(values.map(String)).size).toBe(1);
    expect(values[0]!.slice(0, 5)).toEqual([13, 13, 13, 13, 12]);
    await expect(run(await open(), added, 64, { ...entry, steps })).rejects.toThrow("Race in run");
  });

  test("launches are in order, and their buffers are told apart", async () => {
    const source = `${kernel("  y[i] = x[i];")}${kernel("  y[N - 1 - i] += x[0];").replace("run(", "more(")}`;
    const entry = entryOf();
    const [step] = entry.steps;
    if (step?.kind !== "launch") throw new Error("there is no launch");
    const both = { ...entry, steps: [step, { ...step, function: "more" }] };
    const results = await run(await open(), source, 128, both);
    expect(results).toEqual([...countUp(128)].map((value) => value + 1));
    const twice = source.replace("y[N - 1 - i] += x[0]", "y[i / 2] = x[i]");
    await expect(run(await open(), twice, 128, both)).rejects.toThrow(
      "Race in more: y[0] is written by group 0, thread 0",
    );
  });

  test("a race does not spoil what runs next", async () => {
    const cuda = await open();
    await expect(run(cuda, kernel("  y[0] = a;"))).rejects.toThrow("Race");
    expect(await run(cuda, scale, 70)).toEqual(doubled(70));
  });

  test("threads at different barriers are a sentence", async () => {
    const cuda = await open();
    await expect(run(cuda, kernel("  if (t < 16) __syncthreads();"))).rejects.toThrow(
      /thread 0 waits at the __syncthreads\(\) of line 4, as do 15 more; thread 16 ended/,
    );
  });

  test("what it cannot follow is refused", async () => {
    const cuda = await open();
    await expect(run(cuda, kernel("  ((short*)y)[i] = 1;"))).rejects.toThrow(
      /is written by group 0, thread 0 \(line 4: .*\) with 2 bytes at a time; the races build follows whole words/,
    );
    const one = entryOf({ group: 1, groups: "1" });
    const large = 2 ** 24 + 1;
    await expect(run(cuda, kernel("  y[0] = x[0];"), large, one)).rejects.toThrow(
      `the races build can follow no further buffer of ${4 * large} bytes: it follows 64 MiB at most`,
    );
    expect(await run(cuda, kernel("  if (i < N) y[i] = x[0];"), 3)).toEqual([1, 1, 1]);
  });

  describe("what check opens", () => {
    const racy = kernel("  if (i < N) y[i] = a * x[i];\n  if (i == N) y[0] = a * x[0];");
    async function openCheck(all: boolean): Promise<Executor> {
      const cuda = await openChecked({ all, cache });
      if ("unavailable" in cuda) throw new Error(cuda.unavailable);
      return cuda;
    }

    test.skipIf(gpu.present)("says so", async () => {
      expect((await openCheck(false)).device).toMatchObject({
        device: expect.stringMatching(
          /^host simulation \(.*\), no GPU; memory and races checked; (also|not) executed as PTX/,
        ),
        driver: expect.stringMatching(
          /values build.*; memory and races builds for 8 jobs of each entry point with default options/,
        ),
      });
      expect((await openCheck(true)).device.driver).toMatch(
        /memory and races builds for all jobs;/,
      );
    });

    test("finds what the values are right in spite of", async () => {
      const cuda = await openCheck(false);
      expect(await run(cuda, scale, 70)).toEqual(doubled(70));
      const values = await open({ build: "simulation" });
      // Two threads write the same value; a thread reads one element before the array.
      expect(await run(values, racy, 100)).toEqual(doubled(100));
      await expect(run(cuda, racy, 100)).rejects.toThrow(/^Race in run: y\[0\] is written by/);
      const reads = kernel("  if (i < N) y[i] = a * x[i] + (x[i - 1] > 1e30f);");
      expect((await run(values, reads, 100)).slice(1)).toEqual(doubled(100).slice(1));
      await expect(run(cuda, reads, 100)).rejects.toThrow(/^Memory check: heap-buffer-overflow/);
    });

    test("runs further jobs, and other options than the defaults, for values only", async () => {
      // Races where BORDER is 1, or where there are more than 100 elements.
      const source = scale.replace(
        "if (i >= N) return;",
        "if (BORDER == 1 || N > 100) y[0] = 0.0f;\n  if (i >= N) return;",
      );
      const cuda = await openCheck(false);
      const inputs = { x: countUp(100) };
      const job = { inputs, scalars: { N: 100, a: 2 }, constants: { BORDER: 1 } };
      const program = { entry: entryOf(), source };
      for (let i = 0; i < 8; i++) await cuda.run(program, job);
      await cuda.run(program, { inputs: { x: countUp(101) }, scalars: { N: 101, a: 2 } });
      const anew = await openCheck(false);
      await expect(run(anew, source, 101)).rejects.toThrow("Race in run: y[0]");
      const all = await openCheck(true);
      await expect(all.run(program, job)).rejects.toThrow("Race in run: y[0]");
      expect(await run(all, source, 100)).toHaveLength(100);
    });
  });

  describe("with fewer tools", () => {
    const home = process.env.PATH ?? "";
    afterEach(() => {
      process.env.PATH = home;
    });

    /** A folder as the only one on PATH, with a compiler that refuses a flag. */
    function leaveCompiler(refused: string): void {
      const folder = mkdtempSync(join(cache, "path-"));
      const script = `#!/bin/sh
for flag in "$@"; do [ "$flag" = "${refused}" ] && echo "no ${refused}" >&2 && exit 1; done
PATH='${home}' exec '${compiler!.path}' "$@"
`;
      writeFileSync(join(folder, "g++"), script, { mode: 0o755 });
      process.env.PATH = folder;
    }

    test("a compiler without the thread sanitizer's instrumentation cannot build it", async () => {
      leaveCompiler("-fsanitize=thread");
      expect(await openCuda({ build: "races", cache })).toEqual({
        target: "cuda",
        unavailable: "g++ has no thread sanitizer's instrumentation.",
        install: "g++ with the libraries it comes with",
      });
      const checked = await openChecked({ cache });
      if ("unavailable" in checked) throw new Error(checked.unavailable);
      expect(checked.device.device).toMatch(
        /; memory checked; no races check: g\+\+ has no thread sanitizer's instrumentation\./,
      );
      expect(await run(checked, scale, 70)).toEqual(doubled(70));
    });

    test("a compiler without the address sanitizer cannot build the memory check", async () => {
      leaveCompiler("-fsanitize=address");
      expect(await openCuda({ build: "memory", cache })).toMatchObject({
        unavailable: "g++ has no address sanitizer.",
      });
    });

    test("lines and names of arrays are left out where nothing tells them", async () => {
      leaveCompiler("-none");
      const source = neighbour.replace("__syncthreads();", "");
      await expect(run(await open(), source)).rejects.toThrow(
        /^Race in run: byte \d+ of shared memory is .* \(code 0x\w+; its line needs addr2line of binutils\) and/,
      );
    });
  });
});
