// Gradients on the command line: what show, list and generate say and write of them.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import { Project, ts } from "ts-morph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operatorNames } from "../../generators/cli/operators.ts";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import { manifestSchema } from "../../generators/manifest/schema.ts";
import { targets } from "../../targets/registry.ts";
import { floats, makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await warpweave(...args);
  expect([code, err]).toStrictEqual([0, ""]);
  return out;
}

/** An operator whose sum ends where data say, which has no slope; and one without gradients. */
const declare = (differentiable: string): string => `
import { type Meta, type Tensor, sum, tensor } from "warpweave";

interface Tensors {
  values: Tensor<"N W">;
  scale: Tensor<"N">;
}

export const meta = {
  doc: "The sum of the first values of each row, scaled.",
  attrs: {},
  differentiable: [${differentiable}],
  variants: [[]],
  samples: [{ sizes: { N: 2, W: 3 } }],
} as const satisfies Meta<Tensors, object>;

export function row_sum({ values, scale }: Tensors) {
  const { N, W } = values;
  return tensor([N], (n) => scale(n) * sum([W], (w) => values(n, w)));
}
`;

describe("show and list", () => {
  test("show --grad tells what the backward takes and gives, and how each gradient comes about", async () => {
    const out = await succeed("show", "deform_conv2d", "--grad");
    expect(out).toMatch(
      /^deform_conv2d_backward: Gradients of input, offset, weight, mask, bias\./,
    );
    expect(out).toMatch(/grad_output +\(N, O, OH, OW\) +The gradient of output\./);
    expect(out).toMatch(
      /grad_input +\(N, C, H, W\) +added to elements that data choose \(scatter\)/,
    );
    expect(out).toMatch(/grad_weight +\(O, I, KH, KW\) +each element is computed by itself/);
    const json = JSON.parse(await succeed("show", "conv2d", "--grad", "--json"));
    expect(json.results.map((r: { name: string }) => r.name)).toStrictEqual([
      "grad_input",
      "grad_weight",
      "grad_bias",
    ]);
  });

  test("--grad --ir and --nest are of the variant asked for", async () => {
    const ir = await succeed("show", "deform_conv2d", "--grad", "--ir", "--variant", "mask");
    expect(ir).toMatch(/^kernel deform_conv2d\.backward with mask/);
    const nest = await succeed("show", "conv2d", "--grad", "--nest", "--target", "wgsl");
    expect(nest).toContain("plan conv2d.backward");
    // What is printed adds where it is told to.
    expect(nest.slice(nest.lastIndexOf("# after"))).toMatch(/if ACCUMULATE == 1/);
  });

  test("list marks the tensors that have gradients", async () => {
    const out = await succeed("list");
    expect(out).toMatch(/^roi_pool +input′, rois, offset′\? /m);
    const listed: { operator: string; differentiable: string[] }[] = JSON.parse(
      await succeed("list", "--json"),
    );
    expect(listed.find((o) => o.operator === "roi_align")?.differentiable).toEqual(["input"]);
  });

  test("an operator without differentiable tensors has nothing to show", async () => {
    const file = folder.write("plain.ts", declare(""));
    const { code, err } = await warpweave("show", file, "--grad");
    expect([code, err]).toStrictEqual([
      1,
      "error: row_sum has no gradients: its declaration names no tensor as differentiable\n",
    ]);
  });
});

describe("generate", () => {
  const out = folder.path("all");
  const pathOf = (path: string) => join(out, path);
  let text = "";
  beforeAll(async () => {
    text = await succeed("generate", "--out", out);
  });

  test("writes the gradients of every operator, on gpu.js those that are gathers", () => {
    for (const { name, extension, binaries } of targets)
      for (const operator of operatorNames()) {
        const scatters = ["roi_align"].includes(operator) && name === "gpujs";
        const path = `${name}/${operator}_backward.${binaries ? name : extension}`;
        expect(existsSync(pathOf(path))).toBe(!scatters);
      }
    expect(text).toMatch(/gpujs has no grad_input of deform_conv2d, .*roi_pool: it cannot add to/s);
    const gathers = readFileSync(pathOf("gpujs/deform_conv2d_backward.js"), "utf8");
    expect(gathers.replaceAll("\n//", "")).toContain("Gradients of offset, weight, mask, bias.");
    expect(gathers).not.toContain("grad_input");
  });

  test("the manifest says what they take, give and need, and which are deterministic", () => {
    const manifest = JSON.parse(readFileSync(pathOf("manifest.json"), "utf8")) as Manifest;
    const validate = new Ajv({ strict: false }).compile(manifestSchema);
    validate(manifest);
    expect(validate.errors).toBeNull();
    const { differentiable, kernels } = manifest.operators.deform_conv2d!;
    expect(differentiable).toEqual(["input", "offset", "weight", "mask", "bias"]);
    expect(kernels.forward!.tensors).toEqual([]);
    expect(kernels.forward!.outputs.map(({ name }) => name)).toEqual(["output"]);
    const { tensors, outputs, targets: on } = kernels.backward!;
    expect(tensors.map(({ name }) => name)).toEqual(["grad_output"]);
    expect(outputs.map(({ name }) => name)).toEqual(differentiable.map((name) => `grad_${name}`));
    const given = (target: string) =>
      on[target]!.entries[0]!.tensors.filter(({ role }) => role === "output").map(
        (tensor) => [tensor.name, tensor.deterministic] as const,
      );
    expect(given("wgsl")).toEqual([
      ["grad_input", false],
      ["grad_offset", true],
      ["grad_weight", true],
    ]);
    expect(given("js")).toContainEqual(["grad_input", true]);
    expect(given("gpujs").map(([name]) => name)).toEqual(["grad_offset", "grad_weight"]);
    const [entry] = on.cuda!.entries;
    expect(entry!.accumulate).toBe("DEFORM_CONV2D_ACCUMULATE");
    expect(entry!.steps).toContainEqual({
      kind: "fill",
      buffer: "grad_input",
      value: 0,
      unless: "DEFORM_CONV2D_ACCUMULATE",
    });
    expect(on.gpujs!.entries[0]).not.toHaveProperty("accumulate");
  });

  test("a part of them leaves the rest as it is", async () => {
    const before = readFileSync(pathOf("manifest.json"), "utf8");
    await succeed("generate", "deform_conv2d", "--target", "gpujs", "--out", out);
    expect(readFileSync(pathOf("manifest.json"), "utf8")).toBe(before);
    expect(await succeed("generate", "--out", out, "--check")).toMatch(/are up to date/);
  });

  test("modules compute what is wanted, into arrays that are given", async () => {
    const module = await import(pathToFileURL(pathOf("js/conv2d_backward.js")).href);
    const tensors = {
      input: floats([2, 2, 4, 5]),
      weight: floats([3, 2, 3, 3], (i) => Math.cos(i)),
      bias: floats([3]),
      grad_output: floats([2, 3, 4, 5], (i) => Math.sin(i)),
    };
    const call = (choice?: object) => module.conv2d_backward(tensors, { padding: 1 }, choice);
    const all = call();
    expect(Object.keys(all)).toEqual(["grad_input", "grad_weight", "grad_bias"]);
    expect(all.grad_weight.shape).toEqual([3, 2, 3, 3]);
    for (const name of Object.keys(all)) {
      expect(all[name].data.some((v: number) => v !== 0)).toBe(true);
      expect(call({ wanted: [name] })).toEqual({ [name]: all[name] });
    }
    const grad_weight = new Float32Array(54).fill(4);
    const added = call({ accumulate: { grad_weight } });
    expect(added.grad_weight.data).toBe(grad_weight);
    // One rounding of the sum against two.
    for (const [i, v] of (all.grad_weight.data as Float32Array).entries())
      expect(Math.abs(grad_weight[i]! - (v + 4))).toBeLessThan(2 ** -20);
    expect(added.grad_input).toEqual(all.grad_input);
    const withoutBias = { ...tensors, bias: undefined };
    expect(Object.keys(module.conv2d_backward(withoutBias, { padding: 1 }))).toEqual([
      "grad_input",
      "grad_weight",
    ]);
    for (const [choice, sentence] of [
      [
        { wanted: ["grad_mask"] },
        /^conv2d_backward gives no grad_mask for these tensors; it gives/,
      ],
      [{ wanted: [] }, /^wanted is \[\]; it must be a list of some of: grad_input, grad_weight/],
      [{ only: [] }, /^There is no choice only; there are wanted and accumulate\.$/],
      [null, /^The choice of results is null; it must be an object\.$/],
      [
        { accumulate: { grad_bias: [1, 2, 3] } },
        /^accumulate\.grad_bias must be a Float32Array\.$/,
      ],
      [{ accumulate: { grad_bias: grad_weight } }, /has 54 elements; the shape \(3\) has 3\.$/],
      [
        { accumulate: { grad_weight }, wanted: ["grad_bias"] },
        /^accumulate has grad_weight, which/,
      ],
    ] as const)
      expect(() => module.conv2d_backward(tensors, { padding: 1 }, choice)).toThrow(sentence);
    const cut = { ...tensors, grad_output: floats([2, 3, 4, 4]) };
    expect(() => module.conv2d_backward(cut, { padding: 1 })).toThrow(
      "grad_output's dimension 3 (OW) is 4, but the other sizes and attributes give 5",
    );
  });

  test("modules add to no array in the memory of a tensor or of another result", async () => {
    const module = await import(pathToFileURL(pathOf("js/conv2d_backward.js")).href);
    const memory = new Float32Array(64);
    const part = (from: number, count: number) => memory.subarray(from, from + count);
    const call = (weight: Float32Array, accumulate: object, bias = new Float32Array(3)) =>
      module.conv2d_backward(
        {
          input: floats([1, 2, 2, 2]),
          weight: { data: weight, shape: [3, 2, 1, 1] },
          bias: { data: bias, shape: [3] },
          grad_output: floats([1, 3, 2, 2]),
        },
        {},
        { accumulate },
      );
    const sentence = (name: string, other: string) =>
      `accumulate.${name} shares memory with ${other}; results need memory of their own.`;
    for (const [weight, accumulate, expected] of [
      [part(0, 6), { grad_weight: part(0, 6) }, sentence("grad_weight", "weight")],
      [part(7, 6), { grad_input: part(0, 8) }, sentence("grad_input", "weight")],
      [
        part(30, 6),
        { grad_weight: part(8, 6), grad_bias: part(13, 3) },
        sentence("grad_bias", "grad_weight"),
      ],
    ] as const)
      expect(() => call(weight, accumulate)).toThrow(expected);
    expect(memory.every((value) => value === 0)).toBe(true);
    // Side by side in one buffer is no matter.
    const beside = { grad_input: part(6, 8), grad_weight: part(14, 6), grad_bias: part(20, 3) };
    const { grad_weight } = call(part(0, 6), beside);
    expect(grad_weight.data).toEqual(call(new Float32Array(6), {}).grad_weight.data);
  });

  test("their types know which results there are", () => {
    const use = folder.write(
      "use.ts",
      `import { deform_conv2d_backward as backward } from "./all/js/deform_conv2d_backward.js";
const t = { data: new Float32Array(1), shape: [1] };
const tensors = { input: t, offset: t, weight: t, grad_output: t };
const all = backward(tensors);
export const whole: Float32Array = all.grad_input.data;
export const maybe: Float32Array | undefined = all.grad_mask?.data;
const some = backward(tensors, { padding: 1 }, { wanted: ["grad_offset"] });
export const offset: readonly number[] = some.grad_offset.shape;
backward(tensors, {}, { accumulate: { grad_weight: whole } });
// @ts-expect-error: it was not asked for
some.grad_input;
// @ts-expect-error: there may be no mask
all.grad_mask.data;
// @ts-expect-error: there is no such result
backward(tensors, {}, { wanted: ["grad_groups"] });
// @ts-expect-error: results are added to Float32Arrays
backward(tensors, {}, { accumulate: { grad_weight: [1] } });
`,
    );
    const project = new Project({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        types: [],
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
      },
    });
    project.addSourceFileAtPath(use);
    const messages = project.getPreEmitDiagnostics().map((d) => JSON.stringify(d.getMessageText()));
    expect(messages).toEqual([]);
  });

  test("--bind fixes numbers in gradients too", async () => {
    const fixed = folder.path("fixed");
    const bind = ["--bind", "KH=3,KW=3,stride=1,dilation=1", "--target", "js,cuda"];
    await succeed("generate", "conv2d", ...bind, "--out", fixed);
    const [own, free] = await Promise.all(
      [fixed, out].map((from) => import(pathToFileURL(join(from, "js/conv2d_backward.js")).href)),
    );
    const tensors = {
      input: floats([1, 2, 4, 5]),
      weight: floats([3, 2, 3, 3], (i) => Math.cos(i)),
      grad_output: floats([1, 3, 4, 5], (i) => Math.sin(i)),
    };
    expect(own.conv2d_backward(tensors, { padding: 1 })).toEqual(
      free.conv2d_backward(tensors, { padding: 1 }),
    );
    expect(() => own.conv2d_backward(tensors, { padding: 1, stride: 2 })).toThrow(
      /built for stride/,
    );
  });
});

describe("a gradient that cannot be derived", () => {
  test("is said with its place, the tensor, and what to do; nothing is written", async () => {
    const bad = declare('"values", "scale"')
      .replace('scale: Tensor<"N">', 'scale: Coords<"N">')
      .replace("sum([W], (w) =>", "sum([W.span(0, floor(scale(n)))], (w) => scale(n) *")
      .replace("type Meta, type Tensor, sum", "type Coords, type Meta, type Tensor, floor, sum");
    const file = folder.write("bad.ts", bad);
    const none = folder.path("none");
    const { code, err } = await warpweave("generate", file, "--out", none);
    expect(err).toMatch(
      /^error: .*bad\.ts:\d+:\d+ WW160 the gradient of scale cannot be derived: /,
    );
    expect(err).toMatch(
      /; leave scale out of `differentiable`\n +12 \| .*differentiable: \[.*\n.*\| +\^{7}\n$/,
    );
    expect([code, existsSync(none)]).toStrictEqual([1, false]);
  });
});
