// `run` on every target: arrays in and out, their element types, and odd values.

import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { compare } from "../../generators/check/compare.ts";
import { judge, type Verdict } from "../../generators/check/judge.ts";
import { type Rules, rulesOf } from "../../generators/check/rules.ts";
import { checkArguments } from "../../generators/cli/arguments.ts";
import { readArrays, writeNpy, writeNpz } from "../../generators/cli/io/arrays.ts";
import type { NpArray } from "../../generators/cli/io/dtypes.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { scalarsOf } from "../../generators/ir/kernel.ts";
import { targets } from "../../targets/registry.ts";
import { floats, listed, makeFolder, runOperator, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

type Arrays = Readonly<Record<string, NpArray>>;
type Context = { readonly skip: (note: string) => void };

/** Runs on one target; where this machine cannot, the test is skipped with the reason. */
async function runOn(
  context: Context,
  target: string,
  operator: string,
  arrays: Arrays,
  ...options: readonly string[]
): Promise<NpArray> {
  const result = await runOperator(folder, operator, arrays, "--target", target, ...options);
  if (/cannot run here/.test(result.err)) context.skip(result.err.trim());
  expect(result).toMatchObject({ code: 0 });
  expect(result.out).toMatch(new RegExp(`^ran on +${target}: `, "m"));
  return result.output!;
}

const names = targets.map((t) => t.name);

const deformed: Arrays = {
  input: floats([1, 4, 7, 7]),
  offset: floats([1, 18, 5, 5], (i) => 2 * Math.sin(i * 0.37)),
  weight: floats([6, 4, 3, 3], (i) => Math.cos(i)),
  mask: floats([1, 9, 5, 5], (i) => (i % 7) / 7),
  bias: floats([6]),
};
const pooled: Arrays = {
  input: floats([2, 3, 9, 7]),
  rois: listed([3, 5], [0, 1, 1, 5, 5, 1, 0.5, 2.25, 6, 7.5, 0, -3, -4, 2, 30]),
};

const numbersOf = ({ data }: NpArray): readonly number[] => [...data].map(Number);

type Attributes = readonly string[];

/** The float64 value and the bound of each element, by the rules of a target. */
function judgeRun(target: string, name: string, arrays: Arrays, attributes: Attributes): Verdict {
  const operator = openOperator(name);
  const texts = attributes.filter((text) => text !== "--attr");
  const { data, shapes, resolved } = checkArguments(operator, arrays, texts, false);
  const { present, sizes, options, scalars } = resolved;
  const kernel = operator.kernel(present);
  const leaves = kernel.attrs.flatMap(scalarsOf).map((leaf) => leaf.name);
  const attrs = leaves.map((leaf) => [leaf, scalars[leaf.replaceAll(".", "_")]!]);
  const inputs = Object.entries(data).map(([of, array]) => [
    of,
    { shape: shapes[of]!, data: array },
  ]);
  const judged = judge(
    kernel,
    Object.fromEntries(inputs),
    { sizes, attrs: Object.fromEntries(attrs), options },
    (rulesOf as Readonly<Record<string, Rules>>)[target]!,
  );
  return judged.outputs.output![0]!;
}

describe.each(names)("%s", (target) => {
  test.for([
    ["deform_conv2d", deformed, []],
    ["roi_align", pooled, ["--attr", "output_size=2,3", "--attr", "aligned=true"]],
    ["roi_pool", pooled, ["--attr", "output_size=2", "--attr", "reduce=mean"]],
  ] as const)("%s is what the declaration gives in float64", async (of, context) => {
    const [operator, arrays, attrs] = of;
    const expected = await runOn(context, "reference", operator, arrays, ...attrs);
    expect(expected.dtype).toBe("f8");
    const actual = await runOn(context, target, operator, arrays, ...attrs);
    expect(actual.dtype).toBe("f4");
    const verdict = judgeRun(target, operator, arrays, attrs);
    expect([...expected.data]).toStrictEqual([...verdict.value]);
    const { shape, data } = actual;
    expect(compare(verdict, { shape, data: data as Float32Array }).message).toBe("");
  });

  test("offsets that are no numbers, infinite or huge contribute exactly 0", async (context) => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30];
    const { mask: _, ...plain } = deformed;
    const offset = floats([1, 18, 5, 5], (i) => odd[i % odd.length]!);
    const output = await runOn(context, target, "deform_conv2d", { ...plain, offset });
    const bias = deformed.bias!.data;
    const expected = Array.from({ length: 150 }, (_, i) => bias[Math.floor(i / 25)]);
    expect([...output.data]).toStrictEqual(expected);
  });

  test("boxes that are no boxes give the empty value, and the others do not suffer", async (context) => {
    const boxes = [
      [0, Number.NaN, 1, 5, 5],
      [0, 1, 1, Number.POSITIVE_INFINITY, 5],
      [1, 0, 2, 6, 7],
    ];
    const rois = listed([3, 5], boxes.flat());
    const alone = listed([1, 5], boxes[2]!);
    for (const operator of ["roi_pool", "roi_align"]) {
      const size = ["--attr", "output_size=2"];
      const output = await runOn(context, target, operator, { ...pooled, rois }, ...size);
      const single = await runOn(context, target, operator, { ...pooled, rois: alone }, ...size);
      expect(
        numbersOf(output)
          .slice(0, 24)
          .every((v) => v === 0),
      ).toBe(true);
      expect([...output.data.subarray(24)]).toStrictEqual([...single.data]);
    }
  });

  test("an empty batch and no boxes give an empty result", async (context) => {
    const { mask: _, ...plain } = deformed;
    const empty = { ...plain, input: floats([0, 4, 7, 7]), offset: floats([0, 18, 5, 5]) };
    const output = await runOn(context, target, "deform_conv2d", empty);
    expect(output).toMatchObject({ shape: [0, 6, 5, 5], dtype: "f4" });
    const none = { ...pooled, rois: floats([0, 5]) };
    const pooling = await runOn(context, target, "roi_align", none, "--attr", "output_size=2");
    expect(pooling).toMatchObject({ shape: [0, 3, 2, 2] });
    const neither = { input: floats([0, 3, 4, 4]), rois: floats([0, 5]) };
    const nothing = await runOn(context, target, "roi_pool", neither, "--attr", "output_size=2");
    expect(nothing).toMatchObject({ shape: [0, 3, 2, 2] });
  });

  test("a box far beyond the map costs what lies on the map", async (context) => {
    const rois = listed([1, 5], [0, -4e6, -4e6, 4e6, 4e6]);
    const far = { ...pooled, rois };
    const output = await runOn(context, target, "roi_align", far, "--attr", "output_size=1");
    expect(Number.isFinite(Number(output.data[0]))).toBe(true);
  }, 20_000);
});

describe("arrays", () => {
  const small: Arrays = {
    input: { shape: [1, 1, 2, 3], dtype: "f8", data: Float64Array.of(1, 2, 3, 4, 5, 0.1) },
    weight: { shape: [1, 1, 1, 1], dtype: "f2", data: Float32Array.of(2) },
  };

  test("float64 and float16 are converted, with a note each on stderr", async () => {
    const { err, out, output } = await runOperator(folder, "conv2d", small);
    expect(err).toBe(
      "note: input: float64 converted to float32; 1 of 6 values changed\n" +
        "note: weight: float16 converted to float32; every value is kept\n",
    );
    expect(out).toContain("output      (1, 1, 2, 3) float32 → ");
    const expected = [2, 4, 6, 8, 10, Math.fround(0.1) * 2];
    expect([...output!.data]).toStrictEqual(expected.map(Math.fround));
  });

  test("whole numbers are taken, as other libraries have indices", async () => {
    const given: Arrays = {
      ...small,
      weight: { shape: [1, 1, 1, 1], dtype: "i8", data: BigInt64Array.of(-2n) },
    };
    const { err, output } = await runOperator(folder, "conv2d", given);
    expect(err).toContain("note: weight: int64 converted to float32; every value is kept\n");
    expect(output!.data[1]).toBe(-4);
  });

  test("the reference keeps float64", async () => {
    const result = await runOperator(folder, "conv2d", small, "--target", "reference");
    expect(result.out).toContain("(1, 1, 2, 3) float64 → ");
    expect(result.output).toMatchObject({
      dtype: "f8",
      data: Float64Array.of(2, 4, 6, 8, 10, 0.2),
    });
  });

  test("Fortran order is read by its indices", async () => {
    const header = "{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1, 2, 3), }";
    const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${header.padEnd(117)}\n`, "latin1");
    const values = Buffer.from(Float64Array.of(1, 4, 2, 5, 3, 6).buffer);
    const path = folder.path("input.npy");
    writeFileSync(path, Buffer.concat([head, values]));
    await writeNpy(
      folder.path("weight.npy"),
      floats([1, 1, 1, 1], () => 1),
    );
    const out = folder.path("out.npy");
    const files = ["--inputs", path, folder.path("weight.npy"), "--out", out];
    expect(await warpweave("run", "conv2d", ...files)).toMatchObject({ code: 0 });
    const { output } = await readArrays(out, { name: "output" });
    expect([...output!.data]).toStrictEqual([1, 2, 3, 4, 5, 6]);
  });

  test("--json is for programs: what ran where, with what, and nothing on stderr", async () => {
    await writeNpz(folder.path("in.npz"), small);
    const files = ["--inputs", folder.path("in.npz"), "--out", folder.path("out.npz")];
    const { out, err } = await warpweave("run", "conv2d", ...files, "--json");
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({
      operator: "conv2d",
      device: { target: "js", hardware: false },
      attrs: { stride: { y: 1, x: 1 } },
      results: [{ name: "output", shape: [1, 1, 2, 3], dtype: "float32" }],
    });
  });
});
