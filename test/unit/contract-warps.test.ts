// Contractions whose factors are rounded, so that warps multiply them: what the plan computes, and what is refused.

import { expect, test } from "vitest";
import { judge } from "../../generators/check/judge.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { compileKernels, limitsOf, scheduleOn } from "../../generators/compile.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import { dumpPlan } from "../../generators/ir/nestDump.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { applySchedule, type Schedule } from "../../generators/schedule/index.ts";
import { narrow } from "../../targets/contract/half.ts";
import { findTarget } from "../../targets/registry.ts";
import { type Case, fillInputs } from "../declarations/compare.ts";

const cuda = findTarget("cuda");
const operator = readOperator(new URL("../../dsl/ops/deform_conv2d.ts", import.meta.url).pathname);

const contract = (sizes: object): Schedule => [
  ["contract", { stage: "output", BM: 16, BP: 32, BK: 16, TM: 2, TP: 4, product: "f16", ...sizes }],
];

/** One that leaves parts of tiles, and of blocks of the sum, empty. */
const c: Case = {
  present: ["mask", "bias"],
  sizes: { N: 2, C: 6, H: 6, W: 5, G: 3, KH: 2, KW: 2, O: 20, I: 3 },
  attrs: { padding: 1 },
};

test("what it computes is within the bounds of rounded factors, and beyond those of f32", () => {
  const kernel = operator.kernel(c.present);
  const schedule = scheduleOn(cuda, { name: "warps", steps: contract({}) });
  const plan = schedule.plan(kernel);
  expect(dumpPlan(plan)).toContain(", by the warp: 16 rows, 16 columns");
  const { attrs, options } = numbersOf(operator, c.attrs);
  const sizes = resolveSizes(kernel, c.sizes, attrs, options);
  const arrays = fillInputs(operator, c, (_name, _i, _columns, random) => random() * 4 - 2);
  const inputs = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
  const numbers = { ...sizes };
  for (const [name, value] of Object.entries(attrs)) numbers[name.replaceAll(".", "_")] = value;
  const constants: Record<string, number> = {};
  for (const { name, constant } of plan.options) constants[constant] = options[name]!;
  const data = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, x.data]));
  const run = { mode: "f32", order: "shuffled", seed: 4, poison: true } as const;
  const { output } = interpretPlan(plan, data, numbers, constants, run);

  const call = { sizes: c.sizes, attrs, options };
  const worst = (rules: Parameters<typeof judge>[3]): number => {
    const { value, bound } = judge(kernel, inputs, call, rules).outputs.output![0]!;
    return Math.max(...value.map((x, i) => Math.abs(output![i]! - x) / bound[i]!));
  };
  const factors = narrow.f16.roundoff;
  expect(worst({ ...rulesOf.cuda, factors })).toBeLessThanOrEqual(1);
  expect(worst(rulesOf.cuda)).toBeGreaterThan(1);
});

test("its text holds the tiles in 16 bits, and calls the product", () => {
  const kernel = operator.kernel([]);
  const schedule = scheduleOn(cuda, { name: "warps", steps: contract({}) }, "f16");
  const { programs } = compileKernels(operator, [kernel], cuda, schedule);
  const [{ entry, source }] = programs as [(typeof programs)[number]];
  expect(source).toMatch(/__shared__ __align__\(16\) unsigned short weight_tile\[384\];/);
  expect(source).toContain("multiply_warp_f16<16, 16>(acc,");
  const [launch] = entry.steps;
  if (launch?.kind !== "launch") throw new Error("a launch");
  expect(launch).toMatchObject({ group: 64, sharedBytes: 2 * 24 * (16 + 32) });
});

test.each([
  ["wgsl", {}, "no warp multiplies f16 here"],
  ["cuda", { product: "bf16" }, "no warp multiplies bf16 here"],
  ["cuda", { product: "f8" }, "product is one of f32, f16, bf16, not f8"],
  ["cuda", { BK: 8 }, "warps multiply 16 rows, 8 columns and 16 steps at a time"],
  ["cuda", { BM: 32, TM: 8 }, "8 TM divides BM"],
] as const)("is refused on %s with %j", (target, sizes, why) => {
  const limits = limitsOf(findTarget(target));
  const result = applySchedule(operator.kernel([]), contract(sizes), limits);
  expect("refused" in result ? result.refused : "not refused").toContain(why);
});
