// The photograph through a deformable convolution on each target, judged element by element.

import { type Comparison, compare } from "../../generators/check/compare.ts";
import { judge, type Verdict } from "../../generators/check/judge.ts";
import { loosest } from "../../generators/check/rules.ts";
import { messageOf } from "../../generators/cli/errors.ts";
import type { Opened } from "../../generators/cli/executors.ts";
import { compileProgram } from "../../generators/cli/kernels.ts";
import { describeSignature, scalarName } from "../../generators/emit/signature.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { isOption, type Kernel as TensorKernel } from "../../generators/ir/kernel.ts";
import type { Device, Executor } from "../../targets/contract/program.ts";
import { type Resolved, resolve } from "../../targets/js/runtime.js";
import type { Picture } from "../pictures/picture.ts";
import { type Kernel, offsetsOf, type Swirl, smoothingWeights } from "./swirl.ts";

/** The arrays and numbers of one deformable convolution over a picture. */
export interface Warp {
  readonly operator: Operator;
  readonly picture: Picture;
  readonly inputs: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>;
  readonly attrs: {
    readonly padding: { top: number; left: number; bottom: number; right: number };
  };
  readonly resolved: Resolved;
}

/** What the warp must give: the float64 run of the declaration, and how far f32 may be from it. */
export interface Expected {
  readonly picture: Picture;
  readonly value: Float64Array;
  readonly verdict: Verdict;
  readonly milliseconds: number;
}

/** What a target made of the photograph. */
export interface Warped {
  readonly device: Device;
  readonly picture: Picture;
  readonly comparison: Comparison;
  /** The greatest difference from the reference, where 1 is the whole range of brightness. */
  readonly worst: number;
  /** With compiling, and again with everything at hand. */
  readonly milliseconds: { readonly first: number; readonly again: number };
}

/** A target that should have run and did not. */
export interface Failed {
  readonly device: Device;
  readonly failed: string;
}

export type Outcome = Warped | Failed;

/** Each colour channel is a group of its own, so colours stay apart; all follow the same offsets. */
export function prepareWarp(
  operator: Operator,
  picture: Picture,
  swirl: Swirl,
  kernel: Kernel,
): Warp {
  const { width, height, data } = picture;
  const { size } = kernel;
  const inputs = {
    input: { shape: [1, 3, height, width], data },
    offset: {
      shape: [1, 2 * size * size, height, width],
      data: offsetsOf(swirl, kernel, width, height),
    },
    weight: { shape: [3, 1, size, size], data: smoothingWeights(size) },
  };
  const pad = (size - 1) / 2;
  const attrs = { padding: { top: pad, left: pad, bottom: pad, right: pad } };
  const signature = describeSignature(operator, [operator.kernel([])]);
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, a]) => [name, a.shape]));
  return { operator, picture, inputs, attrs, resolved: resolve(signature, shapes, attrs) };
}

/** Runs the declaration itself in float64 and derives what f32 kernels may differ by. */
export async function expectWarp(warp: Warp): Promise<Expected> {
  const { operator, inputs, attrs, resolved, picture } = warp;
  const start = performance.now();
  const reference = await loadReference(operator.path);
  const result = runReference(operator, reference, inputs, resolved.sizes, attrs);
  const value = result.output!.data;
  const milliseconds = performance.now() - start;
  const kernel = operator.kernel([]);
  const numbers = {
    sizes: resolved.sizes,
    attrs: kernelAttrs(kernel, resolved),
    options: resolved.options,
  };
  const [verdict] = judge(kernel, inputs, numbers, loosest).outputs.output!;
  return {
    picture: { ...picture, data: Float32Array.from(value) },
    value,
    verdict: verdict!,
    milliseconds,
  };
}

/** The numbers of attributes under the names that the tensor IR has for them, e.g. `padding.top`. */
function kernelAttrs({ attrs }: TensorKernel, { scalars }: Resolved): Record<string, number> {
  const parts = { pair: ["y", "x"], sides: ["top", "left", "bottom", "right"] } as const;
  const names = attrs.flatMap((attr) => {
    const { name, type } = attr;
    if (isOption(attr)) return [];
    return type === "pair" || type === "sides" ? parts[type].map((p) => `${name}.${p}`) : [name];
  });
  return Object.fromEntries(names.map((name) => [name, scalars[scalarName(name)]!]));
}

/** Warps the photograph on an executor and compares the result; what throws has failed. */
export async function warpOn(
  { target, executor }: Opened,
  warp: Warp,
  expected: Expected,
): Promise<Outcome> {
  try {
    return await runWarp(target, executor, warp, expected);
  } catch (error) {
    return { device: executor.device, failed: messageOf(error) };
  }
}

async function runWarp(
  target: Target,
  executor: Executor,
  { operator, inputs, resolved, picture }: Warp,
  { value, verdict }: Expected,
): Promise<Warped> {
  const arrays = Object.fromEntries(Object.entries(inputs).map(([name, a]) => [name, a.data]));
  const job = { inputs: arrays, scalars: resolved.scalars };
  const start = performance.now();
  const program = compileProgram(operator, target.name, []);
  await executor.run(program, job);
  const between = performance.now();
  const output = (await executor.run(program, job)).output!;
  const end = performance.now();
  let worst = 0;
  for (const [i, expected] of value.entries()) {
    // NaN stays: it is the largest of all to Math.max.
    worst = Math.max(worst, Math.abs(output[i]! - expected));
  }
  return {
    device: executor.device,
    picture: { ...picture, data: Float32Array.from(output) },
    comparison: compare(verdict, { data: output }),
    worst,
    milliseconds: { first: between - start, again: end - between },
  };
}
