// What an operator asks of its callers, found from its kernels: as functions for the command line, and as
// JavaScript text for generated modules. Both come from the same expressions and the same table of operations.

import type {
  Rule,
  Signature,
  SignatureTensor,
  Values,
  Variant,
} from "../../targets/contract/signature.ts";
import { js } from "../../targets/js/target.ts";
import { type Expr, kindOf } from "../ir/expr.ts";
import type { Kernel, Stage, TensorDecl } from "../ir/kernel.ts";
import { ops } from "../ir/ops.ts";
import { hostExpr } from "../schedule/host.ts";
import { printHostExpr } from "./printer.ts";
import { gapAt, wrap } from "./wrap.ts";

/** A signature, JavaScript statements that define the same as `signature`, and which helpers that calls. */
export interface SignatureSource {
  readonly signature: Signature;
  readonly text: string;
  readonly helpers: ReadonlySet<string>;
}

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

const isSize = (axis: string): boolean => !/^\d+$/.test(axis);

function describeTensor({ name, dims, optional, doc }: TensorDecl): SignatureTensor {
  return { name, dims, optional, doc };
}

function describeOutput(stage: Stage): Signature["outputs"] {
  const loops = stage.kind === "gather" ? stage.domain : stage.shape;
  const parts = stage.kind === "gather" ? stage.parts : stage.values;
  let at = 0;
  const dims = stage.dims.map((count) => Array.from({ length: count }, () => loops[at++]!.axis));
  return parts.map((_, part) => ({
    name: parts.length === 1 ? stage.name : `${stage.name}_${part}`,
    dims,
  }));
}

function describeVariant(kernel: Kernel): Variant {
  return {
    present: kernel.present,
    axes: kernel.axes.map(({ axis, size }) => ({ axis, size: compileRule(size) })),
    demands: kernel.demands.map(({ holds, otherwise }) => ({
      holds: compileRule(holds),
      otherwise,
    })),
  };
}

/** What a declaration says of an operator beside its kernels. */
export interface Declared {
  readonly doc: string;
  /** All tensors in declared order, optional ones too. */
  readonly tensors: readonly TensorDecl[];
}

/** The signature of an operator whose kernels (one for each variant, of one role) these are. */
export function describeSignature(declared: Declared, kernels: readonly Kernel[]): SignatureSource {
  const [kernel] = kernels;
  if (!kernel) throw new Error("An operator without kernels has no signature.");
  const outputs = kernel.outputs.flatMap((name) => {
    const stage = kernel.stages.find((s) => s.name === name);
    return stage ? describeOutput(stage) : [];
  });
  const signature: Signature = {
    operator: kernel.operator,
    doc: declared.doc,
    tensors: declared.tensors.map(describeTensor),
    attrs: kernel.attrs,
    indices: kernel.indices,
    outputs,
    variants: kernels.map(describeVariant),
  };
  const helpers = new Set<string>();
  const use = (name: string) => helpers.add(name);
  return { signature, text: printSignature(signature, kernels, use), helpers };
}

type Use = (helper: string) => void;

const printRule = (field: string, e: Expr, use: Use): readonly string[] =>
  wrap(`${field}: (v) =>${gapAt(0)}${printHostExpr(hostExpr(e), js, "v.", use)},`, 4, 100, 2);

const json = (value: unknown): string => JSON.stringify(value).replace(/,(?=["[])/g, ", ");

const list = (name: string, items: readonly string[]): string =>
  items.length === 0 ? `  ${name}: [],` : [`  ${name}: [`, ...items, "  ],"].join("\n");

function object(fields: Readonly<Record<string, unknown>>): string {
  const inner = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${json(value)}`);
  return wrap(`{ ${inner.join(`,${gapAt(0)}`)} },`, 4, 100).join("\n");
}

function printAxes({ axes }: Kernel, use: Use): string {
  const items = axes.map(({ axis, size }) => [
    `    axis: "${axis}",`,
    ...printRule("size", size, use),
  ]);
  return printList(items);
}

function printDemands({ demands }: Kernel, use: Use): string {
  const items = demands.map(({ holds, otherwise }) => [
    ...printRule("holds", holds, use),
    ...wrap(`otherwise:${gapAt(0)}${JSON.stringify(otherwise)},`, 4, 100, 2),
  ]);
  return printList(items);
}

function printList(items: readonly (readonly string[])[]): string {
  if (items.length === 0) return "[]";
  return ["[", ...items.flatMap((fields) => ["  {", ...fields, "  },"]), "]"].join("\n");
}

/** A constant for each different text, and its name at each place. */
function shareTexts(name: string, texts: readonly string[]) {
  const all = [...new Set(texts)];
  const nameOf = (text: string) => (all.length === 1 ? name : `${name}${all.indexOf(text) + 1}`);
  return {
    constants: all.map((text) => `const ${nameOf(text)} = ${text};\n`),
    names: texts.map(nameOf),
  };
}

const field = (key: string, name: string): string => (key === name ? key : `${key}: ${name}`);

/** Statements that define `signature`. */
function printSignature(signature: Signature, kernels: readonly Kernel[], use: Use): string {
  const { operator, tensors, attrs, indices, outputs } = signature;
  const axes = shareTexts(
    "axes",
    kernels.map((kernel) => printAxes(kernel, use)),
  );
  const demands = shareTexts(
    "demands",
    kernels.map((kernel) => printDemands(kernel, use)),
  );
  const variants = kernels.map(
    ({ present }, at) =>
      `    { present: ${json(present)}, ${field("axes", axes.names[at]!)}, ` +
      `${field("demands", demands.names[at]!)} },`,
  );
  return [
    ...axes.constants,
    ...demands.constants,
    "const signature = {",
    `  operator: "${operator}",`,
    list(
      "tensors",
      tensors.map(({ name, dims, optional }) => object({ name, dims, optional })),
    ),
    list(
      "attrs",
      attrs.map(({ name, type, default: value, min, max, values }) =>
        object({ name, type, default: value, min, max, values }),
      ),
    ),
    list(
      "indices",
      indices.map((index) => object({ ...index })),
    ),
    list(
      "outputs",
      outputs.map((output) => object({ ...output })),
    ),
    list("variants", variants),
    "};",
  ].join("\n");
}

/** The names of all sizes that a signature's tensors have. */
export function axesOf(signature: Signature): readonly string[] {
  return [...new Set(signature.tensors.flatMap(({ dims }) => dims.flat()))].filter(isSize);
}
