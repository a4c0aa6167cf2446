// The functions of the language that have a meaning of their own in the IR, by name. The table is complete
// by type: every function that dsl/core.ts and dsl/tensor.ts export is here, inlined, or refused.

import type { ts } from "ts-morph";
import type * as core from "../../dsl/core.ts";
import type * as tensors from "../../dsl/tensor.ts";
import { make } from "../ir/build.ts";
import { type Expr, int, size } from "../ir/expr.ts";
import type { OpName } from "../ir/ops.ts";
import { visit } from "../ir/walk.ts";
import { both, finiteTest, steps, stepsWithin } from "./ranges.ts";
import { argumentAt, exprOf, fail, positionOf, type Run, wholeOf } from "./run.ts";
import { describe, type Range, scalar, type Value } from "./values.ts";
import { declareStage, reduceOver } from "./walks.ts";

type Language = typeof core & typeof tensors;

/** Functions of those files that are written in the language themselves. */
type Inlined = "mean" | "floorRatio" | "ceilRatio";

/** Functions of those files that serve the reference run only. */
export const hostOnly = ["forEach", "fromData", "storedIn"] as const;

/** The functions of the language that the front end knows itself instead of reading their bodies. */
export type PrimitiveName = Exclude<keyof Language, Inlined | (typeof hostOnly)[number]>;

type Primitive = (run: Run, args: readonly Value[], node: ts.Node) => Value;

const scalars =
  (name: OpName): Primitive =>
  (run, args, node) =>
    scalar(make(name, ...args.map((arg, i) => exprOf(run, arg, argumentAt(node, i)))));

/** Real to int: what becomes an index must be made of positions. */
const toInt =
  (name: "floor" | "ceil" | "round"): Primitive =>
  (run, [p], node) =>
    scalar(make(name, positionOf(run, p, argumentAt(node, 0))));

/** What a call of each of them means in the IR. */
export const primitives: Readonly<Record<PrimitiveName, Primitive>> = {
  floor: toInt("floor"),
  ceil: toInt("ceil"),
  round: toInt("round"),
  floorf: scalars("floorf"),
  ceilf: scalars("ceilf"),
  roundf: scalars("roundf"),
  rintf: scalars("rintf"),
  minimum: scalars("minimum"),
  maximum: scalars("maximum"),
  abs: scalars("abs"),
  exp: scalars("exp"),
  log: scalars("log"),
  sqrt: scalars("sqrt"),
  sin: scalars("sin"),
  cos: scalars("cos"),
  tanh: scalars("tanh"),
  idiv: scalars("idiv"),
  mod: scalars("mod"),
  finite: (run, [p], node) => scalar(finiteTest(exprOf(run, p, argumentAt(node, 0)))),
  next: (run, [p], node) => scalar(make("add", positionOf(run, p, argumentAt(node, 0)), int(1))),
  axis: declareAxis,
  steps: (run, [n], node) => steps(positionOf(run, n, argumentAt(node, 0))),
  stepsWithin: (run, args, node) => {
    const at = (i: number) => positionOf(run, args[i], argumentAt(node, i));
    return stepsWithin(at(0), at(1), at(2), at(3), at(4));
  },
  both: (run, [a, b], node) =>
    both(rangeOf(run, a, argumentAt(node, 0)), rangeOf(run, b, argumentAt(node, 1))),
  sum: (run, args, node) => reduceOver(run, "sum", args, scalar(int(0)), node),
  sums: (run, args, node) => reduceOver(run, "sum", args, startOf(run, args, node), node),
  max: (run, args, node) => reduceOver(run, "max", args, startOf(run, args, node), node),
  stage: (run, args, node) => declareStage(run, "stage", args, node),
  tensor: (run, args, node) => declareStage(run, "tensor", args, node),
};

/** Whether a name is one of these functions. */
export const isPrimitive = (name: string): name is PrimitiveName => Object.hasOwn(primitives, name);

function startOf(run: Run, args: readonly Value[], node: ts.Node): Value {
  return args[2] ?? fail(run, "WW122", node, "the third argument is what an empty walk gives");
}

function rangeOf(run: Run, v: Value | undefined, node: ts.Node): Range {
  if (v?.is === "range") return v;
  return fail(run, "WW143", node, `expected a range, not ${v ? describe(v) : "nothing"}`);
}

function declareAxis(run: Run, [name, length]: readonly Value[], node: ts.Node): Value {
  if (name?.is !== "text" || !/^[A-Za-z_]\w*$/.test(name.text))
    return fail(run, "WW145", node, "an axis is named by a literal word");
  const axis = name.text;
  const e = wholeOf(run, length, argumentAt(node, 1));
  checkSize(run, e, axis, node);
  refuseOptions(run, e, `the size of ${axis}`, node);
  const known = run.axes.find((a) => a.axis === axis);
  if (known?.size !== e && (known || run.taken.has(axis)))
    return fail(run, "WW104", node, `the name ${axis} is taken: give the axis another`);
  if (!known) run.axes.push({ axis, size: e });
  run.taken.add(axis);
  return { is: "axis", axis, size: size(axis) };
}

/** Refuses what is not known before a launch. */
export function checkSize(
  run: Run,
  e: Parameters<typeof visit>[0][number],
  what: string,
  node: ts.Node,
): void {
  visit([e], (part) => {
    if (part.kind === "read" || part.kind === "index" || part.kind === "part")
      fail(run, "WW145", node, `${what} follows from sizes and attributes only, not from elements`);
  });
}

/** Refuses a size that an option would change: options are fixed when kernels are built, after sizes. */
export function refuseOptions(run: Run, e: Expr, what: string, node: ts.Node): void {
  visit([e], (part) => {
    if (part.kind !== "option") return;
    const hint = "take it from a tensor, and say in meta.demands what it is";
    fail(run, "WW146", node, `${what} does not depend on an option, here ${part.name}: ${hint}`);
  });
}
