import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../generators/compile.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import type { Schedule } from "../../generators/schedule/index.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

// Steps of several elements on every target that can store them, at extents that they do not divide, against
// the interpreter in float64.

const fill: Fill = (tensor, _, __, random) =>
  Math.fround(tensor === "offset" ? random() * 6 - 3 : random() * 2 - 1);

interface Setting {
  readonly operator: string;
  readonly present: readonly string[];
  readonly steps: Schedule;
  /** Of each run: output channels, input channels of a group, offset groups. */
  readonly sizes: readonly (readonly [O: number, I: number, G: number])[];
}

const settings: readonly Setting[] = [
  {
    operator: "conv2d",
    present: ["bias"],
    steps: [
      ["walk", { stage: "output", axes: "I" }],
      ["jam", { stage: "output", axis: "O", by: 4 }],
      ["jam", { stage: "output", axis: "OW", by: 2 }],
    ],
    sizes: [
      [1, 6, 1],
      [3, 6, 1],
      [5, 6, 1],
      [7, 6, 1],
      [8, 3, 1],
      [15, 2, 1],
      [6, 1, 1],
    ],
  },
  {
    operator: "deform_conv2d",
    present: ["mask"],
    steps: [["jam", { stage: "output", axis: "O", by: 4 }]],
    // Groups and offset groups that do not nest: 2 of 3 channels, and 3 of 2.
    sizes: [
      [5, 6, 1],
      [10, 3, 3],
      [9, 2, 2],
      [12, 1, 6],
    ],
  },
];

const opened = new Map<string, Executor | Unavailable>();
const openers = { js: openJs, wgsl: openWgsl, cuda: openCuda } as const;
type Name = keyof typeof openers;

beforeAll(async () => {
  for (const [name, open] of Object.entries(openers)) opened.set(name, await open());
});
afterAll(async () => {
  for (const executor of opened.values()) if ("close" in executor) await executor.close();
});

describe.each(settings.map((s) => [s.operator, s] as const))("%s", (_, s) => {
  const path = new URL(`../../dsl/ops/${s.operator}.ts`, import.meta.url).pathname;
  const operator = readOperator(path);
  const kernel = operator.kernel(s.present);
  const given: Record<string, AttrValue> = {
    padding: { top: 1, left: 0, bottom: 1, right: 2 },
    stride: { y: 1, x: 2 },
  };

  it.for(Object.keys(openers) as Name[])("%s", async (name, context) => {
    const executor = opened.get(name)!;
    if ("unavailable" in executor) {
      console.log(`skipped on ${name}: ${executor.unavailable}`);
      return context.skip(executor.unavailable);
    }
    const target = findTarget(name);
    const steps = target.capabilities.groups
      ? [...s.steps, ["pointwise", { group: 32 }] as const]
      : s.steps;
    const schedule = { name: "jam", steps };
    const [program] = compile(operator, target, { variants: [s.present], schedule }).programs;
    for (const [O, I, G] of s.sizes) {
      const sizes = { N: 2, C: 6, H: 4, W: 7, O, I, G, KH: 2, KW: 3 };
      const { attrs, options } = numbersOf(operator, given);
      const inputs = fillInputs(operator, { sizes, attrs: given, present: s.present }, fill);
      const named = Object.entries(attrs).map(([a, value]) => [a.replaceAll(".", "_"), value]);
      const all = resolveSizes(kernel, sizes, attrs, options);
      const { output } = await executor.run(program!, {
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([tensor, { data }]) => [tensor, Float32Array.from(data)]),
        ),
        scalars: { ...all, ...Object.fromEntries(named) },
        constants: Object.fromEntries(
          program!.entry.constants.map((c) => [c.name, options[c.option]!]),
        ),
      });
      const want = interpretKernel(kernel, inputs, sizes, attrs, options).output!.parts[0]!;
      expect(output!.length).toBe(want.length);
      // At most 36 terms of a few roundings each; a sample moves by its coordinate's rounding times a slope of 2.
      const largest = Math.max(...want.map(Math.abs));
      const error = Math.max(...want.map((v, i) => Math.abs(v - output![i]!)));
      expect(largest).toBeGreaterThan(0.1);
      expect(error, `O ${O}, I ${I}, G ${G}`).toBeLessThan(36 * 32 * 2 ** -24);
    }
  });
});

it("a target whose threads return one element each says so", () => {
  const path = new URL("../../dsl/ops/conv2d.ts", import.meta.url).pathname;
  const steps: Schedule = [
    ["jam", { stage: "output", axis: "O", by: 2 }],
    ["pointwise", { group: 1 }],
  ];
  const schedule = { name: "jam", steps };
  expect(() => compile(readOperator(path), findTarget("gpujs"), { schedule })).toThrow(/gpu\.js/);
});
