// `run --grad` on every target: gradients out, which of them, odd offsets, empty batches, and what is refused.

import { existsSync, rmSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { compare } from "../../generators/check/compare.ts";
import { judge } from "../../generators/check/judge.ts";
import { type Rules, rulesOf } from "../../generators/check/rules.ts";
import { checkArguments } from "../../generators/cli/arguments.ts";
import { gradientKernel, tensorOf } from "../../generators/cli/gradients.ts";
import { readArrays, writeNpz } from "../../generators/cli/io/arrays.ts";
import type { NpArray } from "../../generators/cli/io/dtypes.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { scalarsOf } from "../../generators/ir/kernel.ts";
import { gatheredOutputs } from "../../generators/ir/outputs.ts";
import { targets } from "../../targets/registry.ts";
import { floats, listed, makeFolder, type Outcome, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

type Arrays = Readonly<Record<string, NpArray>>;
type Context = { readonly skip: (note: string) => void };
type Run = Outcome & { readonly results: Arrays };

const [inputs, upstream, out] = ["in.npz", "g.npz", "out.npz"].map((name) => folder.path(name));

async function run(
  operator: string,
  arrays: Arrays,
  gradient: Arrays,
  ...options: readonly string[]
): Promise<Run> {
  rmSync(out!, { force: true });
  await writeNpz(inputs!, arrays);
  await writeNpz(upstream!, gradient);
  const files = ["--inputs", inputs!, "--grad", upstream!, "--out", out!];
  const outcome = await warpweave("run", operator, ...files, ...options);
  return { ...outcome, results: outcome.code === 0 ? await readArrays(out!) : {} };
}

/** Runs on one target; where this machine cannot, the test is skipped with the reason. */
async function runOn(context: Context, target: string, ...rest: Parameters<typeof run>) {
  const [operator, arrays, gradient, ...options] = rest;
  const result = await run(operator, arrays, gradient, "--target", target, ...options);
  if (/cannot run here/.test(result.err)) context.skip(result.err.trim());
  expect(result.err).not.toContain("error");
  expect(result.code).toBe(0);
  return result.results;
}

const deformed: Arrays = {
  input: floats([1, 4, 7, 7]),
  offset: floats([1, 18, 5, 5], (i) => 2 * Math.sin(i * 0.37)),
  weight: floats([6, 4, 3, 3], (i) => Math.cos(i)),
  mask: floats([1, 9, 5, 5], (i) => (i % 7) / 7),
  bias: floats([6]),
};
const ofDeformed: Arrays = { grad_output: floats([1, 6, 5, 5], (i) => Math.sin(i + 0.5)) };
const pooled: Arrays = {
  input: floats([2, 3, 9, 7]),
  rois: listed([3, 5], [0, 1, 1, 5, 5, 1, 0.5, 2.25, 6, 7.5, 0, -3, -4, 2, 30]),
};
const ofPooled: Arrays = { grad_output: floats([3, 3, 2, 3], (i) => Math.cos(i)) };
const size = ["--attr", "output_size=2,3"];

/** The options by which a target is asked for what it can compute; nothing where that is no gradient. */
function gradientsOn(
  target: string,
  operator: string,
  arrays: Arrays,
): readonly string[] | undefined {
  const { updates } = targets.find(({ name }) => name === target)!.capabilities;
  if (updates) return [];
  const given = openOperator(operator);
  const optional = given.tensors.filter((t) => t.optional && arrays[t.name]).map((t) => t.name);
  const gathered = gatheredOutputs(gradientKernel(given, optional)).map(tensorOf);
  return gathered.length > 0 ? ["--gradients", gathered.join()] : undefined;
}

/** The float64 value and the bound of each gradient's elements, by the rules of a target. */
function judgeRun(
  target: string,
  name: string,
  arrays: Arrays,
  gradient: Arrays,
  attributes: readonly string[],
) {
  const operator = openOperator(name);
  const texts = attributes.filter((text) => text !== "--attr");
  const { resolved, data, shapes } = checkArguments(operator, arrays, texts, false);
  const { present, sizes, options, scalars } = resolved;
  const kernel = gradientKernel(operator, present);
  const leaves = kernel.attrs.flatMap(scalarsOf).map((leaf) => leaf.name);
  const attrs = leaves.map((leaf) => [leaf, scalars[leaf.replaceAll(".", "_")]!]);
  const given = Object.entries(data).map(([of, array]) => [
    of,
    { shape: shapes[of]!, data: array },
  ]);
  const { shape, data: upward } = gradient.grad_output!;
  const { outputs } = judge(
    kernel,
    { ...Object.fromEntries(given), grad_output: { shape, data: upward as Float32Array } },
    { sizes, attrs: Object.fromEntries(attrs), options },
    (rulesOf as Readonly<Record<string, Rules>>)[target]!,
  );
  return outputs;
}

const examples: readonly (readonly [string, Arrays, Arrays, readonly string[]])[] = [
  [
    "conv2d",
    { input: deformed.input!, weight: deformed.weight!, bias: deformed.bias! },
    ofDeformed,
    [],
  ],
  ["deform_conv2d", deformed, ofDeformed, []],
  ["roi_align", pooled, ofPooled, [...size, "--attr", "aligned=true"]],
  ["roi_pool", pooled, ofPooled, size],
];

describe.each(targets.map(({ name }) => name))("%s", (target) => {
  test.for(examples)("%s: the gradients of the reference", async (of, context) => {
    const [name, arrays, gradient, attributes] = of;
    const chosen = gradientsOn(target, name, arrays);
    if (!chosen) {
      const { code, err } = await run(name, arrays, gradient, "--target", target, ...attributes);
      expect(code).toBe(1);
      expect(err).toMatch(`${target} cannot compute grad_input, which adds to elements that`);
      return;
    }
    const expected = await runOn(context, "reference", name, arrays, gradient, ...attributes);
    const actual = await runOn(context, target, name, arrays, gradient, ...attributes, ...chosen);
    const outputs = judgeRun(target, name, arrays, gradient, attributes);
    const { output, ...gradients } = actual;
    expect(output).toBeDefined();
    expect(Object.keys(gradients).length).toBeGreaterThan(0);
    if (chosen.length === 0) expect(Object.keys(expected)).toEqual(Object.keys(actual));
    for (const [gradientName, array] of Object.entries(gradients)) {
      const verdict = outputs[gradientName]![0]!;
      expect(array).toMatchObject({ dtype: "f4", shape: arrays[tensorOf(gradientName)]!.shape });
      expect(expected[gradientName]!.dtype).toBe("f8");
      expect([...expected[gradientName]!.data]).toStrictEqual([...verdict.value]);
      const { shape, data } = array;
      expect(compare(verdict, { shape, data: data as Float32Array }).message).toBe("");
    }
  });

  test("nothing flows back through offsets that are no numbers, infinite or huge", async (context) => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30];
    const wild = { ...deformed, offset: floats([1, 18, 5, 5], (i) => odd[i % odd.length]!) };
    const chosen = gradientsOn(target, "deform_conv2d", wild)!;
    const found = await runOn(context, target, "deform_conv2d", wild, ofDeformed, ...chosen);
    const { output: _, grad_bias, ...others } = found;
    expect(Object.keys(others).length).toBeGreaterThan(2);
    for (const [name, { data }] of Object.entries(others))
      expect([name, [...data].filter((v) => v !== 0)]).toEqual([name, []]);
    expect([...grad_bias!.data].every((v) => Number.isFinite(v) && v !== 0)).toBe(true);
  });

  test("an empty batch gives an empty gradient of it, and zeros for the rest", async (context) => {
    const empty = {
      ...deformed,
      input: floats([0, 4, 7, 7]),
      offset: floats([0, 18, 5, 5]),
      mask: floats([0, 9, 5, 5]),
    };
    const chosen = gradientsOn(target, "deform_conv2d", empty)!;
    const none = { grad_output: floats([0, 6, 5, 5]) };
    const found = await runOn(context, target, "deform_conv2d", empty, none, ...chosen);
    expect(found.output!.shape).toEqual([0, 6, 5, 5]);
    expect(found.grad_offset!.shape).toEqual([0, 18, 5, 5]);
    expect(found.grad_weight!.shape).toEqual([6, 4, 3, 3]);
    expect([...found.grad_weight!.data]).toEqual(Array.from({ length: 216 }, () => 0));
    expect([...found.grad_bias!.data]).toEqual([0, 0, 0, 0, 0, 0]);
    const boxes = { ...pooled, rois: floats([0, 5]) };
    if (!gradientsOn(target, "roi_align", boxes)) return;
    const noBoxes = { grad_output: floats([0, 3, 2, 3]) };
    const { grad_input } = await runOn(context, target, "roi_align", boxes, noBoxes, ...size);
    expect(grad_input!.shape).toEqual([2, 3, 9, 7]);
    expect([...grad_input!.data].every((v) => v === 0)).toBe(true);
  });
});

describe("a choice of gradients", () => {
  test.each(["js", "reference"])("on %s is what it is among all", async (target) => {
    const all = await run("deform_conv2d", deformed, ofDeformed, "--target", target);
    // Each by its tensor's name or its own.
    const options = ["--target", target, "--gradients", "weight, grad_offset"];
    const some = await run("deform_conv2d", deformed, ofDeformed, ...options);
    expect(Object.keys(some.results)).toEqual(["output", "grad_offset", "grad_weight"]);
    expect(some.results.grad_offset).toEqual(all.results.grad_offset);
    expect(some.results.grad_weight).toEqual(all.results.grad_weight);
  });

  test("is in the report, with the time of both", async () => {
    const { out: text } = await run("deform_conv2d", deformed, ofDeformed, "--gradients", "bias");
    expect(text).toMatch(/^grad_bias +\(6\) float32 → /m);
    expect(text).not.toContain("grad_input");
    expect(text).toMatch(/^time .*, gradients /m);
  });

  test("float64 gradients are converted, with a note", async () => {
    const wide = { ...ofDeformed.grad_output!, dtype: "f8", data: new Float64Array(150).fill(0.1) };
    const { err } = await run("deform_conv2d", deformed, { grad_output: wide as NpArray });
    expect(err).toContain("note: grad_output: float64 converted to float32; 150 of 150 values");
  });
});

describe("refused, with nothing written", () => {
  const { mask: _, ...plain } = deformed;
  const { grad_output } = ofDeformed as { grad_output: NpArray };
  const cases: readonly (readonly [string, Arrays, Arrays, readonly string[], string])[] = [
    ["no gradient", deformed, {}, [], "--grad needs the array grad_output, the gradient of output"],
    [
      "an array of another name",
      deformed,
      { upstream: grad_output },
      [],
      "--grad needs the array grad_output, the gradient of output, which is absent; there is upstream",
    ],
    [
      "an unknown array",
      deformed,
      { grad_output, input: grad_output },
      [],
      '--grad takes no array "input"; it takes grad_output, the gradient of output',
    ],
    [
      "another shape",
      deformed,
      { grad_output: floats([1, 6, 5, 4]) },
      [],
      "grad_output has the shape (1, 6, 5, 4), but must have that of output, (1, 6, 5, 5)",
    ],
    [
      "another dtype",
      deformed,
      { grad_output: { shape: [1, 6, 5, 5], dtype: "b1", data: new Uint8Array(150) } },
      [],
      "grad_output has the dtype bool; floats and whole numbers are allowed",
    ],
    [
      "a gradient of what is not given",
      plain,
      ofDeformed,
      ["--gradients", "mask"],
      "mask is not given, so it has no gradient",
    ],
    [
      "a gradient of an unknown tensor",
      deformed,
      ofDeformed,
      ["--gradients", "ofset"],
      'deform_conv2d has no tensor "ofset"; did you mean "offset"?',
    ],
    [
      "what a target cannot add",
      deformed,
      ofDeformed,
      ["--target", "gpujs"],
      "gpujs cannot compute grad_input, which adds to elements that an index chooses; it computes " +
        "grad_offset, grad_weight, grad_mask, grad_bias: ask for --gradients offset,weight,mask,bias",
    ],
  ];
  test.each(cases)("%s", async (_name, arrays, gradient, options, sentence) => {
    const result = await run("deform_conv2d", arrays, gradient, ...options);
    expect(result.err.split("\n").filter((line) => !line.startsWith("note: "))).toEqual([
      expect.stringContaining(`error: ${sentence}`),
      "",
    ]);
    expect(result.code).toBe(1);
    expect(existsSync(out!)).toBe(false);
  });

  test("a tensor without a gradient, by name", async () => {
    const rois = ["--gradients", "rois", ...size];
    const { err, code } = await run("roi_align", pooled, ofPooled, ...rois);
    expect([code, err]).toEqual([
      1,
      "error: roi_align has no gradient of rois; there are those of input\n",
    ]);
  });

  test("what is no NumPy file, no file, or too many arrays for one", async () => {
    await writeNpz(inputs!, deformed);
    await writeNpz(upstream!, ofDeformed);
    const noFile = folder.write("g.txt", "1 2 3");
    const given = ["run", "deform_conv2d", "--inputs", inputs!];
    const refused = async (...rest: readonly string[]) => {
      rmSync(out!, { force: true });
      const { code, err } = await warpweave(...given, ...rest);
      expect(code).toBe(1);
      expect(existsSync(out!)).toBe(false);
      return err;
    };
    expect(await refused("--grad", noFile, "--out", out!)).toMatch(/^error: .*g\.txt/);
    const missing = folder.path("missing.npz");
    expect(await refused("--grad", missing, "--out", out!)).toContain("there is no such file");
    const npy = folder.path("out.npy");
    expect(await refused("--grad", upstream!, "--out", npy)).toContain("need a .npz file");
    expect(existsSync(npy)).toBe(false);
  });

  test("a choice without gradients is wrong usage", async () => {
    await writeNpz(inputs!, deformed);
    const files = ["--inputs", inputs!, "--out", out!];
    const { code, err } = await warpweave("run", "deform_conv2d", ...files, "--gradients", "bias");
    expect([code, err]).toEqual([
      2,
      "error: --gradients chooses among gradients, which need --grad\n",
    ]);
  });
});
