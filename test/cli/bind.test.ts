// `--bind`: kernels with sizes, attributes and options fixed.

import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import { afterAll, expect, test } from "vitest";
import { manifestSchema } from "../../generators/manifest/schema.ts";
import { floats, makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

type Call = (
  tensors: object,
  attrs: object,
) => { readonly data: Float32Array; readonly shape: readonly number[] };

const [free, fixed] = [folder.path("free"), folder.path("fixed")];
const bound = "KH=3,KW=2,stride=2,1,border=dcnv1";

async function generate(out: string, ...options: readonly string[]): Promise<void> {
  const command = ["generate", "deform_conv2d", "--target", "js,wgsl,cuda", "--out", out];
  expect(await warpweave(...command, ...options)).toMatchObject({ code: 0, err: "" });
}

const load = async (out: string): Promise<Call> =>
  (await import(pathToFileURL(`${out}/js/deform_conv2d.js`).href)).deform_conv2d;

const size = (out: string, path: string): number => readFileSync(`${out}/${path}`, "utf8").length;

test("texts are shorter, results the same to the bit, other numbers are refused", async () => {
  await generate(free);
  await generate(fixed, "--bind", bound);
  for (const path of ["js/deform_conv2d.js", "wgsl/deform_conv2d.wgsl", "cuda/deform_conv2d.cu"])
    expect(size(fixed, path), path).toBeLessThan(0.95 * size(free, path));

  const [all, some] = [await load(free), await load(fixed)];
  const tensors = {
    input: floats([1, 2, 7, 6]),
    offset: floats([1, 12, 3, 5], (i) => 2 * Math.sin(i * 0.37)),
    weight: floats([3, 2, 3, 2], (i) => Math.cos(i)),
  };
  const attrs = { stride: { y: 2, x: 1 }, border: "dcnv1" };
  const result = some(tensors, attrs);
  expect(result).toEqual(all(tensors, attrs));
  expect(result.data.some((v) => v !== 0)).toBe(true);

  expect(() => some(tensors, { ...attrs, border: "zeros" })).toThrow(/built for border = dcnv1/);
  const wide = { ...tensors, weight: floats([3, 2, 2, 3]) };
  expect(() => some(wide, attrs)).toThrow(/built for KH = 3/);
});

test("the manifest tells what was bound, and only then", async () => {
  const targetsOf = (out: string) => {
    const manifest = JSON.parse(readFileSync(`${out}/manifest.json`, "utf8"));
    const validate = new Ajv({ strict: false }).compile(manifestSchema);
    validate(manifest);
    expect(validate.errors).toBeNull();
    return manifest.operators.deform_conv2d.kernels.forward.targets;
  };
  expect(targetsOf(free).wgsl).not.toHaveProperty("bound");
  expect(targetsOf(fixed).wgsl.bound).toEqual({
    sizes: { KH: 3, KW: 2 },
    attrs: { "stride.y": 2, "stride.x": 1 },
    options: { border: 1 },
  });
});

test("the axes of a tensor that is not given are not bound in its variant", async () => {
  const out = folder.path("roi");
  const bind = ["--bind", "PH=7,PW=7"];
  const made = await warpweave("generate", "roi_pool", "--target", "js", "--out", out, ...bind);
  expect(made).toMatchObject({ code: 0 });
});

test("show tells of the bound kernel", async () => {
  const { out, code } = await warpweave("show", "deform_conv2d", "--bind", "KH=1,KW=1");
  expect(code).toBe(0);
  expect(out).toContain("this kernel is built for KH = 1");
  expect(out).not.toMatch(/index .*\bKH\b/);
});

test.each([
  ["KX=3", /has no axis and no attribute "KX"; did you mean "KH"/],
  ["KH", /--bind KH is not of the form name=value/],
  ["KH=1.5", /KH=1.5 cannot be read; a size is one whole number/],
  ["KH=3,KH=4", /gives KH more than once/],
  ["border=none", /border=none is not one of zeros, dcnv1/],
  ["stride=0", /stride=0 is out of range/],
  ["C=3,I=2", /cannot be bound so/],
])("--bind %s is refused", async (text, sentence) => {
  const out = folder.path("refused");
  const made = await warpweave("generate", "deform_conv2d", "--bind", text, "--out", out);
  expect(made.err).toMatch(sentence);
  expect(made.code).toBe(1);
  expect(existsSync(out)).toBe(false);
});

test("it is not for the folder of what ships", async () => {
  const made = await warpweave("generate", "conv2d", "--bind", "KH=3");
  expect(made).toMatchObject({ code: 1, err: expect.stringMatching(/choose a folder with --out/) });
});
