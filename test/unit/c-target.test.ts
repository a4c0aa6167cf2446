import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, compileKernels, scheduleOn } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { findCCompiler } from "../../targets/c/build.ts";
import { openC } from "../../targets/c/executor.ts";
import { bindEntry } from "../../targets/c/library.ts";
import { c } from "../../targets/c/target.ts";
import type { Data, Executor, Job, Program } from "../../targets/contract/program.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { runTool } from "../../targets/native/compilers.ts";
import { programOf } from "./emit.fixtures.ts";
import {
  accumulate,
  buffer,
  f32,
  letBe,
  load,
  local,
  loop,
  op,
  set,
  store,
  v,
} from "./nest.fixtures.ts";
import { blockedProduct, multiply, planWith } from "./vectors.fixtures.ts";

const compiler = await findCCompiler();
// Where there is no compiler these say so and are skipped; in CI there must be one.
const here = test.runIf(compiler !== undefined || process.env.CI !== undefined);

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "warpweave-c-"));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

async function open(options: Parameters<typeof openC>[0] = {}): Promise<Executor> {
  const opened = await openC({ cache, ...options });
  if ("unavailable" in opened) throw new Error(opened.unavailable);
  return opened;
}

const numbers = (n: number, step: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * step) % 17) - 8);

const roiAlign = readOperator("dsl/ops/roi_align.ts");
const conv2d = readOperator("dsl/ops/conv2d.ts");

describe("vectors of GNU C", () => {
  const a = numbers(12 * 5, 7);
  const b = numbers(5 * 48, 5);
  const scalars = { M: 2, N: 3, K: 5, A: 60, B: 240, C: 12 * 48 };
  const program = programOf(blockedProduct(), c);

  here.each([1, 2])("multiply matrices on %i threads", async (threads) => {
    const executor = await open({ threads });
    const { c: out } = await executor.run(program, { inputs: { a, b }, scalars });
    expect([...out!]).toEqual(multiply(a, b, 5));
    await executor.close();
  });

  test("are written by operators, with numbers beside them as they are", () => {
    expect(program.source).toContain("acc_0 += left_0 * row_0;");
    expect(program.source).toContain("store_f32x8(&c[to_0], acc_0);");
    expect(program.source).toContain("#pragma omp parallel for");
  });

  here("compute what numbers do, in every operation that has no operator", async () => {
    const x = load("x", v("j"));
    const i = { kind: "cast", to: "i32", arg: op("lt", x, f32(0)) } as const;
    const cut = { ...op("floor", x), type: "i32" } as const;
    const values = {
      floor: {
        kind: "cast",
        to: "f32",
        arg: op("idiv", cut, { kind: "const", type: "i32", value: 3 }),
      },
      roots: op("sqrt", op("abs", x)),
      least: op("minimum", op("neg", x), op("roundf", x)),
      tests: {
        kind: "cast",
        to: "f32",
        arg: op("sub", i, { kind: "cast", to: "i32", arg: op("not", op("le", x, f32(2))) }),
      },
      chosen: {
        kind: "select",
        cond: op("or", op("eq", x, f32(1)), op("and", op("lt", x, f32(0)), op("lt", f32(-3), x))),
        then: f32(-0),
        else: op("ceilf", x),
      },
    } as const;
    const n = 16;
    const plan = planWith({
      name: "lanes",
      scalars: [{ name: "K", type: "i32" }],
      constants: [],
      buffers: [
        buffer("x", "global", "read", n),
        ...Object.keys(values).map((name) => buffer(name, "global", "write", n)),
      ],
      group: 1,
      body: [
        loop("vector", "j", 16, [
          ...Object.entries(values).map(([name, value]) => store(name, v("j"), value)),
        ]),
      ],
    });
    const input = Float32Array.from({ length: n }, (_, k) => (k - 7) * 0.75);
    input.set([Number.NaN, -0, 1e20, -1e20]);
    const sized = {
      K: 1,
      X: n,
      ...Object.fromEntries(Object.keys(values).map((k) => [k.toUpperCase(), n])),
    };
    const job: Job = { inputs: { x: input }, scalars: sized };
    const executor = await open();
    const here = await executor.run(programOf(plan, c), job);
    const there = await openJs().run(programOf(plan, js), job);
    expect(here).toEqual(there);
    await executor.close();
  });

  here("of doubles are wider, and their lanes can be added up", async () => {
    const double = (name: string, access: "read" | "write", count: number) => ({
      ...buffer(name, "global", access, count),
      dtype: "f64" as const,
    });
    const f64 = (value: number) => ({ kind: "const", type: "f64", value }) as const;
    const at = (address: number) =>
      load("r", { kind: "const", type: "i32", value: address }, "f64");
    const plan = planWith({
      name: "doubles",
      scalars: [{ name: "K", type: "i32" }],
      constants: [],
      buffers: [
        double("x", "read", 8),
        double("y", "write", 1),
        { ...buffer("r", "register", "update", 4), dtype: "f64" },
      ],
      group: 1,
      body: [
        loop("vector", "j", 4, [store("r", v("j"), f64(0))]),
        loop("serial", "k", 2, [
          loop("vector", "j2", 4, [
            letBe(
              "from",
              op("add", op("mul", v("k"), { kind: "const", type: "i32", value: 4 }), v("j2")),
            ),
            letBe("value", load("x", v("from"), "f64")),
            local("kept", v("value", "f64")),
            set("kept", {
              kind: "select",
              cond: op("lt", v("value", "f64"), f64(0)),
              then: f64(0),
              else: v("kept", "f64"),
            }),
            accumulate("r", v("j2"), v("kept", "f64"), "plain"),
          ]),
        ]),
        store(
          "y",
          { kind: "const", type: "i32", value: 0 },
          op("add", op("add", at(0), at(1)), op("add", at(2), at(3))),
        ),
      ],
    });
    const x = Float64Array.from([1e-9, 2, -3, 4, 5, -6, 7, 0.1]);
    const executor = await open();
    const { y } = await executor.run(programOf(plan, c), {
      inputs: { x },
      scalars: { K: 1, X: 8, Y: 1 },
    });
    expect(y![0]).toBeCloseTo(18.1 + 1e-9, 12);
    expect(y).toBeInstanceOf(Float64Array);
    await executor.close();
  });
});

/** A small call of roi_align, and what it gives. */
const roiJob = (rois: readonly number[]): Job => ({
  inputs: { input: numbers(2 * 3 * 5 * 7, 5), rois: Float32Array.from(rois) },
  scalars: {
    ...{ N: 2, C: 3, H: 5, W: 7, R: rois.length / 5, output_size_y: 2, output_size_x: 3 },
    ...{ spatial_scale: 0.5, sampling_ratio: 2 },
  },
});

describe("the functions of a file", () => {
  const { files, programs } = compile(roiAlign, c, { variants: [[]] });
  const [program] = programs as readonly [Program];
  const job = roiJob([0, 1, 1, 9, 7, 1, 0, 2, 12, 9]);

  here("are declared for C and C++, and the file has no warnings", async () => {
    const folder = await mkdtemp(join(tmpdir(), "warpweave-c-"));
    try {
      for (const [path, text] of files) await writeFile(join(folder, path.slice(2)), text);
      await writeFile(join(folder, "both.c"), '#include "roi_align.h"\n#include "roi_align.c"\n');
      await writeFile(
        join(folder, "use.cpp"),
        "#include \"roi_align.h\"\nint main() { return *roi_align_error(0) == 'N' ? 0 : 1; }\n",
      );
      const run = (args: readonly string[]) => runTool(compiler!.path, args, folder);
      const strict = ["-O1", "-Wall", "-Werror", "-march=native"];
      const both = await run(["-std=c11", ...strict, "-c", "both.c", "-o", "both.o"]);
      expect(both.stderr).toBe("");
      const cpp = await run([...strict, "-x", "c++", "-c", "use.cpp", "-o", "use.o"]);
      expect(cpp.stderr).toBe("");
      const linked = await run(["use.o", "both.o", "-o", "use", "-lm"]);
      expect(linked.stderr).toBe("");
      expect((await runTool(join(folder, "use"), [])).ok).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  const wrong: readonly (readonly [string, Readonly<Record<string, number>>, string])[] = [
    ["a size that is none", { H: 0 }, "The size H must be at least 1."],
    ["a negative batch", { N: -1 }, "The size N must be at least 0."],
    ["an attribute below its least", { output_size_y: 0 }, "output_size_y must be at least 1."],
    [
      "a number that is not finite",
      { spatial_scale: Number.NaN },
      "spatial_scale must be a finite number.",
    ],
    [
      "more than can be counted",
      { N: 60000, C: 60000 },
      "input has too many elements; kernels count up to 2147483647.",
    ],
    [
      "an option that is none",
      { MODE: 3 },
      "mode must be one of 0 (avg), 1 (max), 2 (max_corner).",
    ],
    ["no threads", { threads: 0 }, "threads must be at least 1."],
    ["too many threads", { threads: 100_000 }, "threads must be at most 1024."],
  ];
  here("refuse, with a sentence for each number", async () => {
    const path = await libraryOf(program);
    const { entry } = program;
    const bound = await bindEntry(path, entry);
    const constants = Object.fromEntries(entry.constants.map((x) => [x.name, x.default]));
    const outputs = { output: new Float32Array(2 * 3 * 2 * 3) };
    const call = { inputs: job.inputs, outputs, constants, threads: 1 };
    for (const [what, change, sentence] of wrong) {
      const scalars = { ...job.scalars, ...change };
      const { threads = 1, MODE } = change;
      const options = MODE === undefined ? constants : { ...constants, MODE };
      const given = { ...call, scalars, threads, constants: options };
      const run = () => bound.run(given, new Uint8Array(0));
      expect(run, what).toThrow(`roi_align: ${sentence}`);
    }
    const { scalars } = job;
    const none = { ...call, scalars, inputs: {} };
    expect(() => bound.run(none, new Uint8Array(0))).toThrow("roi_align: input is NULL.");
    const unwanted = { ...call, scalars, outputs: {} };
    expect(() => bound.run(unwanted, new Uint8Array(0))).toThrow(
      "No result is wanted: output is NULL.",
    );
    // Its own memory or the caller's, at any address: the same bits.
    bound.run({ ...call, scalars }, new Uint8Array(0));
    const own = outputs.output.slice();
    const memory = new Uint8Array(bound.workspaceBytes({ ...call, scalars }) + 1).subarray(1);
    bound.run({ ...call, scalars }, memory);
    expect(outputs.output).toEqual(own);
    expect(
      (await openJs().run(compile(roiAlign, js, { variants: [[]] }).programs[0]!, job)).output!
        .length,
    ).toBe(own.length);
  });

  here("say what the operator demands", async () => {
    const made = compile(conv2d, c, { variants: [[]] }).programs[0]!;
    const executor = await open();
    const sizes = { N: 1, C: 4, H: 3, W: 3, O: 5, I: 2, KH: 1, KW: 1 };
    const attrs = {
      ...{ stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 },
      ...{ padding_top: 0, padding_left: 0, padding_bottom: 0, padding_right: 0 },
    };
    const run = executor.run(made, {
      inputs: { input: new Float32Array(36), weight: new Float32Array(10) },
      scalars: { ...sizes, ...attrs },
    });
    await expect(run).rejects.toThrow(
      "conv2d: weight has O output channels, which the groups (C / I) do not divide.",
    );
    await executor.close();
  });

  async function libraryOf({ source, entry }: Program): Promise<string> {
    const { buildLibrary } = await import("../../targets/c/build.ts");
    expect(entry.name).toBe("roi_align");
    return buildLibrary(compiler!, "fast", cache, source);
  }
});

describe("results that are NULL", () => {
  here("are not computed, and are added to where that is asked for", async () => {
    const kernels = gradientsOn(conv2d, c).kernels.filter(({ present }) => present.length === 0);
    const program = compileKernels(conv2d, kernels, c, scheduleOn(c)).programs[0]!;
    const sizes = { N: 1, C: 3, H: 5, W: 6, O: 4, I: 3, KH: 3, KW: 3 };
    const attrs = {
      ...{ stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 },
      ...{ padding_top: 1, padding_left: 1, padding_bottom: 1, padding_right: 1 },
    };
    const job: Job = {
      inputs: {
        input: numbers(90, 3),
        weight: numbers(108, 5),
        grad_output: numbers(120, 7),
      },
      scalars: { ...sizes, ...attrs },
    };
    const executor = await open();
    const all = await executor.run(program, job);
    const some = await executor.run(program, { ...job, wanted: ["grad_weight"] });
    expect(Object.keys(some)).toEqual(["grad_weight"]);
    expect(some.grad_weight).toEqual(all.grad_weight);
    const initial = { grad_weight: new Float32Array(108).fill(1) };
    const added = await executor.run(program, { ...job, initial, wanted: ["grad_weight"] });
    const more = [...(added.grad_weight as Data)].map((x) => x - 1);
    expect(more).toEqual([...all.grad_weight!]);
    await executor.close();
  });
});

describe("other builds", () => {
  here("find what lies outside of an array, and say where", async () => {
    const x = buffer("x", "global", "read", v("N"));
    const beyond = planWith({
      name: "beyond",
      scalars: [{ name: "N", type: "i32" }],
      constants: [],
      buffers: [x, { ...buffer("y", "global", "write", v("N")) }],
      group: 1,
      body: [
        loop("serial", "i", op("add", v("N"), { kind: "const", type: "i32", value: 1 }), [
          store("y", v("i"), f32(1)),
        ]),
      ],
    });
    const executor = await open({ build: "memory" });
    const job: Job = { inputs: { x: new Float32Array(4) }, scalars: { N: 4, X: 4, Y: 4 } };
    await expect(executor.run(programOf(beyond, c), job)).rejects.toThrow(
      /^beyond: AddressSanitizer: heap-buffer-overflow .*, at line \d+ of its file$/,
    );
    const made = compile(roiAlign, c, { variants: [[]] }).programs[0]!;
    const rois = roiJob([0, 1, 1, 9, 7, 1, -3, 2, 40, 9]);
    const plain = await open({ build: "strict" });
    const found = await executor.run(made, rois);
    const expected = await plain.run(made, rois);
    expect(found.output!.length).toBe(expected.output!.length);
    found.output!.forEach((value, i) => {
      expect(Math.abs(value - expected.output![i]!)).toBeLessThan(1e-5);
    });
    await executor.close();
    await plain.close();
  });

  here("a text that is no C is refused in one sentence with what the compiler says", async () => {
    const { entry } = programOf(blockedProduct(), c);
    const executor = await open();
    const job: Job = {
      inputs: { a: new Float32Array(60), b: new Float32Array(240) },
      scalars: { M: 2, N: 3, K: 5, A: 60, B: 240, C: 576 },
    };
    await expect(executor.run({ entry, source: "int;;x" }, job)).rejects.toThrow(
      /^\w+ could not compile the kernels:\n/,
    );
    const empty = { entry, source: "int nothing;\n" };
    await expect(executor.run(empty, job)).rejects.toThrow(
      "The built kernels cannot be used: product",
    );
    await executor.close();
  });
});
