// What an operator asks of its callers, found from its kernels, with its rules as functions.

import { evaluateFormula } from "../../targets/contract/formula.ts";
import type {
  Rule,
  Signature,
  SignatureTensor,
  Values,
  Variant,
} from "../../targets/contract/signature.ts";
import { type Expr, kindOf } from "../ir/expr.ts";
import { hostExpr } from "../ir/host.ts";
import {
  axesWithin,
  dimensionsOf,
  type Kernel,
  kernelName,
  partName,
  type Stage,
  type TensorDecl,
  valuesOf,
} from "../ir/kernel.ts";
import { ops } from "../ir/ops.ts";
import { visit } from "../ir/walk.ts";
import { boundsOf } from "./bounds.ts";
import { printFormula } from "./formula.ts";

/** `stride.y` as scalars are called: `stride_y`. */
export const scalarName = (attr: string): string => attr.replaceAll(".", "_");

function lookUp(values: Values, name: string): number {
  const value = values[name];
  if (value === undefined) throw new Error(`A rule asks for ${name}, which is not known yet.`);
  return value;
}

/** An expression over sizes, attributes and options as a function. */
export function compileRule(e: Expr): Rule {
  switch (e.kind) {
    case "const":
      return () => e.value;
    case "size":
      return (values) => lookUp(values, e.axis);
    case "attr":
      return (values) => lookUp(values, scalarName(e.name));
    case "option":
      return (values) => lookUp(values, e.name.toUpperCase());
    case "op": {
      const args = e.args.map(compileRule);
      const { value } = ops[e.op] as { value: (...x: readonly number[]) => number };
      return (values) => value(...args.map((arg) => arg(values)));
    }
    case "cast": {
      if (e.to === "int" && kindOf(e.arg) !== "bool") return refuse(e);
      return compileRule(e.arg);
    }
    case "select": {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map(compileRule);
      return (values) => (cond!(values) !== 0 ? then!(values) : otherwise!(values));
    }
    case "index":
    case "read":
    case "part":
      return refuse(e);
    default:
      return e satisfies never;
  }
}

function refuse(e: Expr): never {
  throw new Error(`A rule is over sizes, attributes and options; it cannot hold a ${e.kind}.`);
}

function describeTensor({ name, dims, optional, doc }: TensorDecl): SignatureTensor {
  return { name, dims, optional, doc };
}

function describeOutput(stage: Stage): Signature["outputs"] {
  const parts = valuesOf(stage);
  const dims = dimensionsOf(stage);
  return parts.map((_, part) => ({
    name: partName(stage.name, part, parts.length),
    dims,
  }));
}

const describeOutputs = (kernel: Kernel): Signature["outputs"] =>
  kernel.outputs.flatMap((name) => {
    const stage = kernel.stages.find((s) => s.name === name);
    return stage ? describeOutput(stage) : [];
  });

/** Is an expression over what callers give, and no axis that is derived? */
export function isEarly({ axes }: Kernel, e: Expr): boolean {
  let early = true;
  visit([e], (part) => {
    if (part.kind === "size" && axes.some(({ axis }) => axis === part.axis)) early = false;
  });
  return early;
}

/** Is an expression over attributes and options alone? */
export function isOfAttributes(e: Expr): boolean {
  let alone = true;
  visit([e], (part) => {
    if (part.kind === "size") alone = false;
  });
  return alone;
}

function describeVariant(kernel: Kernel): Variant {
  return {
    present: kernel.present,
    outputs: describeOutputs(kernel).map(({ name }) => name),
    axes: kernel.axes.map(({ axis, size }) => ({
      axis,
      size: compileRule(size),
      early: isOfAttributes(size),
    })),
    demands: kernel.demands.map(({ holds, otherwise }) => ({
      holds: compileRule(holds),
      formula: printFormula(hostExpr(holds)),
      otherwise,
      early: isEarly(kernel, holds),
    })),
    bounds: boundsOf(kernel).map((formula) => (values) => evaluateFormula(formula, values)),
  };
}

/** What a declaration says of an operator beside its kernels. */
export interface Declared {
  readonly doc: string;
  /** All tensors in declared order, optional ones too. */
  readonly tensors: readonly TensorDecl[];
}

/** The declared tensors, then those that only some kernel has, such as the gradient of an output. */
function tensorsOf({ tensors }: Declared, kernels: readonly Kernel[]): readonly TensorDecl[] {
  const names = new Set(tensors.map(({ name }) => name));
  const more = kernels.flatMap((kernel) => kernel.tensors.filter(({ name }) => !names.has(name)));
  return [...tensors, ...new Map(more.map((tensor) => [tensor.name, tensor])).values()];
}

/**
 * The axes that may be empty. Elements of a result do not mix along its first axis, or along one that an index
 * chooses from (no image: then no index is valid, so there are no boxes either); neither may stand elsewhere.
 */
function findBatches(
  { tensors }: Declared,
  kernels: readonly Kernel[],
  outputs: Signature["outputs"],
): readonly string[] {
  const all = [...kernels.flatMap((kernel) => kernel.tensors), ...outputs];
  // The gradient of a result is given, and has its axes.
  const isResult = (name: string): boolean =>
    kernels[0]?.role === "forward"
      ? !tensors.some((tensor) => tensor.name === name)
      : name.startsWith("grad_");
  const results = all.filter(({ name }) => isResult(name));
  const elsewhere = axesWithin(all.map(({ dims }) => dims));
  const firsts = results.flatMap(({ dims: [first = []] }) => (first.length === 1 ? first : []));
  const chosen = kernels.flatMap(({ indices }) => indices.map(({ axis }) => axis));
  return [...new Set([...firsts, ...chosen])].filter(
    (axis) => !/^\d/.test(axis) && !elsewhere.has(axis),
  );
}

/** The signature of an operator whose kernels (one for each variant, of one role) these are. */
export function describeSignature(declared: Declared, kernels: readonly Kernel[]): Signature {
  const [kernel] = kernels;
  if (!kernel) throw new Error("An operator without kernels has no signature.");
  const all = kernels.flatMap(describeOutputs);
  const outputs = [...new Map(all.map((output) => [output.name, output])).values()];
  return {
    operator: kernelName(kernel),
    doc: declared.doc,
    tensors: tensorsOf(declared, kernels).map(describeTensor),
    attrs: kernel.attrs,
    indices: kernel.indices,
    outputs,
    batches: findBatches(declared, kernels, outputs),
    variants: kernels.map(describeVariant),
  };
}
