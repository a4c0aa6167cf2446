import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import type { Schedule } from "../../generators/schedule/index.ts";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openChecked } from "../../targets/cuda/checked.ts";
import { findTarget } from "../../targets/registry.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

// Contractions tile by tile on the targets that have groups of threads, at sizes that no tile divides, against
// the interpreter in float64; on CUDA under the builds that find faults of memory and races too.

/** Positions that no int holds, or that have no neighbour that one holds: what is there counts for nothing. */
const wild = [3e9, -3e9, 2 ** 31 - 128, 1e30, Number.NaN, Number.NEGATIVE_INFINITY];

const fill: Fill = (tensor, i, _, random) => {
  const unit = random();
  if (tensor !== "offset") return Math.fround(unit * 2 - 1);
  return i % 11 === 5 ? wild[((i - 5) / 11) % wild.length]! : Math.fround(unit * 6 - 3);
};

interface Setting {
  readonly operator: string;
  readonly gradient?: boolean;
  readonly present: readonly string[];
  /** What each target takes by default, unless these are given. */
  readonly steps?: Schedule;
  readonly sizes: readonly Readonly<Record<string, number>>[];
}

const small = { BM: 8, BP: 16, BK: 4, TM: 2, TP: 2 };
const large = { BM: 64, BP: 32, BK: 16, TM: 8, TP: 4, pad: 1 };
const image = { N: 2, H: 13, W: 5, KH: 2, KW: 3 };
// In two groups: 67 rows each, 17 terms for each tap, and 96 columns.
const several = { ...image, KH: 1, KW: 2, C: 34, I: 17, O: 134, G: 1 };

const settings: readonly Setting[] = [
  {
    operator: "deform_conv2d",
    present: ["mask", "bias"],
    steps: [["contract", { stage: "output", ...small }]],
    sizes: [
      { ...image, C: 5, I: 5, O: 7, G: 1 },
      // Groups and offset groups that do not nest: 2 of 3 channels, and 3 of 2.
      { ...image, C: 6, I: 3, O: 10, G: 3 },
      { ...image, C: 6, I: 1, O: 6, G: 2 },
    ],
  },
  {
    operator: "conv2d",
    present: [],
    steps: [["contract", { stage: "output", ...large }]],
    sizes: [{ ...image, C: 18, I: 18, O: 67 }],
  },
  {
    operator: "conv2d",
    gradient: true,
    present: [],
    steps: [
      ["split", { stage: "grad_weight", axis: "OH", least: 4 }],
      ["contract", { stage: "grad_input", ...small }],
      ["contract", { stage: "grad_weight_parts", ...small }],
    ],
    sizes: [{ ...image, C: 6, I: 3, O: 10 }],
  },
  {
    operator: "deform_conv2d",
    gradient: true,
    present: ["mask"],
    steps: [
      ["materialise", { stage: "columns" }],
      ["materialise", { stage: "grad_columns" }],
      ["contract", { stage: "grad_columns", ...small }],
      ["contract", { stage: "grad_weight", ...small, pad: 1 }],
    ],
    sizes: [{ ...image, C: 6, I: 3, O: 4, G: 3 }],
  },
  // Kernels that ship: several of their tiles each way, and several steps of the sum, which random cases seldom have.
  ...["conv2d", "deform_conv2d"].flatMap((operator) =>
    [false, true].map((gradient) => ({ operator, gradient, present: [], sizes: [several] })),
  ),
];

const opened = new Map<string, Executor | Unavailable>();
const openers = { wgsl: openWgsl, cuda: openChecked } as const;
type Name = keyof typeof openers;

beforeAll(async () => {
  for (const [name, open] of Object.entries(openers)) opened.set(name, await open());
});
afterAll(async () => {
  for (const executor of opened.values()) if ("close" in executor) await executor.close();
});

const titleOf = ({ operator, gradient, steps }: Setting) =>
  `${operator}${gradient ? ", gradients" : ""}${steps ? "" : " by default"}`;

describe.each(settings.map((s) => [titleOf(s), s] as const))("%s", { timeout: 120_000 }, (_, s) => {
  const declared = readOperator(
    new URL(`../../dsl/ops/${s.operator}.ts`, import.meta.url).pathname,
  );
  const operator = s.gradient ? backwardOf(declared) : declared;
  const kernel = operator.kernel(s.present);
  const given: Record<string, AttrValue> = {
    padding: { top: 1, left: 0, bottom: 1, right: 2 },
    stride: { y: 2, x: 1 },
  };

  it.for(Object.keys(openers) as Name[])("%s", async (name, context) => {
    const executor = opened.get(name)!;
    if ("unavailable" in executor) {
      console.log(`skipped on ${name}: ${executor.unavailable}`);
      return context.skip(executor.unavailable);
    }
    const target = findTarget(name);
    const schedule = s.steps && {
      name: "contract",
      steps: [...s.steps, ["pointwise", { group: 32 }] as const],
    };
    const [program] = compileKernels(
      declared,
      [kernel],
      target,
      scheduleOn(target, schedule),
    ).programs;
    expect(program!.source).toMatch(/__syncthreads|workgroupBarrier/);
    for (const sizes of s.sizes) {
      const { attrs, options } = numbersOf(operator, given);
      const inputs = fillInputs(operator, { sizes, attrs: given, present: s.present }, fill);
      const named = Object.entries(attrs).map(([a, value]) => [a.replaceAll(".", "_"), value]);
      const all = resolveSizes(kernel, sizes, attrs, options);
      const results = await executor.run(program!, {
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([tensor, { data }]) => [tensor, Float32Array.from(data)]),
        ),
        scalars: { ...all, ...Object.fromEntries(named) },
        constants: Object.fromEntries(
          program!.entry.constants.map((c) => [c.name, options[c.option] ?? c.default]),
        ),
      });
      const expected = interpretKernel(kernel, inputs, sizes, attrs, options);
      for (const [output, { parts }] of Object.entries(expected)) {
        const [want, found] = [parts[0]!, results[output]!];
        expect(found.length).toBe(want.length);
        const largest = Math.max(...want.map(Math.abs));
        const error = Math.max(...want.map((v, i) => Math.abs(v - found[i]!)));
        expect(largest).toBeGreaterThan(0.1);
        // Sums of up to `terms` products of a few roundings each; a sample moves by its coordinate's rounding
        // times a slope of 2, and so does what its slope is multiplied with.
        const terms = Math.max(sizes.C! * 6, sizes.O! * 6, all.N! * all.OH! * all.OW!);
        expect(error, output).toBeLessThan(terms * 32 * 2 ** -24);
      }
    }
  });
});
