// Schedules at work: what a plan computes, held against the kernel it was made of.

import { expect } from "vitest";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import type { HostArray } from "../../generators/frontend/reference.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { checkPlan } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import {
  applySchedule,
  type Limits,
  type Schedule,
  schedulePlan,
} from "../../generators/schedule/index.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

/** The file that declares an operator of the package. */
export const pathOf = (name: string) =>
  new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;
/** Those of a device with groups. */
export const limits = { threads: 256, sharedBytes: 16384 };

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "offset") return random() * 6 - 3;
  if (tensor === "windows" || tensor === "picks") return random() * 12 - 2;
  return random() * 2 - 1;
};

/** A call of a kernel. */
export interface Setting {
  readonly present: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

/** Arrays for the tensors of a call. */
export const inputsOf = (operator: Operator, s: Setting): Readonly<Record<string, HostArray>> =>
  fillInputs(operator, s, fill);

/** Threads run in any order and memory is poisoned: the plan gives what the kernel does, to the bit. */
export const expectSame = (operator: Operator, schedule: Schedule, s: Setting, bound = 0): void =>
  comparePlan(operator, operator.kernel(s.present), schedule, {
    ...s,
    inputs: inputsOf(operator, s),
    bound,
  });

interface Comparison extends Omit<Setting, "present"> {
  readonly inputs: Readonly<Record<string, HostArray>>;
  /** How far results may be off, where they are added up in another order. */
  readonly bound: number;
  /** Those of a device with groups where absent. */
  readonly limits?: Limits;
}

/** Runs a kernel's plan with its threads in any order, and the kernel, and compares all outputs. */
export function comparePlan(operator: Operator, kernel: Kernel, schedule: Schedule, c: Comparison) {
  const plan = schedulePlan(kernel, schedule, c.limits ?? limits);
  checkPlan(plan, "scheduling");
  const { attrs, options } = numbersOf(operator, c.attrs);
  const want = interpretKernel(kernel, c.inputs, c.sizes, attrs, options);
  const all = resolveSizes(kernel, c.sizes, attrs, options);
  const scalar = Object.entries(attrs).map(([k, v]) => [k.replaceAll(".", "_"), v]);
  const constant = Object.entries(options).map(([k, v]) => [k.toUpperCase(), v]);
  const found = interpretPlan(
    plan,
    Object.fromEntries(Object.entries(c.inputs).map(([k, v]) => [k, v.data])),
    { ...all, ...Object.fromEntries(scalar) },
    Object.fromEntries(constant.filter(([k]) => plan.options.some((o) => o.constant === k))),
    { mode: "f64", order: "shuffled", seed: 3, poison: true },
  );
  for (const name of kernel.outputs) {
    const [got, expected] = [found[name]!, want[name]!.parts[0]!];
    expect(got.length, name).toBe(expected.length);
    const errors = got.map((v, i) => Math.abs(v - expected[i]!));
    expect(Math.max(...errors), name).toBeLessThanOrEqual(c.bound);
    expect(
      got.some((v) => v !== 0),
      name,
    ).toBe(true);
  }
}

/** Why a schedule does not apply to a kernel; undefined where it does. */
export function refusalOf(
  kernel: Kernel,
  schedule: Schedule,
  of: Limits = limits,
): string | undefined {
  const result = applySchedule(kernel, schedule, of);
  return "refused" in result ? result.refused : undefined;
}
