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
  const exported = Object.entries<Export | string>(read("package.json").exports);
  const modules = exported.filter((e): e is [string, Export] => typeof e[1] === "object");
  const { paths } = read("tsconfig.json").compilerOptions;

  test.each(modules)("%s is built from a source, which a checkout uses itself", (name, target) => {
    const source = target.default.replace("./dist/", "./").replace(/\.js$/, ".ts");
    expect(existsSync(new URL(source, root)), source).toBe(true);
    expect(target.types).toBe(target.default.replace(/\.js$/, ".d.ts"));
    expect(paths[name.replace(".", "warpweave")]).toEqual([source]);
  });

  test("and nothing else but data", () => {
    expect(modules.map(([name]) => name)).toEqual([".", "./webgpu", "./compiler"]);
    expect(exported.map(([name]) => name)).toEqual(
      expect.arrayContaining(["./generated/*", "./package.json"]),
    );
    expect(exported).toHaveLength(5);
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
