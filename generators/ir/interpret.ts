// Running a kernel of the tensor IR in float64, stage by stage: the oracle between the
// declaration's own run and the printed kernels.

import { type Expr, isFixedSize, type Loop, unreachable } from "./expr.ts";
import { type Evaluator, type Leaves, makeEvaluator, type Stored } from "./interpretExpr.ts";
import type { Gather, Kernel, Scatter, Stage, TensorDecl } from "./kernel.ts";

/** An argument of a run; the shape has one size for each dimension, or one for each axis. */
export interface InputArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A result of a run: one array for each part of its elements, row-major. */
export interface OutputArray {
  readonly shape: readonly number[];
  readonly parts: readonly Float64Array[];
}

type Numbers = Readonly<Record<string, number>>;

/**
 * The outputs of `kernel` by name. `attrs` has the numbers of attributes under names like
 * `stride.y`, `options` the numbers of chosen values; axes that the kernel computes need not be in
 * `sizes`. Counts in `reads`, where given, the elements read of each tensor and stage; a value kept
 * from before is not read again.
 */
export function interpretKernel(
  kernel: Kernel,
  inputs: Readonly<Record<string, InputArray>>,
  sizes: Numbers,
  attrs: Numbers,
  options: Numbers,
  reads?: Map<string, number>,
): Record<string, OutputArray> {
  const all = resolveSizes(kernel, sizes, attrs, options);
  checkBound(kernel, all, attrs, options);
  const stored = new Map<string, Stored>();
  for (const tensor of kernel.tensors) {
    if (tensor.optional && !kernel.present.includes(tensor.name)) continue;
    stored.set(tensor.name, takeInput(tensor, inputs[tensor.name], all));
  }
  const found = new Map<string, OutputArray>();
  for (const stage of kernel.stages) {
    const evaluator = makeEvaluator({
      ...leavesOf(kernel, all, attrs, options),
      stored: (name) => stored.get(name) ?? fail(`${name} is read before it is computed`),
      reads,
    });
    const fine = runStage(stage, evaluator, kernel, stored.get(stage.name));
    stored.set(stage.name, fine);
    const shape = groupDims(fine.shape, stage.dims);
    found.set(stage.name, { shape, parts: fine.parts as readonly Float64Array[] });
  }
  return Object.fromEntries(
    kernel.outputs.map((name) => [name, found.get(name) ?? fail(`no stage computes ${name}`)]),
  );
}

/**
 * The sizes of all axes: those given, and those the kernel computes from them (checked where given
 * too).
 */
export function resolveSizes(
  kernel: Kernel,
  sizes: Numbers,
  attrs: Numbers,
  options: Numbers,
): Record<string, number> {
  const all: Record<string, number> = { ...sizes };
  for (const { axis, size } of kernel.axes) {
    const value = computeSize(axis, () => evaluateOutside(kernel, size, all, attrs, options));
    const given = all[axis];
    if (given !== undefined && given !== value)
      throw new RangeError(`axis ${axis} has size ${given}, but must have ${value}`);
    all[axis] = value;
  }
  return all;
}

/** A size that the declaration leaves without a value, such as a division by 0: its author is told. */
export class SizeError extends RangeError {
  override readonly name = "SizeError";
  readonly userFacing = true;
}

function computeSize(axis: string, compute: () => number): number {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SizeError(`axis ${axis} cannot be computed: ${error.message}`);
  }
}

/** A bound kernel computes something else for other numbers, so they are refused. */
function checkBound(kernel: Kernel, sizes: Numbers, attrs: Numbers, options: Numbers): void {
  const given: Numbers = { ...sizes, ...attrs, ...options };
  const { bound } = kernel;
  for (const [name, value] of Object.entries({
    ...bound?.sizes,
    ...bound?.attrs,
    ...bound?.options,
  }))
    if (given[name] !== value)
      throw new RangeError(`this kernel is built for ${name} = ${value}, not ${given[name]}`);
}

/** The value of an expression over sizes, attributes and options alone, such as a demand. */
export function evaluateOutside(
  kernel: Kernel,
  e: Expr,
  sizes: Numbers,
  attrs: Numbers,
  options: Numbers,
): number {
  return makeEvaluator(leavesOf(kernel, sizes, attrs, options)).compile(e)();
}

const fail = (message: string): never => {
  throw new Error(message);
};

function leavesOf(kernel: Kernel, sizes: Numbers, attrs: Numbers, options: Numbers): Leaves {
  const from = (of: Numbers, what: string) => (name: string) =>
    Object.hasOwn(of, name) ? of[name]! : fail(`no value is given for ${what} ${name}`);
  return {
    size: from(sizes, "the size of axis"),
    attr: from(attrs, "attribute"),
    option: from(options, "option"),
    stored: (name) => fail(`${name} cannot be read here`),
    nameOf: (e) => kernel.names.get(e),
  };
}

function takeInput(tensor: TensorDecl, given: InputArray | undefined, sizes: Numbers): Stored {
  if (!given) return fail(`tensor ${tensor.name} is not given`);
  const sizeOf = (axis: string): number =>
    isFixedSize(axis) ? Number(axis) : (sizes[axis] ?? fail(`axis ${axis} has no size`));
  const fine = tensor.dims.flat().map(sizeOf);
  const coarse = groupDims(
    fine,
    tensor.dims.map((dim) => dim.length),
  );
  const fits = (shape: readonly number[]) =>
    shape.length === given.shape.length && shape.every((n, d) => n === given.shape[d]);
  if (!fits(coarse) && !fits(fine))
    return fail(`${tensor.name} has shape [${given.shape}], but must have [${coarse}]`);
  const count = fine.reduce((n, size) => n * size, 1);
  if (given.data.length !== count)
    return fail(`${tensor.name} has ${given.data.length} elements, but must have ${count}`);
  return { shape: fine, parts: [given.data] };
}

/** Sizes of axes multiplied into sizes of dimensions, `dims[i]` axes for dimension i. */
export function groupDims(fine: readonly number[], dims: readonly number[]): number[] {
  let at = 0;
  return dims.map((n) => {
    at += n;
    return fine.slice(at - n, at).reduce((product, size) => product * size, 1);
  });
}

function runStage(
  stage: Stage,
  evaluator: Evaluator,
  kernel: Kernel,
  before: Stored | undefined,
): Stored {
  const at: number[] = [];
  try {
    switch (stage.kind) {
      case "gather":
        return runGather(stage, evaluator, at);
      case "scatter":
        return runScatter(stage, evaluator, at, before);
      default:
        return unreachable(stage);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = stage.domain.map(
      (l, d) => `${kernel.names.get(l) ?? l.axis.toLowerCase()} = ${at[d] ?? "?"}`,
    );
    error.message = `stage ${stage.name} at ${where.join(", ")}: ${error.message}`;
    throw error;
  }
}

/** Sizes of loops that run from 0. */
function extents(loops: readonly Loop[], evaluator: Evaluator): number[] {
  return loops.map((l) => {
    if (evaluator.compile(l.lo)() !== 0)
      throw new Error(`a stage's domain starts at 0, not so axis ${l.axis}`);
    return Math.max(0, evaluator.compile(l.hi)());
  });
}

/** Visits the indices of a domain in row-major order; `at` holds the current one. */
function walkDomain(
  domain: readonly Loop[],
  evaluator: Evaluator,
  at: number[],
  visit: () => void,
): void {
  const bounds = domain.map((l) => ({ lo: evaluator.compile(l.lo), hi: evaluator.compile(l.hi) }));
  const walk = (d: number): void => {
    const loop = domain[d];
    if (!loop) {
      visit();
      return;
    }
    const hi = bounds[d]!.hi();
    for (let i = bounds[d]!.lo(); i < hi; i++) {
      at[d] = i;
      evaluator.setIndex(loop, i);
      walk(d + 1);
    }
  };
  walk(0);
}

function runGather(stage: Gather, evaluator: Evaluator, at: number[]): Stored {
  const shape = extents(stage.domain, evaluator);
  const count = shape.reduce((n, size) => n * size, 1);
  const parts = stage.parts.map(() => new Float64Array(count));
  const values = stage.parts.map(evaluator.compile);
  let flat = 0;
  walkDomain(stage.domain, evaluator, at, () => {
    for (let i = 0; i < parts.length; i++) parts[i]![flat] = values[i]!();
    flat++;
  });
  return { shape, parts };
}

function runScatter(
  stage: Scatter,
  evaluator: Evaluator,
  at: number[],
  before: Stored | undefined,
): Stored {
  const shape = extents(stage.shape, evaluator);
  const count = shape.reduce((n, size) => n * size, 1);
  // Several stages may add to the elements of one name.
  const parts = stage.values.map(
    (_, i) => (before?.parts[i] as Float64Array | undefined) ?? new Float64Array(count),
  );
  const when = evaluator.compile(stage.when);
  const target = stage.at.map(evaluator.compile);
  const values = stage.values.map(evaluator.compile);
  walkDomain(stage.domain, evaluator, at, () => {
    if (when() === 0) return;
    let flat = 0;
    for (let d = 0; d < shape.length; d++) {
      const p = target[d]!();
      if (!(Number.isInteger(p) && p >= 0 && p < shape[d]!))
        throw new RangeError(
          `${stage.name} is added to at ${p}, which is not an index of axis ` +
            `${stage.shape[d]!.axis} (size ${shape[d]})`,
        );
      flat = flat * shape[d]! + p;
    }
    for (let i = 0; i < parts.length; i++) parts[i]![flat]! += values[i]!();
  });
  return { shape, parts };
}
