import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  applySchedule,
  compile,
  differentiate,
  dumpKernel,
  findTarget,
  interpretKernel,
  readOperator,
  schedulePlan,
  targets,
} from "../../generators/index.ts";
import { openJs } from "../../targets/js/executor.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => JSON.parse(readFileSync(new URL(path, root), "utf8"));

interface Export {
  readonly types: string;
  readonly default: string;
}

describe("what the package exports", () => {
  const about = read("package.json");
  const exported = Object.entries<Export | string>(about.exports);
  const isSource = (name: string) => [".", "./compiler", "./webgpu"].includes(name);
  const modules = exported.filter((e): e is [string, Export] => isSource(e[0]));
  const { paths } = read("tsconfig.json").compilerOptions;

  test.each(modules)("%s is built from a source, which a checkout uses itself", (name, target) => {
    const source = target.default.replace("./dist/", "./").replace(/\.js$/, ".ts");
    expect(existsSync(new URL(source, root)), source).toBe(true);
    expect(target.types).toBe(target.default.replace(/\.js$/, ".d.ts"));
    expect(paths[name.replace(".", "warpweave")]).toEqual([source]);
  });

  test("and nothing else but kernels, and data of them", () => {
    expect(modules).toHaveLength(3);
    const others = exported.map(([name]) => name).filter((name) => !isSource(name));
    expect(others).toEqual([
      ...["./webgpu/*", "./js", "./js/*", "./manifest", "./manifest.schema"],
      ...["./kernels/*", "./generated/*", "./package.json"],
    ]);
  });

  test("with types, from folders that ship", () => {
    for (const [name, target] of exported) {
      if (typeof target === "string") continue;
      for (const path of Object.values(target))
        expect([name, path]).toEqual([name, expect.stringMatching(/^\.\/(dist|generated)\//)]);
      expect(target.types).toMatch(/\.d\.ts$/);
    }
    for (const path of about.files) {
      if (path !== "dist") expect(existsSync(new URL(path, root)), path).toBe(true);
    }
  });

  test("and what only some uses need is an optional peer, which is here for the tests", () => {
    const peers = Object.keys(about.peerDependencies);
    expect(Object.keys(about.peerDependenciesMeta)).toEqual(peers);
    for (const name of peers) {
      expect(about.peerDependenciesMeta[name]).toEqual({ optional: true });
      expect(about.devDependencies[name]).toBe(about.peerDependencies[name]);
    }
    expect(about).not.toHaveProperty("optionalDependencies");
  });
});

test("the compiler's steps, one after another, and all at once", async () => {
  const operator = readOperator(new URL("dsl/ops/conv2d.ts", root).pathname);
  const kernel = operator.kernel([]);
  expect(dumpKernel(kernel)).toContain("conv2d");
  expect(differentiate(kernel, ["input"]).outputs).toEqual(["grad_input"]);

  const sizes = { N: 1, C: 1, H: 2, W: 3, O: 1, I: 1, KH: 1, KW: 1 };
  const attrs = Object.fromEntries([
    ...["stride.y", "stride.x", "dilation.y", "dilation.x"].map((name) => [name, 1]),
    ...["top", "left", "bottom", "right"].map((side) => [`padding.${side}`, 0]),
  ]);
  const input = Float32Array.of(1, 2, 3, 4, 5, 6);
  const weight = Float32Array.of(2);
  const reference = interpretKernel(
    kernel,
    { input: { shape: [1, 1, 2, 3], data: input }, weight: { shape: [1, 1, 1, 1], data: weight } },
    sizes,
    attrs,
    {},
  );
  expect([...reference.output!.parts[0]!]).toEqual([2, 4, 6, 8, 10, 12]);

  const limits = { threads: 64, sharedBytes: 0 };
  expect(schedulePlan(kernel, [], limits).steps).toHaveLength(1);
  expect(applySchedule(kernel, [["none", {}]], limits)).toMatchObject({
    refused: expect.stringContaining("no transform named none"),
  });

  expect(targets.map(({ name }) => name)).toContain("wgsl");
  const { programs } = compile(operator, findTarget("js"), { variants: [[]] });
  const scalars = Object.entries(attrs).map(([name, value]) => [name.replace(".", "_"), value]);
  const job = { inputs: { input, weight }, scalars: { ...sizes, ...Object.fromEntries(scalars) } };
  const executor = openJs();
  const { output } = await executor.run(programs[0]!, job);
  await executor.close();
  expect([...output!]).toEqual([2, 4, 6, 8, 10, 12]);
});
