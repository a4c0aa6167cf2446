// Backward kernels of operators that add to elements which data choose, with arrays for them and ways to add.

import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compile } from "../../generators/compile.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import type { NamedSchedule } from "../../generators/schedule/defaults.ts";
import type { Executor, Job, Program } from "../../targets/contract/program.ts";
import { findTarget, type TargetName } from "../../targets/registry.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

/** An operator with sizes and attributes. */
export interface Setting {
  readonly operator: string;
  readonly present: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

/** Layers whose numbers of arithmetic are few bits where their inputs are. */
export const settings: readonly Setting[] = [
  {
    operator: "deform_conv2d",
    present: ["mask", "bias"],
    sizes: { N: 2, C: 4, H: 6, W: 5, O: 4, I: 2, G: 2, KH: 3, KW: 2 },
    attrs: { padding: { top: 1, left: 1, bottom: 0, right: 1 } },
  },
  {
    operator: "roi_align",
    present: [],
    sizes: { N: 2, C: 3, H: 9, W: 7, R: 6 },
    attrs: { output_size: { y: 2, x: 4 }, spatial_scale: 0.5, sampling_ratio: 2 },
  },
  {
    operator: "roi_pool",
    present: [],
    sizes: { N: 2, C: 3, H: 9, W: 7, R: 12 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
  },
];

/** Numbers of all bits. */
export const anyBits: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 2);
  if (tensor === "rois") return Math.fround((i % columns) * 4 + random() * 6 - 3);
  if (tensor === "offset") return Math.fround(random() * 4 - 2);
  return Math.fround(random() * 2 - 1);
};

/** Numbers of few bits, so that every contribution is exact on every target. */
export const fewBits: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 2);
  if (tensor === "rois") return Math.floor(i % columns) * 4 + Math.floor(random() * 6 - 3);
  if (tensor === "offset") return Math.floor(random() * 16 - 8) / 4;
  return Math.floor(random() * 16 - 8) / 8;
};

/** A setting's backward, with what it is called with. */
export function makeCase(s: Setting, fill: Fill) {
  const path = new URL(`../../dsl/ops/${s.operator}.ts`, import.meta.url).pathname;
  const operator = backwardOf(readOperator(path));
  const kernel = operator.kernel(s.present);
  const numbers = numbersOf(operator, s.attrs);
  const inputs = Object.fromEntries(
    Object.entries(fillInputs(operator, s, fill)).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
  return { operator, kernel, inputs, numbers, setting: s };
}

export type MadeCase = ReturnType<typeof makeCase>;

/** Inner stages stored, additions by one of the ways, and groups of one size. */
export function scheduleFor(kernel: Kernel, by: string | undefined, group: number): NamedSchedule {
  const inner = kernel.stages.filter(
    ({ kind, name }) => kind === "gather" && !kernel.outputs.includes(name),
  );
  const added = new Set(kernel.stages.filter((s) => s.kind === "scatter").map(({ name }) => name));
  const adds =
    by === undefined ? [] : [...added].map((stage) => ["accumulate", { stage, by }] as const);
  return {
    name: `${by} ${group}`,
    steps: [
      ...inner.map(({ name }) => ["materialise", { stage: name }] as const),
      ...(group > 1 ? [["pointwise", { group }] as const] : []),
      ...adds,
    ],
  };
}

/** The backward's program on a target. */
export function programFor(of: MadeCase, target: TargetName, by: string, group: number): Program {
  const { operator, kernel, setting } = of;
  const schedule = scheduleFor(kernel, by, group);
  const { programs } = compile(operator, findTarget(target), {
    variants: [setting.present],
    schedule,
  });
  return programs[0]!;
}

/** Runs a program on the arrays of its case. */
export function runCase({ kernel, inputs, numbers, setting }: MadeCase, executor: Executor) {
  const sizes = resolveSizes(kernel, setting.sizes, numbers.attrs, numbers.options);
  const attrs = Object.entries(numbers.attrs).map(([name, value]) => [
    name.replaceAll(".", "_"),
    value,
  ]);
  const arrays = Object.entries(inputs).map(([name, { data }]) => [name, data]);
  return (program: Program, more: Partial<Job> = {}) =>
    executor.run(program, {
      inputs: Object.fromEntries(arrays),
      scalars: { ...sizes, ...Object.fromEntries(attrs) },
      constants: Object.fromEntries(
        program.entry.constants.flatMap((c) =>
          c.option in numbers.options ? [[c.name, numbers.options[c.option]!]] : [],
        ),
      ),
      ...more,
    });
}
