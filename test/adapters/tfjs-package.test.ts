// The package for TensorFlow.js as files: whole, and with the kernels that ship on their targets.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type Printable, printValue } from "../../generators/adapters/tfjs/print.ts";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import { makeFolder, warpweave } from "../cli/cli.fixtures.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const load = <T>(path: string): Promise<T> => import(new URL(path, root).href) as Promise<T>;

const manifest = JSON.parse(read("generated/manifest.json")) as Manifest;

describe("the generated package", () => {
  const kernels = Object.keys(manifest.operators).flatMap((operator) =>
    ["", "_backward"].map((role) => operator + role),
  );

  it.each(kernels)("holds the kernels of %s as they ship", async (name) => {
    const copied = read(`generated/tfjs/kernels/${name}.js`);
    expect(copied === read(`generated/js/${name}.js`)).toBe(true);
    const module = `generated/tfjs/kernels/${name}.wgsl.js`;
    const { default: text } = await load<{ readonly default: string }>(module);
    expect(text === read(`generated/wgsl/${name}.wgsl`)).toBe(true);
  });

  it("names every operator and layer in its index, for JavaScript and for TypeScript", () => {
    const names = ["conv2d", "deformConv2d", "deformRoiPool", "roiAlign", "roiPool"];
    for (const file of ["index.js", "index.d.ts"]) {
      const text = read(`generated/tfjs/${file}`);
      for (const name of [...names, "DeformConv2D", "DeformRoIPool", "PlainConv2D"])
        expect(text, file).toContain(`export { ${name} } from "./`);
    }
  });
});

describe("a folder that is generated in parts", () => {
  const folder = makeFolder();
  afterAll(() => folder.remove());
  const out = folder.path("kernels");
  const generate = async (...args: readonly string[]) => {
    const result = await warpweave("generate", ...args, "--out", out);
    expect(result).toMatchObject({ code: 0, err: "" });
  };
  const index = () => readFileSync(`${out}/tfjs/index.js`, "utf8");

  it("has a package with each operator that both backends can run", async () => {
    await generate("roi_align");
    expect(index()).toContain("roiAlign");
    expect(existsSync(`${out}/tfjs/layers`)).toBe(false);
    const example = fileURLToPath(new URL("examples/flow_warp.ts", root));
    await generate(example);
    expect(index()).toContain("roiAlign");
    expect(index()).toContain("flowWarp");
    // One target is not enough, and what is there stays.
    await generate("conv2d", "--target", "js");
    expect(index()).not.toContain("conv2d");
    await generate("conv2d", "--target", "cuda");
    await generate("conv2d");
    expect(index()).toContain("conv2d");
    expect(index()).toContain("PlainConv2D");
    await generate("conv2d", "--check");
  });

  it("has a README that says what is there, and nothing else", async () => {
    const own = folder.path("own");
    const text = `import { type Meta, type Tensor, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N">;
  by: Tensor<"N">;
}

export const meta = {
  doc: "A product.",
  attrs: {},
  differentiable: ["input"],
  variants: [[]],
  samples: [{ sizes: { N: 3 } }],
} as const satisfies Meta<Tensors, {}>;

export function scaled({ input, by }: Tensors) {
  return tensor([input.N], (n) => input(n) * by(n));
}
`;
    const declared = folder.write("scaled.ts", text);
    const still = text.replaceAll("scaled", "still").replace('["input"]', "[]");
    const generated = async (...operators: readonly string[]) => {
      const result = await warpweave("generate", ...operators, "--out", own);
      expect(result).toMatchObject({ code: 0, err: "" });
      return readFileSync(`${own}/tfjs/README.md`, "utf8");
    };
    const none = await generated(folder.write("still.ts", still));
    expect(none).toContain("\nOperators, for the backends");
    expect(none).toContain("| `still` | A product. No gradients. |");
    expect(none).not.toContain("Gradients are computed");
    const alone = await generated(declared);
    expect(alone).toContain("Operators with gradients, for the backends");
    expect(alone).toContain("| `scaled` | A product. |");
    expect(alone).toContain(
      "Asking for the gradient of a tensor that has none (`by`) is an error.",
    );
    for (const other of ["ayer", "Conv", "box", "indices", "rois"])
      expect(alone).not.toContain(other);
    const { description } = JSON.parse(readFileSync(`${own}/tfjs/package.json`, "utf8")) as {
      readonly description: string;
    };
    expect(description).toBe(
      "Sampling operators with gradients for TensorFlow.js: cpu and webgpu.",
    );
    const more = await generated("deform_roi_pool");
    expect(more).toContain("Operators with gradients, and Keras-style layers, for the backends");
    expect(more).toContain("cannot be differentiated through `DeformRoIPool`");
    expect(more).toContain("the indices in `rois` are checked");
  });

  it("whose operators are loaded and run", async () => {
    // The folder lies outside of the project, and has no packages of its own.
    const text = readFileSync(`${out}/tfjs/operators/flow_warp.js`, "utf8");
    expect(text).toContain('import { defineOperator } from "../runtime/operator.js";');
    const kernels = (await import(
      pathToFileURL(`${out}/tfjs/kernels/flow_warp_backward.js`).href
    )) as object;
    const named = [...text.matchAll(/function: "(\w+_kernel)"/g)].map((match) => match[1]!);
    const backward = named.filter((name) => name.includes("_backward"));
    expect(backward.length).toBeGreaterThan(0);
    for (const name of backward) expect(kernels).toHaveProperty(name);
  });
});

interface Step {
  readonly kind: string;
  readonly function: string;
  readonly buffers: readonly { readonly name: string; readonly access: string }[];
}

describe("the runtime", () => {
  const launch = (name: string, reads: readonly string[], writes: readonly string[]): Step => ({
    kind: "launch",
    function: name,
    buffers: [
      ...reads.map((each) => ({ name: each, access: "read" })),
      ...writes.map((each) => ({ name: each, access: "update" })),
    ],
  });
  const plan = (slots: Readonly<Record<string, number>>) => ({
    buffers: {
      ...Object.fromEntries(["x", "dx", "dw", "db"].map((name) => [name, {}])),
      ...Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, { slot }])),
    },
    steps: [
      launch("columns", ["x"], ["columns"]),
      launch("dx", ["columns"], ["dx"]),
      launch("db", ["columns"], ["db"]),
      launch("first", ["x"], ["again"]),
      launch("second", ["again", "x"], ["again"]),
      launch("dw", ["again"], ["dw"]),
    ],
  });
  type Plan = ReturnType<typeof plan>;
  interface PlanModule {
    selectSteps(p: Plan, wanted: readonly string[], complete: Set<string>): readonly Step[];
  }
  const select = async (slots: Readonly<Record<string, number>>) => {
    const { selectSteps } = await load<PlanModule>("generators/adapters/tfjs/runtime/plan.js");
    const complete = new Set<string>();
    return {
      complete,
      run: (...wanted: readonly string[]) =>
        selectSteps(plan(slots), wanted, complete).map((step) => step.function),
    };
  };

  it("runs the steps that an output needs, and those of a workspace once", async () => {
    const { run, complete } = await select({ columns: 0, again: 1 });
    expect(run("dx")).toEqual(["columns", "dx"]);
    expect(run("db")).toEqual(["db"]);
    expect(run("dw")).toEqual(["first", "second", "dw"]);
    expect(run("dw", "dx")).toEqual(["dx", "dw"]);
    expect([...complete].sort()).toEqual(["again", "columns"]);
  });

  it("computes again what lay in the same memory", async () => {
    const { run, complete } = await select({ columns: 0, again: 0 });
    expect(run("dx")).toEqual(["columns", "dx"]);
    expect(run("dw")).toEqual(["first", "second", "dw"]);
    expect([...complete]).toEqual(["again"]);
    expect(run("dw", "db")).toEqual(["columns", "db", "first", "second", "dw"]);
    expect(run("dw")).toEqual(["dw"]);
    expect(run("db")).toEqual(["columns", "db"]);
    expect([...complete]).toEqual(["columns"]);
  });

  interface DispatchModule {
    coverGroups(total: number, most: number): { base: number; x: number; y: number }[];
    packUniform(block: object, scalars: object, base: number): Uint8Array;
  }

  it("covers groups by dispatches that leave none out and run none twice", async () => {
    const path = "generators/adapters/tfjs/runtime/dispatch.js";
    const { coverGroups } = await load<DispatchModule>(path);
    expect(coverGroups(0, 4)).toEqual([]);
    expect(coverGroups(4, 4)).toEqual([{ base: 0, x: 4, y: 1 }]);
    for (let total = 1; total < 60; total++) {
      const all = coverGroups(total, 4);
      let next = 0;
      for (const { base, x, y } of all) {
        expect(base).toBe(next);
        expect(Math.max(x, y)).toBeLessThanOrEqual(4);
        next += x * y;
      }
      // Groups to spare only at the end.
      expect(next).toBeGreaterThanOrEqual(total);
      expect(all.at(-1)!.base).toBeLessThan(total);
    }
  });

  it("writes uniform blocks as the manifest lays them out", async () => {
    const path = "generators/adapters/tfjs/runtime/dispatch.js";
    const { packUniform } = await load<DispatchModule>(path);
    const members = [
      ["scale", "f32", 4],
      ["N", "i32", 0],
    ];
    const bytes = packUniform({ bytes: 16, members, base: 8 }, { N: -2, scale: 0.5 }, 70000);
    const view = new DataView(bytes.buffer);
    expect(view.getInt32(0, true)).toBe(-2);
    expect(view.getFloat32(4, true)).toBe(0.5);
    expect(view.getUint32(8, true)).toBe(70000);
  });
});

describe("printValue", () => {
  it.each<[Printable, string]>([
    [
      { a: 1, "b-c": ["x", true], f: { code: "(v) => v" } },
      '{ a: 1, "b-c": ["x", true], f: (v) => v }',
    ],
    [[], "[]"],
    [{ gone: undefined, kept: 0 }, "{ kept: 0 }"],
  ])("%#", (value, text) => {
    expect(printValue(value, 0, 0)).toBe(text);
  });

  it("breaks what is too long, and fills lines with what is short", () => {
    const numbers = Array.from({ length: 40 }, (_, at) => at + 100);
    const text = printValue({ numbers, text: "x".repeat(60) }, 0, 0);
    const lines = text.split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines).toHaveLength(8);
    expect(new Function(`return ${text}`)()).toEqual({ numbers, text: "x".repeat(60) });
  });
});
