// An operator's signature as JavaScript text. Its rules come from the same expressions, and the same table of
// operations, as the functions that the command line calls.

import { boundsOf } from "../../generators/emit/bounds.ts";
import { printHostExpr } from "../../generators/emit/printer.ts";
import { isEarly, isOfAttributes } from "../../generators/emit/signature.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Expr } from "../../generators/ir/expr.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import type { Signature } from "../contract/signature.ts";
import { formulaAsJs } from "./formula.ts";
import { language } from "./language.ts";
import { field } from "./text.ts";

type Use = (helper: string) => void;

const printRule = (field: string, e: Expr, use: Use): readonly string[] =>
  wrap(`${field}: (v) =>${gapAt(0)}${printHostExpr(e, language, "v.", use)},`, 4, 100, 2);

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
    ...(isOfAttributes(size) ? ["    early: true,"] : []),
    ...printRule("size", size, use),
  ]);
  return printList(items);
}

function printDemands(kernel: Kernel, use: Use): string {
  const items = kernel.demands.map(({ holds, otherwise }) => [
    ...(isEarly(kernel, holds) ? ["    early: true,"] : []),
    ...printRule("holds", holds, use),
    ...wrap(`otherwise:${gapAt(0)}${JSON.stringify(otherwise)},`, 4, 100, 2),
  ]);
  return printList(items);
}

function printBounds(kernel: Kernel): string {
  const rules = boundsOf(kernel).flatMap((formula) =>
    wrap(
      `(v) =>${gapAt(0)}${formulaAsJs(formula, "v.").replaceAll(" + ", ` +${gapAt(0)}`)},`,
      2,
      100,
      2,
    ),
  );
  return rules.length === 0 ? "[]" : ["[", ...rules, "]"].join("\n");
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

/** A signature as JavaScript: statements that define `signature`, and which helpers its rules call. */
export interface PrintedSignature {
  readonly text: string;
  readonly helpers: ReadonlySet<string>;
}

/** A signature as generated modules hold it, with the rules of its kernels (in their order) as functions. */
export function printSignature(signature: Signature, kernels: readonly Kernel[]): PrintedSignature {
  const helpers = new Set<string>();
  const use = (name: string) => helpers.add(name);
  return { text: printStatements(signature, kernels, use), helpers };
}

function printStatements(signature: Signature, kernels: readonly Kernel[], use: Use): string {
  const { operator, tensors, attrs, indices, outputs } = signature;
  const axes = shareTexts(
    "axes",
    kernels.map((kernel) => printAxes(kernel, use)),
  );
  const demands = shareTexts(
    "demands",
    kernels.map((kernel) => printDemands(kernel, use)),
  );
  const bounds = shareTexts(
    "bounds",
    kernels.map((kernel) => printBounds(kernel)),
  );
  const variants = signature.variants.map(({ present, outputs: results }, at) =>
    wrap(
      `{ present: ${json(present)},${gapAt(0)}outputs: ${json(results)},${gapAt(0)}` +
        `${field("axes", axes.names[at]!)},${gapAt(0)}` +
        `${field("demands", demands.names[at]!)},${gapAt(0)}` +
        `${field("bounds", bounds.names[at]!)} },`,
      4,
      100,
    ).join("\n"),
  );
  return [
    ...axes.constants,
    ...demands.constants,
    ...bounds.constants,
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
    `  batches: ${json(signature.batches)},`,
    list("variants", variants),
    "};",
  ].join("\n");
}
