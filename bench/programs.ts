// The kernels of a call on a target, as they ship.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addingBy } from "../generators/cli/lowerings.ts";
import { openOperator } from "../generators/cli/operators.ts";
import { type ChosenSchedule, compileKernels, scheduleOn } from "../generators/compile.ts";
import { describeSignature } from "../generators/emit/signature.ts";
import type { Target } from "../generators/emit/target.ts";
import type { Operator } from "../generators/frontend/operator.ts";
import { gradientsOn } from "../generators/gradients.ts";
import type { Kernel } from "../generators/ir/kernel.ts";
import type { Work } from "../generators/measure/work/work.ts";
import type { OursPrograms } from "../generators/measure/worker/ours.ts";
import type { NamedSchedule } from "../generators/schedule/defaults.ts";
import { resolve } from "../targets/js/runtime.js";
import { workspaceBytes } from "./memory.ts";

const operators = new Map<string, Operator>();

/** The operator of a name or a file, which calls then know by its name. */
export function findOperator(text: string): Operator {
  const operator = operators.get(text) ?? openOperator(text);
  operators.set(operator.name, operator);
  return operator;
}

/** A call's kernels on a target, and the bytes of workspaces they need at a time. */
export interface Compiled extends OursPrograms {
  readonly workspaceBytes: number;
}

/** The kernels of a call, with its sizes; forward, then of all gradients. */
export function kernelsOf({ op, tensors, attrs }: Work, target: Target) {
  const operator = findOperator(op);
  const present = operator.tensors
    .filter(({ name, optional }) => optional && tensors[name] !== undefined)
    .map(({ name }) => name);
  const forward = operator.kernel(present);
  const { kernels, left } = gradientsOn({ ...operator, variants: [present] }, target);
  const shapes = Object.fromEntries(Object.entries(tensors).map(([n, { shape }]) => [n, shape]));
  const { scalars } = resolve(describeSignature(operator, [forward]), shapes, attrs);
  return { operator, forward, kernels, left, scalars };
}

/** The forward kernel, then all gradients where they are wanted; or why a target lacks some. */
export function compileWork(
  work: Work,
  target: Target,
  threads = 1,
  accumulate?: string,
  tuned?: ReadonlyMap<Kernel, NamedSchedule>,
): Compiled | { readonly unsupported: string } {
  const { grad } = work;
  const { operator, forward, kernels, left, scalars } = kernelsOf(work, target);
  if (grad && left.length > 0) return { unsupported: `its kernels cannot give ${left.join(", ")}` };
  const usual = scheduleOn(target, tuned && ((kernel) => tuned.get(kernel)));
  const adding = accumulate === undefined ? usual : addingBy(target, accumulate);
  const compile = (of: readonly Kernel[], schedule: ChosenSchedule) =>
    compileKernels(operator, of, target, schedule).programs[0]!;
  const programs = [compile([forward], usual), ...(grad ? [compile(kernels, adding)] : [])];
  const bytes = programs.map(({ entry }) => workspaceBytes(entry, scalars, threads));
  return { programs, scalars, workspaceBytes: Math.max(...bytes) };
}

/** Writes them where a process of the target looks for them. */
export const storePrograms = (folder: string, target: Target, programs: OursPrograms) =>
  writeFile(join(folder, `${target.name}.json`), JSON.stringify(programs));
