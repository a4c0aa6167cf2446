// One evaluation of a declaration: for given optional tensors, the forward kernel.

import type { ts } from "ts-morph";
import { make } from "../ir/build.ts";
import { attr, constant, type Expr, int, kindOf, option } from "../ir/expr.ts";
import type { AttrDecl, AxisDecl, DemandDecl, Kernel, TensorDecl } from "../ir/kernel.ts";
import { scalarsOf } from "../ir/kernel.ts";
import { callFunction } from "./bind.ts";
import { checkNames, type Named, takenNames } from "./clashes.ts";
import { failAt, shownPath } from "./diagnostics.ts";
import { apply, evaluate } from "./evaluate.ts";
import type { MetaData } from "./meta.ts";
import { Names } from "./names.ts";
import { checkSize, refuseOptions } from "./primitives.ts";
import type { Checked } from "./project.ts";
import type { Run } from "./run.ts";
import type { Signature } from "./signature.ts";
import { axisOf, describe, record, type Source, scalar, sizeOf, type Value } from "./values.ts";

/** A declaration with all that is known before it is evaluated. */
export interface Declaration {
  readonly checked: Checked;
  readonly signature: Signature;
  readonly meta: MetaData;
}

/** The forward kernel with the optional tensors `present`. */
export function evaluateKernel(declaration: Declaration, present: readonly string[]): Kernel {
  const first = evaluateOnce(declaration, present, new Map());
  // A result has the name it is returned by: where its `const` has another, stages are named again.
  const renamed = [...first.results].filter(([name, stage]) => name !== stage);
  if (renamed.length === 0) return first.kernel;
  const names = new Map(renamed.map(([name, stage]) => [stage, name]));
  return evaluateOnce(declaration, present, names).kernel;
}

interface Evaluated {
  readonly kernel: Kernel;
  /** The stage of each result. */
  readonly results: ReadonlyMap<string, string>;
}

function evaluateOnce(
  { checked, signature, meta }: Declaration,
  present: readonly string[],
  renamed: ReadonlyMap<string, string>,
): Evaluated {
  const tensors = signature.tensors.filter((t) => !t.optional || present.includes(t.name));
  const run: Run = openRun(checked, signature, meta, renamed);
  const attrs = record(meta.attrs.map((a) => [a.name, attrValue(a)]));
  evaluateAxes(run, meta, tensors, attrs);
  const demands = evaluateDemands(run, signature, meta, tensors, attrs);

  const args = [
    record(signature.tensors.map((t) => [t.name, tensorValue(t, tensors.includes(t))])),
    attrs,
    record(meta.axes.map(({ axis }) => [axis, axisOf(axis)])),
  ];
  const results = resultsOf(callFunction(run, signature.node, undefined, args), signature);
  const stages = run.stages;
  const stageNames = stages.map(({ name }) => name);
  checkNames({ ...namedOf(signature, meta), outputs: [...results.keys()], stages: stageNames });
  const loops = stages.flatMap((s) => s.domain);
  const roots = stages.flatMap((s) => s.parts);
  const { line, character } = checked.file.getLineAndCharacterOfPosition(
    (signature.node.name ?? signature.node).getStart(),
  );
  const kernel: Kernel = {
    operator: signature.name,
    role: "forward",
    present: tensors.filter((t) => t.optional).map((t) => t.name),
    tensors,
    attrs: meta.attrs,
    axes: run.axes,
    demands,
    indices: meta.indices.filter((i) => tensors.some((t) => t.name === i.tensor)),
    ...(meta.units.length > 0 && { units: meta.units }),
    stages,
    outputs: [...results.keys()],
    names: run.names.among(roots, loops),
    source: { file: shownPath(checked.file.fileName), line: line + 1, column: character + 1 },
  };
  return { kernel, results };
}

/** The names that are known before anything is evaluated. */
const namedOf = (signature: Signature, meta: MetaData): Named => ({
  signature,
  attrs: meta.attrs,
  derived: meta.axes.map(({ axis }) => axis),
  differentiable: meta.differentiable,
  outputs: [],
  stages: [],
});

function openRun(
  { checker }: Checked,
  signature: Signature,
  meta: MetaData,
  renamed: ReadonlyMap<string, string>,
): Run {
  const run: Run = {
    checker,
    names: new Names(),
    stages: [],
    axes: [],
    taken: new Set(takenNames(namedOf(signature, meta))),
    renamed,
    calls: [],
    modules: new Map(),
    declaring: undefined,
    depth: 0,
    steps: 0,
    evaluate: (node, scope) => evaluate(run, node, scope),
    apply: (callee, args, node) => apply(run, callee, args, node),
  };
  return run;
}

/** An attribute as the declaration sees it; options stay symbolic. */
function attrValue(decl: AttrDecl): Value {
  switch (decl.type) {
    case "bool":
      return scalar(make("eq", option(decl.name), int(1)));
    case "choice":
      return { is: "choice", attr: decl };
    case "int":
    case "real":
      return scalar(attr(decl.name, decl.type === "int" ? "int" : "coord"));
    case "pair":
    case "sides":
      return record(
        scalarsOf(decl).map(({ name, type }) => [
          name.slice(decl.name.length + 1),
          scalar(attr(name, type)),
        ]),
      );
    default:
      return decl.type satisfies never;
  }
}

function tensorValue({ name, dims, type }: TensorDecl, given: boolean): Value {
  if (!given) return { is: "absent", name };
  const sizes = new Map(dims.flat().map((axis) => [axis, sizeOf(axis)]));
  const source: Source = { name, stage: false, dims, sizes, parts: [type], tuple: false };
  return { is: "tensor", source };
}

/** The sizes that are known: of the given tensors, and those derived so far. */
function sizesOf(run: Run, tensors: readonly TensorDecl[]): Value {
  const given = tensors.flatMap((t) => t.dims.flat()).filter((axis) => !/^\d/.test(axis));
  const names = new Set([...given, ...run.axes.map((a) => a.axis)]);
  return record(
    [...names].map((axis) => [axis, scalar(sizeOf(axis))]),
    "the size of {name} is not known here: the tensor that has it may be absent, or it is later",
  );
}

function evaluateAxes(
  run: Run,
  meta: MetaData,
  tensors: readonly TensorDecl[],
  attrs: Value,
): void {
  for (const { axis, of } of meta.axes) {
    const value = callFunction(run, of, undefined, [sizesOf(run, tensors), attrs]);
    const size = hostValue(run, value, of, `the size of ${axis}`);
    refuseOptions(run, size, `the size of ${axis}`, of.body);
    if (kindOf(size) !== "int")
      failAt("WW145", of.body, `the size of ${axis} is a whole number: divide with idiv`);
    run.axes.push({ axis, size } satisfies AxisDecl);
  }
}

function evaluateDemands(
  run: Run,
  signature: Signature,
  meta: MetaData,
  tensors: readonly TensorDecl[],
  attrs: Value,
): readonly DemandDecl[] {
  const present = record(
    signature.tensors
      .filter((t) => t.optional)
      .map((t) => [t.name, scalar(constant(Number(tensors.includes(t)), "bool"))]),
  );
  return meta.demands.map(({ holds: of, otherwise }) => {
    const value = callFunction(run, of, undefined, [sizesOf(run, tensors), attrs, present]);
    const holds = hostValue(run, value, of, "a demand");
    if (kindOf(holds) !== "bool") failAt("WW130", of.body, "a demand is a test (boolean)");
    return { holds, otherwise };
  });
}

function hostValue(
  run: Run,
  value: Value,
  of: ts.ArrowFunction | ts.FunctionExpression,
  what: string,
): Expr {
  if (value.is !== "scalar")
    return failAt("WW145", of.body, `${what} is a number or a test, not ${describe(value)}`);
  checkSize(run, value.expr, what, of.body);
  return value.expr;
}

/** The stages that are returned, by the name of the result. */
function resultsOf(value: Value, { node, name }: Signature): ReadonlyMap<string, string> {
  const at = node.name ?? node;
  const stageOf = (v: Value): string => {
    if (v.is !== "tensor" || !v.source.stage)
      return failAt("WW142", at, `${name} returns tensor(...), not ${describe(v)}`);
    if (v.source.tuple)
      return failAt(
        "WW142",
        at,
        "an element of a result is one number: return a tensor of each part",
      );
    return v.source.name;
  };
  if (value.is !== "record") return new Map([["output", stageOf(value)]]);
  const results = new Map([...value.fields].map(([key, v]) => [key, stageOf(v)]));
  if (results.size === 0) return failAt("WW142", at, `${name} returns at least one tensor(...)`);
  if (new Set(results.values()).size !== results.size)
    return failAt("WW142", at, `${name} returns the same tensor under two names`);
  return results;
}
