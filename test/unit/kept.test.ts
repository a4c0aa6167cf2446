// What depends on constant inputs alone is computed once, and nothing else is.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { closeAll, openAll } from "../../generators/cli/executors.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { buildLibrary, findCCompiler } from "../../targets/c/build.ts";
import { bindEntry } from "../../targets/c/library.ts";
import { c } from "../../targets/c/target.ts";
import { originsOf, partSteps } from "../../targets/contract/kept.ts";
import type { Job, LaunchStep, Step, TensorInfo } from "../../targets/contract/program.ts";
import { targets } from "../../targets/registry.ts";

const operator = openOperator("conv2d");
const sizes = { N: 1, C: 3, H: 5, W: 6, O: 21, I: 3, KH: 2, KW: 2, groups: 1, OH: 4, OW: 5 };
const attrs = {
  ...{ stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 },
  ...{ padding_top: 0, padding_left: 0, padding_bottom: 0, padding_right: 0 },
};
const numbers = (count: number, by: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * by) % 23) - 11);
const makeInputs = () => ({
  input: numbers(3 * 5 * 6, 7),
  weight: numbers(21 * 3 * 2 * 2, 5),
});

it("a call keeps constant inputs as they were when it was prepared", async () => {
  const cheap = ["js", "wasm", "c"];
  const all = await openAll(targets.filter(({ name }) => cheap.includes(name)));
  const tried: string[] = [];
  try {
    for (const { target, executor } of all.opened) {
      const schedule = scheduleOn(target);
      const [program] = compileKernels(operator, [operator.kernel([])], target, schedule).programs;
      const all: Readonly<Record<string, number>> = { ...sizes, ...attrs };
      const scalars = Object.fromEntries(
        program!.entry.scalars.map(({ name }) => [name, all[name]!]),
      );
      const job: Job = { inputs: makeInputs(), scalars };
      const { output } = await executor.run(program!, { inputs: makeInputs(), scalars });
      const ready = await executor.prepare!(program!, { ...job, constant: ["weight"] });
      const plain = await executor.prepare!(program!, job);
      for (let i = 0; i < 2; i++) {
        await ready.run();
        expect((await ready.read()).output).toEqual(output);
        // Another call of the same executor, with other weights.
        await executor.run(program!, {
          inputs: { ...makeInputs(), weight: numbers(252, 3) },
          scalars,
        });
        job.inputs.weight!.fill(1);
      }
      await plain.run();
      const unlike = [...(await plain.read()).output!].filter((v, i) => v !== output![i]);
      if (target.name !== "wasm") expect(unlike.length).toBeGreaterThan(0);
      expect(partSteps(program!.entry, ["weight"]).once).toHaveLength(1);
      expect(partSteps(program!.entry, []).once).toHaveLength(0);
      await expect(executor.prepare!(program!, { ...job, constant: ["kernel"] })).rejects.toThrow(
        "conv2d takes no tensor kernel that could be constant; it takes input, weight.",
      );
      await ready.close();
      await plain.close();
      tried.push(target.name);
    }
  } finally {
    await closeAll(all);
  }
  expect(tried).toContain("js");
  expect(tried).toContain("wasm");
});

const compiler = await findCCompiler();
// Where there is no compiler this says so and is skipped; in CI there must be one.
const here = it.runIf(compiler !== undefined || process.env.CI !== undefined);

here("in C a workspace gives back nothing that is of another call", async () => {
  const folder = await mkdtemp(join(tmpdir(), "warpweave-kept-"));
  try {
    const compiled = compileKernels(operator, [operator.kernel([])], c, scheduleOn(c));
    const { entry, source } = compiled.programs[0]!;
    const bound = await bindEntry(await buildLibrary(compiler!, "fast", folder, source), entry);
    const all: Readonly<Record<string, number>> = { ...sizes, ...attrs };
    const scalars = Object.fromEntries(entry.scalars.map(({ name }) => [name, all[name]!]));
    const call = (inputs: Record<string, Float32Array>, more = {}) => ({
      ...{ inputs, outputs: { output: new Float32Array(21 * 4 * 5) }, constants: {}, threads: 1 },
      scalars: { ...scalars, ...more },
    });
    const [inputs, others] = [makeInputs(), makeInputs()];
    const memory = new Uint8Array(2 * bound.workspaceBytes(call(inputs)));
    const stale = /holds nothing to keep/;
    expect(() => bound.run(call(inputs), memory, ["weight"])).toThrow(stale);
    const first = call(inputs);
    bound.run(first, memory);
    expect(first.outputs.output.some((value) => value !== 0)).toBe(true);
    const again = call({ ...others, weight: inputs.weight });
    bound.run(again, memory, ["weight"]);
    expect(again.outputs).toEqual(first.outputs);
    expect(() => bound.run(call(others), memory, ["weight"])).toThrow(stale);
    expect(() => bound.run(call(inputs, { H: 4, OH: 3 }), memory, ["weight"])).toThrow(stale);
    expect(() => bound.run(call(inputs), new Uint8Array(0), ["weight"])).toThrow(
      "Nothing can be kept without a workspace.",
    );
    bound.run(call(others), memory);
    expect(() => bound.run(call(inputs), memory, ["weight"])).toThrow(stale);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const launch = (
  reads: readonly string[],
  writes: readonly string[],
  access: "write" | "update" = "write",
): LaunchStep => ({
  kind: "launch",
  function: "f",
  buffers: [
    ...reads.map((name) => ({ name, access: "read", binding: 0 }) as const),
    ...writes.map((name) => ({ name, access, binding: 0 }) as const),
  ],
  scalars: [],
  scalarsBinding: 0,
  group: 1,
  groups: "1",
  sharedBytes: 0,
});
const tensor = (name: string, role: TensorInfo["role"]): TensorInfo => ({
  ...{ name, role, dtype: "f32", axes: [], shape: [] },
});
const tensors = [tensor("a", "input"), tensor("b", "input"), tensor("out", "output")];
const work = (name: string, more = {}) => ({ name, dtype: "f32" as const, elements: "1", ...more });

describe("a workspace depends on some inputs alone", () => {
  const originOf = (steps: readonly Step[], more = {}) =>
    originsOf({ steps, tensors, workspaces: [work("w", more), work("v")] });

  it("where it is made of them, or of what is", () => {
    const found = originOf([
      launch(["b"], ["w"]),
      launch(["w", "a"], ["v"]),
      launch(["v"], ["out"]),
    ]);
    expect(Object.fromEntries(found)).toEqual({ w: ["b"], v: ["a", "b"] });
  });

  it.each([
    ["it is added to", [launch(["b"], ["w"], "update")], {}],
    ["it is filled", [launch(["b"], ["w"]), { kind: "fill", buffer: "w", value: 0 } as const], {}],
    ["it is changed later", [launch(["b"], ["w"]), launch(["out"], ["w"])], {}],
    ["results are written beside it", [launch(["b"], ["w", "out"])], {}],
    ["each thread has its own", [launch(["b"], ["w"])], { perWorker: true }],
  ])("but not where %s", (_, steps, more) => {
    expect([...originOf(steps, more).keys()]).not.toContain("w");
  });
});
