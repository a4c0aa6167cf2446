// What is refused, each with one clear sentence on stderr and exit code 1.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { writeNpz } from "../../generators/cli/io/arrays.ts";
import type { NpArray } from "../../generators/cli/io/dtypes.ts";
import { floats, listed, makeFolder, runOperator, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

type Arrays = Readonly<Record<string, NpArray>>;

const deformed: Arrays = {
  input: floats([1, 4, 7, 7]),
  offset: floats([1, 18, 5, 5]),
  weight: floats([6, 4, 3, 3]),
};
const pooled: Arrays = {
  input: floats([2, 3, 9, 7]),
  rois: listed([2, 5], [0, 1, 1, 5, 5, 1, 0, 2, 6, 7]),
};
const { offset: _, ...plain } = deformed;

/** The operator, its arrays, its attributes, and what must be said. */
type Case = readonly [string, string, Arrays, readonly string[], string];

const cases: readonly Case[] = [
  [
    "wrong rank",
    "deform_conv2d",
    { ...deformed, input: floats([4, 7, 7]) },
    [],
    "input has 3 dimensions; it has 4: (N, C, H, W)",
  ],
  [
    "wrong dimension",
    "deform_conv2d",
    { ...deformed, offset: floats([1, 17, 5, 5]) },
    [],
    "offset has 17 channels; 2·G·KH·KW with KH=KW=3 gives a multiple of 18",
  ],
  [
    "a size that is another one elsewhere",
    "deform_conv2d",
    { ...deformed, bias: floats([5]) },
    [],
    "bias has 5 output channels (O), but O is 6 in weight",
  ],
  [
    "an output size that does not follow",
    "deform_conv2d",
    { ...deformed, offset: floats([1, 18, 4, 5]) },
    [],
    "offset's dimension 2 (OH) is 4, but the other sizes and attributes give 5",
  ],
  [
    "wrong dtype",
    "deform_conv2d",
    { ...deformed, offset: { shape: [1, 18, 5, 5], dtype: "b1", data: new Uint8Array(450) } },
    [],
    "offset has the dtype bool; floats and whole numbers are allowed",
  ],
  [
    "whole numbers that floats lack",
    "deform_conv2d",
    {
      ...deformed,
      offset: { shape: [1, 18, 5, 5], dtype: "i4", data: new Int32Array(450).fill(2 ** 24 + 1) },
    },
    [],
    "offset holds int32 values that float32 cannot hold, beyond 16777216",
  ],
  [
    "missing tensor",
    "deform_conv2d",
    { input: deformed.input!, weight: deformed.weight! },
    [],
    "deform_conv2d needs the tensor offset (N, G·KH·KW·2, OH, OW), which is not given",
  ],
  [
    "unknown tensor",
    "deform_conv2d",
    { ...deformed, wieght: floats([1]) },
    [],
    'deform_conv2d takes no tensor "wieght"; did you mean "weight"?',
  ],
  [
    "unknown attribute",
    "deform_conv2d",
    deformed,
    ["strides=2"],
    'deform_conv2d has no attribute "strides"; did you mean "stride"?',
  ],
  [
    "missing attribute",
    "roi_pool",
    pooled,
    [],
    "roi_pool needs the attribute output_size: one whole number or two (y,x)",
  ],
  [
    "attribute out of range",
    "conv2d",
    plain,
    ["padding=-1"],
    "padding=-1 is out of range; allowed is from 0 to 16777216",
  ],
  [
    "zero stride",
    "conv2d",
    plain,
    ["stride=0"],
    "stride=0 is out of range; allowed is from 1 to 16777216",
  ],
  ["negative stride", "conv2d", plain, ["stride=2,-1"], "stride=2,-1 is out of range"],
  ["unreadable attribute", "conv2d", plain, ["stride=two"], "stride=two cannot be read"],
  [
    "unknown choice",
    "deform_conv2d",
    deformed,
    ["border=zero"],
    'border=zero is not one of zeros, dcnv1; did you mean "zeros"?',
  ],
  [
    "zero size",
    "conv2d",
    { ...plain, input: floats([1, 4, 0, 7]) },
    [],
    "input has 0 rows (H); at least 1 is needed",
  ],
  [
    "kernel larger than the padded input",
    "conv2d",
    { ...plain, input: floats([1, 4, 2, 7]) },
    [],
    "the kernel, 3x3 taps with dilation 1,1, is larger than the padded input",
  ],
  [
    "groups that do not divide the channels",
    "conv2d",
    { input: floats([1, 5, 7, 7]), weight: floats([6, 4, 3, 3]) },
    [],
    "input has 5 channels, which weight's 4 channels do not divide",
  ],
  [
    "groups that do not divide the output channels",
    "conv2d",
    { input: floats([1, 8, 7, 7]), weight: floats([5, 4, 3, 3]) },
    [],
    "weight has 5 output channels, which the groups (8 / 4) do not divide",
  ],
  [
    "offset groups that do not divide",
    "deform_conv2d",
    { ...deformed, offset: floats([1, 54, 5, 5]) },
    [],
    "input has 4 channels, which the 3 offset groups do not divide",
  ],
  [
    "a batch index outside the batch",
    "roi_align",
    { ...pooled, rois: listed([2, 5], [0, 1, 1, 5, 5, 2, 0, 2, 6, 7]) },
    ["output_size=2"],
    "rois[1] has the index 2 of N in column 0; it must be a whole number from 0 to 1",
  ],
  [
    "a negative or fractional batch index",
    "roi_pool",
    { ...pooled, rois: listed([2, 5], [0, 1, 1, 5, 5, 0.5, 0, 2, 6, 7]) },
    ["output_size=2"],
    "rois[1] has the index 0.5 of N in column 0",
  ],
  [
    "more elements than kernels can index",
    "roi_pool",
    pooled,
    ["output_size=40000,40000"],
    "output has 9600000000 elements; kernels count with 32 bits, up to 2147483647",
  ],
  [
    "options that exclude each other",
    "roi_pool",
    { ...pooled, offset: floats([2, 2, 3, 3]) },
    ["output_size=3"],
    "offset moves the bins, for which reduce must be mean (it is max)",
  ],
];

describe("run refuses", () => {
  test.each(cases)("%s", async (_name, operator, arrays, attrs, sentence) => {
    const options = attrs.flatMap((attr) => ["--attr", attr]);
    const { code, out, err } = await runOperator(folder, operator, arrays, ...options);
    expect(err).toContain(sentence);
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect([code, out]).toStrictEqual([1, ""]);
  });
});

/** A command line that must be refused with exit code 1 and one sentence. */
async function expectRefused(sentence: string | RegExp, ...args: string[]): Promise<void> {
  await expectExit(1, sentence, args);
}

async function expectExit(
  expected: number,
  sentence: string | RegExp,
  args: readonly string[],
): Promise<void> {
  const { code, out, err } = await warpweave(...args);
  expect(err).toMatch(sentence);
  expect(err.startsWith("error: ")).toBe(true);
  expect([code, out]).toStrictEqual([expected, ""]);
}

describe("files", () => {
  test("input files that are no arrays", async () => {
    const out = folder.path("o.npz");
    const whole = folder.path("whole.npz");
    await writeNpz(whole, plain);
    const cut = folder.path("cut.npz");
    writeFileSync(cut, readFileSync(whole).subarray(0, 900));
    const text = folder.write("text.npz", "not an archive\n");
    const run = (path: string) => ["run", "conv2d", "--inputs", path, "--out", out];
    await expectRefused(/cut\.npz is not a complete zip archive/, ...run(cut));
    await expectRefused(/text\.npz is not a NumPy .npz or .npy file/, ...run(text));
    await expectRefused(/there is no such file/, ...run(folder.path("none.npz")));
  });

  test("results that cannot be written are refused before anything is computed", async () => {
    const inputs = folder.path("ok.npz");
    await writeNpz(inputs, plain);
    const taken = folder.path("folder.npz");
    mkdirSync(taken);
    const run = (path: string) => ["run", "conv2d", "--inputs", inputs, "--out", path];
    await expectRefused(
      /cannot write .*: there is no such file or folder/,
      ...run(folder.path("no/out.npz")),
    );
    await expectRefused(/arrays are written to .npz or .npy files/, ...run(folder.path("out.txt")));
    await expectRefused(/it is a folder/, ...run(taken));
  });

  test("generate into a place that cannot be written writes nothing", async () => {
    const file = folder.write("file", "");
    await expectRefused(/cannot write to .*not a folder/, "generate", "conv2d", "--out", file);
    const below = folder.path("file/deep/er");
    await expectRefused(/cannot write to .*not a folder/, "generate", "conv2d", "--out", below);
  });

  test("generate makes the folders above its own", async () => {
    const deep = folder.path("a/b/c");
    const { code } = await warpweave("generate", "conv2d", "--target", "js", "--out", deep);
    expect([code, existsSync(join(deep, "js", "conv2d.js"))]).toStrictEqual([0, true]);
  });

  // Where there is no /proc, there is nothing that refuses folders in this way.
  test.runIf(existsSync("/proc/self"))(
    "generate into /proc is refused, not waited for",
    async () => {
      await expectRefused(
        "cannot write to /proc/x: no folder can be made in /proc",
        ...["generate", "conv2d", "--target", "js", "--out", "/proc/x"],
      );
    },
  );
});

describe("names", () => {
  test("unknown operators, with the nearest", async () => {
    for (const command of [["show"], ["generate"], ["run", "--inputs", "x", "--out", "y.npz"]])
      await expectRefused(
        /no operator "deform_conv"; did you mean "deform_conv2d"\?/,
        ...command,
        "deform_conv",
      );
    await expectRefused(/my_op\.ts: there is no such file/, "show", "./my_op.ts");
  });

  test("unknown targets, with the nearest", async () => {
    const args = ["generate", "--target", "wgls"];
    await expectExit(2, /no target "wgls"; did you mean "wgsl"\?/, args);
    const run = ["run", "conv2d", "--target", "cude", "--inputs", "x", "--out", "y.npz"];
    await expectExit(2, /no target "cude"; did you mean "cuda"\?/, run);
    await expectExit(2, /did you mean "cuda"\?/, ["check", "--target", "cdua"]);
  });
});

describe("declarations", () => {
  test("type errors are TypeScript's, with the place", async () => {
    const file = folder.write("wrong.ts", declaration("input(n, i)"));
    await expectRefused(/wrong\.ts:\d+:\d+ TS\d+ /, "generate", file, "--out", folder.path("g"));
  });

  test("unsupported syntax is a diagnostic of the language, with the place", async () => {
    const file = folder.write("loop.ts", declaration("Math.hypot(input(n))"));
    await expectRefused(/loop\.ts:\d+:\d+ WW1\d\d /, "generate", file, "--out", folder.path("g"));
  });
});

/** A small operator whose element is this expression. */
const declaration = (element: string): string => `
import type { Meta, Tensor } from "warpweave";
import { tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N">;
}

export const meta = {
  doc: "A test.",
  attrs: {},
  differentiable: [],
  variants: [[]],
  samples: [{ sizes: { N: 3 } }],
} as const satisfies Meta<Tensors, {}>;

export function test_op({ input }: Tensors) {
  return tensor([input.N], (n) => ${element});
}
`;

describe("usage", () => {
  test.each([
    [[], /Usage: warpweave/],
    [["shw"], /unknown command 'shw'/],
    [["run", "conv2d"], /required option '--inputs <file...>' not specified/],
    [["list", "--jsn"], /unknown option '--jsn'/],
  ])("%j is wrong usage: exit code 2", async (args, text) => {
    const { code, err } = await warpweave(...args);
    expect(err).toMatch(text);
    expect(code).toBe(2);
  });
});

describe("schedules", () => {
  test("a parameter that a transform does not have is refused, with those it has", async () => {
    const file = folder.write("misspelled.json", '[["pointwise", { "gruop": 64 }]]');
    await expectRefused(
      "pointwise: no parameter named gruop; there is group",
      ...["show", "conv2d", "--nest", "--target", "cuda", "--schedule", file],
    );
  });
});

describe("sizes", () => {
  const divided = (stride: number) => `
import { type Derived, idiv, type Meta, type Tensor, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N">;
}

export const meta = {
  doc: "A test.",
  attrs: { stride: { type: "int", default: 1, min: 1, doc: "A distance." } },
  differentiable: [],
  axes: { M: ({ N }, { stride }) => idiv(N, stride - 1) },
  variants: [[]],
  samples: [{ sizes: { N: 3 }, attrs: { stride: ${stride} } }],
} as const satisfies Meta<Tensors, { stride: number }>;

export function divided({ input }: Tensors, _: { stride: number }, { M }: Derived<typeof meta>) {
  return tensor([M], (m) => input(input.N.index(0)) + m);
}
`;

  test("an axis that divides by 0 at the sample, or at the attributes of a drawn case", async () => {
    const sentence = "axis M cannot be computed: idiv by 0";
    const [sample, drawn] = [1, 2].map((stride) =>
      folder.write(`divided${stride}.ts`, divided(stride)),
    );
    await expectRefused(/divided1.ts:14:\d+ WW155 .*axis M cannot be computed/, "check", sample!);
    const { code, err } = await warpweave("check", drawn!, "--target", "js");
    expect([code, err]).toStrictEqual([1, `error: ${sentence}, which is not positive\n`]);
  });
});
