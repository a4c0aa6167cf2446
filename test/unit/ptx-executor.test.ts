// Kernels as the PTX that nvcc makes of them: right ones give their values, wrong ones are found, also where the fault
// is planted in the PTX itself.

import { describe, expect, test } from "vitest";
import type { Data, Entry } from "../../targets/contract/program.ts";
import { planJob } from "../../targets/cuda/plan.ts";
import { compileToPtx, ptxArchitectures } from "../../targets/cuda/ptx/build.ts";
import { openPtx } from "../../targets/cuda/ptx/executor.ts";
import type { ThreadOrder } from "../../targets/cuda/ptx/order.ts";
import { parsePtx } from "../../targets/cuda/ptx/parse.ts";
import { runPtx } from "../../targets/cuda/ptx/plan.ts";
import { defaultCache } from "../../targets/native/cache.ts";
import { findNvcc, findTool } from "../../targets/native/compilers.ts";
import { countUp, entryOf } from "./cuda.fixtures.ts";
import { maths, source } from "./ptx.fixtures.ts";

const nvcc = await findNvcc();
if (!nvcc) console.warn("Skipped: executing PTX needs nvcc and g++, which make it.");

const onPath = (await findTool("nvcc")) !== undefined;
test.runIf(process.env.CI && onPath)("in CI, an nvcc on PATH is used", () => {
  expect(nvcc).toBeDefined();
});

const orders: readonly ThreadOrder[] = ["forward", "reverse", "random:5"];

const texts = new Map<number, string>();
if (nvcc)
  for (const sm of ptxArchitectures)
    texts.set(sm, await compileToPtx(nvcc, defaultCache(), source, {}, sm));

interface Given {
  readonly n?: number;
  readonly groups?: string;
  readonly order?: ThreadOrder;
  readonly initial?: boolean;
  readonly budget?: number;
}

/** Runs a kernel of the file on the numbers from 1 on. */
function run(text: string, name: string, given: Given = {}): number[] {
  const { n = 128, groups = "ceilDiv(N, 64)", order = "forward", budget = 3_000_000 } = given;
  const zero = { kind: "fill", buffer: "y", value: 0 } as const;
  const entry = entryOf({ function: name, groups });
  const steps = given.initial ? [zero, ...entry.steps] : entry.steps;
  const job = { inputs: { x: countUp(n) }, scalars: { N: n, a: 2 } };
  const plan = planJob({ ...entry, steps } satisfies Entry, job);
  const { outputs } = runPtx(parsePtx(text), plan, { order, budget });
  return [...(outputs.y as Data)];
}

function tryRun(text: string, name: string, given: Given = {}): string {
  try {
    return String(run(text, name, given));
  } catch (error) {
    return (error as Error).message;
  }
}

const numbers = (n: number): number[] => [...countUp(n)];

/** a x·x of the square matrix of the numbers from 1 on. */
function product(n: number): number[] {
  const at = (r: number, c: number) => r * n + c + 1;
  return numbers(n * n).map((_, i) => {
    const [r, c] = [Math.floor(i / n), i % n];
    return 2 * numbers(n).reduce((sum, _k, k) => sum + at(r, k) * at(k, c), 0);
  });
}

describe.skipIf(!nvcc).each(ptxArchitectures)("PTX of sm_%i", { timeout: 60_000 }, (sm) => {
  const text = texts.get(sm) ?? "";

  test("says what it is", async () => {
    const opened = await openPtx({ architecture: sm });
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    expect(opened.device).toMatchObject({
      device: `PTX of sm_${sm}, interpreted`,
      hardware: false,
      simulation: true,
    });
    const job = { inputs: { x: countUp(3) }, scalars: { N: 3, a: 2 } };
    const small =
      'extern "C" __global__ void run(const float* x, float* y, int N, float a) { y[threadIdx.x] = a; }';
    const entry = entryOf({ group: 3 });
    expect(await opened.run({ entry, source: small }, job)).toEqual({
      y: Float32Array.of(2, 2, 2),
    });
    await opened.close();
    await expect(opened.run({ entry, source: small }, job)).rejects.toThrow("is closed");
  });

  test.each(orders)("kernels without faults give their values, threads %s", (order) => {
    const sum = (from: number, to: number) => ((from + to) * (to - from + 1)) / 2;
    for (const n of [1, 63, 64, 65])
      expect(run(text, "scale", { n, order })).toEqual(numbers(n).map((v) => 2 * v));
    expect(run(text, "sums", { n: 100, order })).toEqual(
      numbers(100).map((_, i) => 2 * (i < 64 ? sum(1, 64) : sum(65, 100))),
    );
    expect(run(text, "product", { n: 121, groups: "4", order })).toEqual(product(11));
    expect(run(text, "shuffles", { n: 64, order })).toEqual(
      numbers(64).map((_, i) => sum(1, 64) + (i < 32 ? 9000 : 0)),
    );
    expect(run(text, "warp", { n: 64, order })).toEqual(numbers(64).map((_, i) => (i ^ 1) + 1));
    expect(run(text, "counts", { n: 100, order, initial: true }).slice(0, 7)).toEqual([
      14, 15, 15, 14, 14, 14, 14,
    ]);
    expect(run(text, "vectors", { n: 8, order })).toEqual([5, 2, 6, 4, 13, 6, 14, 8]);
    const copied = run(text, "copies", { n: 70, order });
    expect(copied.slice(0, 2)).toEqual([64, 63]);
    expect(copied.slice(64)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("functions of the library, tables and local memory too", () => {
    for (const [i, got] of run(text, "maths", { n: 40 }).entries())
      expect(Math.abs(got / maths(i + 1) - 1), `maths(${i + 1})`).toBeLessThan(2e-6);
  });

  test.each([
    [
      "unguarded",
      { n: 100 },
      /unguarded: 4 bytes at byte \d+ of y, which has 400 bytes, by group 1, thread \d+ \(line \d+: `st\.global/,
    ],
    ["misaligned", {}, /16 bytes at byte 4 of x are not aligned/],
    [
      "unsynchronised",
      {},
      /Race in unsynchronised: the shared s\[\d+\] is|the shared s\[\d+\] is read, which nobody wrote/,
    ],
    ["unwritten", {}, /the shared s\[64\] is read, which nobody wrote/],
    ["unawaited", {}, /the shared tile\[\d+\] is read, which nobody wrote/],
    ["diverging", {}, /thread \d+ has ended without this barrier/],
    [
      "collision",
      {},
      /Race in collision: y\[\d+\] is written by group (\d), thread \d+ .* and written by group \1, .*, with no barrier/,
    ],
    [
      "groups",
      {},
      /Race in groups: y\[\d+\] is written by group \d, .* and the groups of a launch have no order/,
    ],
    ["unatomic", { initial: true }, /Race in unatomic: y\[\d\] is/],
    ["promised", { initial: true }, /Race in promised: y\[\d+\] is/],
    ["endless", { initial: true, budget: 100_000 }, /may never end/],
    ["divided", { n: 64 }, /a whole number is divided by 0/],
    ["missing", {}, /thread 31 has ended, but is waited for/],
  ] as const)("%s is found", (name, given, message) => {
    for (const order of orders) expect(tryRun(text, name, { ...given, order })).toMatch(message);
  });

  /** The file with one kernel only. */
  function isolate(name: string): string {
    const [start, ...kernels] = text.split(/(?=^\.visible \.entry)/m);
    const variables = kernels.flatMap((kernel) => kernel.match(/^\.shared .*;$/gm) ?? []);
    const kernel = kernels.find((words) => words.startsWith(`.visible .entry ${name}(`))!;
    return [start, ...variables, kernel.slice(0, kernel.indexOf("\n}") + 2)].join("\n");
  }

  /** The texts in which one match of a pattern is changed. */
  function* plant(whole: string, pattern: RegExp, by: string): Generator<string> {
    for (const { 0: found, index } of whole.matchAll(pattern)) {
      const changed = found.replace(new RegExp(pattern.source), by);
      yield whole.slice(0, index) + changed + whole.slice(index + found.length);
    }
  }

  // Tiles that are full and tiles that are not, as many as unrolled loops need to take all their ways.
  const sizes: Readonly<Record<string, readonly Given[]>> = {
    product: [21, 24, 33].map((n) => ({ n: n * n, groups: `${Math.ceil(n / 8) ** 2}` })),
    sums: [{ n: 100 }],
    shuffles: [{ n: 64 }, { n: 40 }],
    scale: [{ n: 70 }],
  };

  const known = new Map<string, string>();
  function right(name: string, given: Given): string {
    const key = JSON.stringify([name, given]);
    const value = known.get(key) ?? tryRun(text, name, given);
    known.set(key, value);
    return value;
  }

  test.each([
    ["a barrier is missing", /bar(rier)?\.sync\s+0;/g, "", ["product: bar.sync \t0;"]],
    ["a predicate is the wrong way round", /@(%p\d+) /g, "@!$1 ", []],
    [
      "an address is one element off",
      /((?:ld|st)\.(?:global|shared)[.\w]*\s[^;]*)\]/g,
      "$1+4]",
      [],
    ],
    ["a multiplication is an addition", /mul(\.rn)?\.f32/g, "add$1.f32", []],
    ["a comparison is another", /setp\.(lt|ge|gt|eq|le|ne)\.s32/g, "setp.num.f32", []],
  ] as const)("planted: %s", (_, pattern, by, equivalent) => {
    const missed: string[] = [];
    let planted = 0;
    for (const [name, all] of Object.entries(sizes)) {
      const whole = isolate(name);
      for (const wrong of plant(whole, pattern, by)) {
        planted++;
        const found = all.some((given) =>
          orders.some((order) => tryRun(wrong, name, { ...given, order }) !== right(name, given)),
        );
        const lines = whole.split("\n");
        const line = wrong.split("\n").findIndex((words, i) => words !== lines[i]);
        if (!found) missed.push(`${name}: ${lines[line]?.trim()}`);
      }
    }
    expect(missed).toEqual(equivalent);
    expect(planted).toBeGreaterThan(0);
  });
});

test.skipIf(!nvcc)("an architecture that nvcc does not know is unavailable", async () => {
  expect(await openPtx({ architecture: 12 })).toEqual({
    target: "cuda",
    unavailable: expect.stringMatching(
      /^nvcc release [\d.]+ makes no PTX of sm_12: nvcc could not compile/,
    ),
    install: expect.stringContaining("CUDA toolkit"),
  });
});

test("what is not understood is an error, with its line", () => {
  const head = ".version 9.0\n.target sm_75\n.address_size 64\n";
  const body = (line: string) =>
    `${head}.visible .entry run(.param .u64 p) {\n.reg .b32 %r<4>; .reg .b64 %d<2>; .reg .pred %p<2>;\n${line}\nret;\n}`;
  const failing = (text: string) => {
    try {
      runPtx(
        parsePtx(text),
        planJob(entryOf(), { inputs: { x: countUp(1) }, scalars: { N: 1, a: 1 } }),
        { order: "forward", budget: 100 },
      );
      return "nothing";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(failing(`${head}.surface x;`)).toBe(
    "PTX line 4: .surface is no directive that is understood.",
  );
  expect(failing(body("add.rn.s32 %r1, %r2, %r3;"))).toMatch(
    /^PTX line 6: the instruction add\.rn\.s32 is not known\./,
  );
  expect(failing(body("add.sat.ftz.f32 %r1, %r2, %r3;"))).toMatch(
    /add\.sat\.ftz\.f32 is not known/,
  );
  expect(failing(body("tex.2d.v4.f32.f32 {%r1}, [p, {%r2}];"))).toMatch(/^PTX line 6: /);
  expect(failing(body("add.s64 %d1, %d1, %r1;"))).toMatch(
    /%r1 is b32, where s64 is needed: add\.s64/,
  );
  expect(failing(body("add.s32 %r1, %r1, %r9;"))).toMatch(/the register %r9 is not declared/);
  expect(failing(body("ld.shared.u32 %r1, [p];"))).toMatch(/p is no shared variable/);
  expect(failing(body("bra nowhere;"))).toMatch(/there is no such label/);
  expect(failing(body("mov.u32 %r1, %smid;"))).toMatch(/%smid is not declared/);
  expect(failing(body("call foo;"))).toMatch(/the function foo is not here/);
});
