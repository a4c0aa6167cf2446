// Reading `meta`: literals checked against the function beside it, and functions kept for evaluation.

import { ts } from "ts-morph";
import { isFixedSize } from "../ir/expr.ts";
import type { AttrDecl, IndexColumn, TensorDecl, Unit } from "../ir/kernel.ts";
import { type AttrValue, readAttrs } from "./attributes.ts";
import { checkNames } from "./clashes.ts";
import { failAt } from "./diagnostics.ts";
import { expect, fieldsOf, type Literal, type Of, readLiteral, stringsOf } from "./literals.ts";
import { readGiven, readSamples, type Sample } from "./samples.ts";
import type { Signature } from "./signature.ts";

export type { Sample } from "./samples.ts";

/** A library, and what to choose to compute what it does. */
export interface Alike {
  readonly library: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

type Function = ts.ArrowFunction | ts.FunctionExpression;

/** What the author says in `meta`, read and checked. */
export interface MetaData {
  readonly doc: string;
  readonly source: string | undefined;
  /** Libraries that compute the same, with the attributes that differ from their defaults for it. */
  readonly like: readonly Alike[];
  readonly attrs: readonly AttrDecl[];
  readonly differentiable: readonly string[];
  /** Stops where `meta` asks for the gradient of a tensor, which cannot be derived. */
  readonly refuseGradient: (tensor: string, message: string) => never;
  readonly axes: readonly { readonly axis: string; readonly of: Function }[];
  readonly demands: readonly { readonly holds: Function; readonly otherwise: string }[];
  readonly indices: readonly IndexColumn[];
  readonly units: readonly Unit[];
  readonly variants: readonly (readonly string[])[];
  readonly samples: readonly Sample[];
  /** Where each sample stands, for what is wrong with its numbers. */
  readonly sampleNodes: readonly ts.Node[];
}

/** The exported `meta` of a file. */
export function readMeta(file: ts.SourceFile, signature: Signature): MetaData {
  const { initializer } = findMeta(file, signature);
  const f = fieldsOf(readLiteral(initializer), "meta", [
    "doc",
    "source?",
    "like?",
    "attrs",
    "differentiable",
    "axes?",
    "demands?",
    "indices?",
    "units?",
    "variants",
    "samples",
  ]);
  const attrs = readAttrs(f.attrs, signature);
  const axes = f.axes ? readAxes(f.axes) : [];
  const differentiable = readTensorNames(f.differentiable, "differentiable", signature, false);
  const derived = axes.map((a) => a.axis);
  const samples = readSamples(f.samples, signature, attrs, derived);
  checkNames({ signature, attrs, derived, differentiable, outputs: [], stages: [] });
  const known = new Set([
    ...signature.tensors.flatMap((t) => t.dims.flat()).filter((axis) => !isFixedSize(axis)),
    ...derived,
  ]);
  return {
    doc: expect(f.doc, "string", "doc").value,
    source: f.source && expect(f.source, "string", "source").value,
    like: [...(f.like ? expect(f.like, "object", "like").fields : [])].map(([library, given]) => ({
      library,
      attrs: readGiven(expect(given, "object", `the attributes for ${library}`).fields, attrs),
    })),
    attrs,
    differentiable,
    refuseGradient: (tensor, message) => {
      const names = stringsOf(f.differentiable, "differentiable");
      const at = names.find(({ value }) => value === tensor) ?? f.differentiable;
      return failAt("WW160", at.node, message);
    },
    axes: axes.map(({ axis, of }) => ({ axis, of })),
    demands: (f.demands ? expect(f.demands, "array", "demands").items : []).map((demand) =>
      readDemand(demand, new Set([...known, ...attrs.map((a) => a.name)])),
    ),
    indices: (f.indices ? expect(f.indices, "array", "indices").items : []).map((column) =>
      readColumn(column, signature, known),
    ),
    units: (f.units ? expect(f.units, "array", "units").items : []).map((unit) =>
      readUnit(unit, signature, known),
    ),
    variants: expect(f.variants, "array", "variants").items.map((variant) =>
      readTensorNames(variant, "variants", signature, true),
    ),
    samples: samples.map(({ sample }) => sample),
    sampleNodes: samples.map(({ node }) => node),
  };
}

function findMeta(file: ts.SourceFile, signature: Signature) {
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || name.text !== "meta" || !initializer) continue;
      const isConst = statement.declarationList.flags & ts.NodeFlags.Const;
      const isExported = statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
      if (isConst && isExported) return { initializer };
      return failAt("WW150", name, "say `export const meta = { … }`");
    }
  }
  const name = signature.node.name ?? signature.node;
  return failAt("WW150", name, `beside ${signature.name} stands \`export const meta = { … }\``);
}

type AxisField = { readonly axis: string; readonly of: Function; readonly node: ts.Node };

const readAxes = (literal: Literal): readonly AxisField[] =>
  [...expect(literal, "object", "axes").fields].map(([axis, f]) => {
    if (!/^[A-Za-z_]\w*$/.test(axis)) failAt("WW152", f.node, "an axis is named by a word");
    return { axis, of: expect(f, "function", `the size of ${axis}`).of, node: f.node };
  });

/** Names of tensors, each once. */
function readTensorNames(
  literal: Literal,
  what: string,
  { tensors }: Signature,
  optionalOnly: boolean,
): readonly string[] {
  const allowed = tensors.filter((t) => !optionalOnly || t.optional).map((t) => t.name);
  const kind = optionalOnly ? "optional tensors" : "tensors";
  const names = stringsOf(literal, what);
  names.forEach(({ value, node }, i) => {
    if (!allowed.includes(value)) {
      const known = allowed.length > 0 ? `these are ${allowed.join(", ")}` : "there are none";
      failAt("WW153", node, `${value} is none of the ${kind}: ${known}`);
    }
    if (names.findIndex((n) => n.value === value) !== i)
      failAt("WW152", node, `${value} is named twice`);
  });
  return names.map((n) => n.value);
}

function readDemand(literal: Literal, known: ReadonlySet<string>): MetaData["demands"][number] {
  const f = fieldsOf(literal, "a demand", ["holds", "otherwise"]);
  const otherwise = expect(f.otherwise, "string", "otherwise");
  for (const [, name] of otherwise.value.matchAll(/\{([^}]*)\}/g))
    if (!known.has(name!))
      failAt("WW153", otherwise.node, `{${name}} is neither an axis nor an attribute`);
  return { holds: expect(f.holds, "function", "holds").of, otherwise: otherwise.value };
}

function readColumn(
  literal: Literal,
  { tensors }: Signature,
  axes: ReadonlySet<string>,
): IndexColumn {
  const f = fieldsOf(literal, "a column of indices", ["tensor", "column", "axis"]);
  const named = expect(f.tensor, "string", "tensor");
  const tensor = findTensor(tensors, named);
  const columns = Number(tensor.dims.at(-1)?.at(-1));
  const column = expect(f.column, "number", "column");
  if (!Number.isInteger(column.value) || column.value < 0 || !(column.value < columns))
    return failAt(
      "WW152",
      column.node,
      Number.isNaN(columns)
        ? `${tensor.name} has no columns: its last axis is no fixed number`
        : `a column of ${tensor.name} is a number from 0 to ${columns - 1}`,
    );
  const axis = expect(f.axis, "string", "axis");
  if (!axes.has(axis.value)) return failAt("WW153", axis.node, `there is no axis ${axis.value}`);
  return { tensor: tensor.name, column: column.value, axis: axis.value };
}

function findTensor(tensors: Signature["tensors"], named: Of<"string">): TensorDecl {
  const tensor = tensors.find((t) => t.name === named.value);
  return tensor ?? failAt("WW153", named.node, `there is no tensor ${named.value}`);
}

/** Shares of a picture have two ends, maps of several sizes the axis along which they lie. */
function readUnit(literal: Literal, { tensors }: Signature, axes: ReadonlySet<string>): Unit {
  const coords = (field: Literal, what: string): string => {
    const named = expect(field, "string", what);
    const tensor = findTensor(tensors, named);
    if (tensor.type !== "coord")
      failAt("WW152", named.node, `${tensor.name} holds data; what has a unit is Coords`);
    return tensor.name;
  };
  if (!expect(literal, "object", "a unit").fields.has("along")) {
    const f = fieldsOf(literal, "a unit", ["tensor", "from", "to"]);
    const [from, to] = [expect(f.from, "number", "from"), expect(f.to, "number", "to")];
    if (from.value === to.value)
      failAt("WW152", to.node, "from and to are the two ends of the picture, so they differ");
    return { tensor: coords(f.tensor, "tensor"), from: from.value, to: to.value };
  }
  const f = fieldsOf(literal, "a unit", ["tensor", "starts", "along"]);
  const along = expect(f.along, "string", "along");
  if (!axes.has(along.value)) failAt("WW153", along.node, `there is no axis ${along.value}`);
  const [tensor, starts] = [coords(f.tensor, "tensor"), coords(f.starts, "starts")];
  return { tensor, starts, along: along.value };
}
