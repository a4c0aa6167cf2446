// What a dot means: fields of objects, axes of tensors, and the methods of axes and tensors.

import type { ts } from "ts-morph";
import { type Expr, isFixedSize, op, read } from "../ir/expr.ts";
import { around, clamp, nearest, samples, span } from "./ranges.ts";
import { argumentAt, exprOf, fail, positionOf, type Run, wholeOf } from "./run.ts";
import { type Axis, describe, list, parseDims, type Source, scalar, type Value } from "./values.ts";

type Method<Of> = (run: Run, of: Of, args: readonly Value[], node: ts.Node) => Value;

/** The members of `Axis` in dsl/types.ts that are called. */
export const axisMethods: Readonly<Record<AxisMethod, Method<Axis>>> = {
  at: (run, _, [p], node) => scalar(positionOf(run, p, argumentAt(node, 0))),
  index: (run, _, [i], node) => scalar(wholeOf(run, i, argumentAt(node, 0))),
  nearest: (run, axis, [p], node) => scalar(nearest(axis, positionOf(run, p, argumentAt(node, 0)))),
  clamp: (run, axis, [p], node) => scalar(clamp(axis, positionOf(run, p, argumentAt(node, 0)))),
  of: (run, axis, [i, whole], node) =>
    scalar(
      op(
        "owner",
        wholeOf(run, i, argumentAt(node, 0)),
        axisArg(run, whole, argumentAt(node, 1)).size,
        axis.size,
      ),
    ),
  in: (run, axis, [blocks, block, k], node) => {
    const { size } = axisArg(run, blocks, argumentAt(node, 0));
    return scalar(
      op(
        "member",
        wholeOf(run, block, argumentAt(node, 1)),
        wholeOf(run, k, argumentAt(node, 2)),
        axis.size,
        size,
      ),
    );
  },
  span: (run, axis, [lo, hi], node) =>
    span(axis, positionOf(run, lo, argumentAt(node, 0)), positionOf(run, hi, argumentAt(node, 1))),
  around: (run, axis, [lo, hi], node) =>
    around(
      axis,
      positionOf(run, lo, argumentAt(node, 0)),
      positionOf(run, hi, argumentAt(node, 1)),
    ),
  samples: (run, axis, args, node) => {
    const at = (i: number): Expr => positionOf(run, args[i], argumentAt(node, i));
    return samples(axis, at(0), at(1), at(2), at(3));
  },
};

type CalledMembers<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T];
type AxisMethod = CalledMembers<import("../../dsl/types.ts").Axis<string>>;

/** The members of `Tensor` in dsl/types.ts that are called. */
export const tensorMethods: Readonly<Record<TensorMethod, Method<Source>>> = {
  orZero: (run, source, args, node) => readElement(run, source, "zero", args, node),
  clamped: (run, source, args, node) => readElement(run, source, "clamp", args, node),
  regroup,
};

type TensorMethod = "orZero" | "clamped" | "regroup";

const isKey = <T extends object>(table: T, name: string): name is Extract<keyof T, string> =>
  Object.hasOwn(table, name);

function axisArg(run: Run, v: Value | undefined, node: ts.Node): Axis {
  if (v?.is === "axis") return v;
  return fail(run, "WW130", node, `expected an axis, not ${v ? describe(v) : "nothing"}`);
}

/** `of.name` */
export function memberOf(run: Run, of: Value, name: string, node: ts.Node): Value {
  switch (of.is) {
    case "record": {
      const field = of.fields.get(name);
      if (field) return field;
      const why = of.missing ?? `there is no ${name} here`;
      return fail(run, "WW121", node, why.replaceAll("{name}", name));
    }
    case "axis":
      if (name === "size") return scalar(of.size);
      if (isKey(axisMethods, name)) return { is: "method", of, name };
      return fail(run, "WW121", node, `an axis has size and methods, but no ${name}`);
    case "tensor": {
      const axisSize = isFixedSize(name) ? undefined : of.source.sizes.get(name);
      if (axisSize) return { is: "axis", axis: name, size: axisSize };
      if (isKey(tensorMethods, name)) return { is: "method", of, name };
      return fail(run, "WW121", node, `${describe(of)} has no axis ${name}`);
    }
    case "absent":
      return fail(run, "WW123", node, `${of.name} may be absent: say ?. before the ${name}`);
    case "list":
      return fail(run, "WW121", node, `an array is taken apart with [a, b], it has no ${name}`);
    case "scalar":
    case "range":
    case "text":
    case "choice":
    case "closure":
    case "primitive":
    case "method":
      return fail(run, "WW121", node, `${describe(of)} has no ${name}`);
    default:
      return of satisfies never;
  }
}

/** A call of a method of an axis or a tensor. */
export function callMethod(
  run: Run,
  { of, name }: Extract<Value, { is: "method" }>,
  args: readonly Value[],
  node: ts.Node,
): Value {
  if (of.is === "axis" && isKey(axisMethods, name)) return axisMethods[name](run, of, args, node);
  if (of.is === "tensor" && isKey(tensorMethods, name))
    return tensorMethods[name](run, of.source, args, node);
  return fail(run, "WW121", node, `${describe(of)} has no ${name}`);
}

/** The element of a tensor or stage at whole positions. */
export function readElement(
  run: Run,
  source: Source,
  border: "inside" | "zero" | "clamp",
  args: readonly Value[],
  node: ts.Node,
): Value {
  const axes = source.dims.flat();
  if (args.length !== axes.length)
    return fail(
      run,
      "WW122",
      node,
      `${source.name} has ${axes.length} axes (${axes.join(" ")}), not ${args.length}`,
    );
  const at = args.map((arg, i) => wholeOf(run, arg, argumentAt(node, i)));
  const from = { from: source.name, axes: source.stage ? [] : axes, at, border };
  const parts = source.parts.map((type, part) => scalar(read({ ...from, type, part })));
  return source.tuple ? list(parts) : parts[0]!;
}

function regroup(run: Run, source: Source, [names]: readonly Value[], node: ts.Node): Value {
  if (source.stage)
    return fail(run, "WW144", node, "only tensors are regrouped, not stages: they have no memory");
  if (names?.is !== "text")
    return fail(run, "WW144", node, "regroup takes the axes as a literal string");
  const dims = parseDims(names.text);
  const sorted = (parts: readonly string[]) => [...parts].sort().join(" ");
  const fits =
    dims?.length === source.dims.length &&
    dims.every((dim, d) => sorted(dim) === sorted(source.dims[d]!));
  if (!dims || !fits) {
    const now = source.dims.map((dim) => (dim.length > 1 ? `(${dim.join(" ")})` : dim[0]));
    const rule = "regroup reorders the parts within the dimensions of";
    return fail(run, "WW144", node, `${rule} "${now.join(" ")}", which "${names.text}" does not`);
  }
  return { is: "tensor", source: { ...source, dims } };
}

/** An element of an array at a constant place, or of a pair at a name. */
export function elementOf(run: Run, of: Value, at: Value, node: ts.Node): Value {
  if (at.is === "text") return memberOf(run, of, at.text, node);
  const i = exprOf(run, at, node);
  if (of.is !== "list") return fail(run, "WW121", node, `${describe(of)} has no elements`);
  if (i.kind !== "const")
    return fail(run, "WW121", node, "an element of an array is taken at a literal place");
  const item = of.items[i.value];
  return item ?? fail(run, "WW121", node, `the array has ${of.items.length} elements`);
}
