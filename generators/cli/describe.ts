// What an operator's signature looks like, for people and for programs.

import type { Operator } from "../frontend/operator.ts";
import { conjuncts } from "../ir/build.ts";
import { dumpExpr } from "../ir/dump.ts";
import type { Expr } from "../ir/expr.ts";
import { type AttrDecl, type Dimension, dimensionsOf, type Kernel } from "../ir/kernel.ts";
import { gatheredOutputs } from "../ir/outputs.ts";
import { formatNotes, wrapText } from "./terminal.ts";

/** A result of an operator: its name and the axes of each dimension. */
export interface Result {
  readonly name: string;
  readonly dims: readonly Dimension[];
}

/** The results of a kernel, in order. */
export function resultsOf(kernel: Kernel): readonly Result[] {
  return kernel.outputs.map((name) => {
    const stage = kernel.stages.find((s) => s.name === name);
    if (stage === undefined) throw new Error(`${kernel.operator} has no stage ${name}`);
    return { name, dims: dimensionsOf(stage) };
  });
}

/** `(N, G*KH*KW*2, OH, OW)` */
export const formatDims = (dims: readonly Dimension[]): string =>
  `(${dims.map((axes) => axes.join("*")).join(", ")})`;

/** How an attribute is written, with its default and range. */
export function formatAttr(attr: AttrDecl): string {
  const { type, min, max, values } = attr;
  const parts = [type === "choice" || values !== undefined ? (values ?? []).join(" | ") : type];
  if (min !== undefined) parts.push(`from ${min}${max === undefined ? "" : ` to ${max}`}`);
  else if (max !== undefined) parts.push(`up to ${max}`);
  parts.push(attr.default === undefined ? "required" : `default ${attr.default}`);
  return parts.join(", ");
}

/** The kernel with every optional tensor, or with those of the richest variant where all together are refused. */
export function fullKernel(operator: Operator): Kernel {
  const richest = [...operator.variants].sort((a, b) => b.length - a.length)[0] ?? [];
  return operator.kernel(richest);
}

/** The signature for programs. */
export function signatureJson(operator: Operator): object {
  const kernel = fullKernel(operator);
  const show = (e: Expr): string => dumpExpr(kernel, e);
  return {
    operator: operator.name,
    doc: operator.doc,
    notes: operator.notes,
    source: operator.source,
    file: operator.file,
    tensors: operator.tensors,
    results: resultsOf(kernel),
    attrs: operator.attrs,
    axes: kernel.axes.map(({ axis, size }) => ({ axis, size: show(size) })),
    demands: kernel.demands.map(({ holds, otherwise }) => ({ holds: show(holds), otherwise })),
    indices: operator.indices,
    differentiable: operator.differentiable,
    variants: operator.variants,
  };
}

/** A paragraph below a line, set in. */
const indent = (text: string): string =>
  wrapText(text, 90)
    .map((line) => `      ${line}\n`)
    .join("");

/** How the elements of a gradient come about. */
function describeResult(kernel: Kernel, { name }: Result): string {
  if (kernel.role === "forward") return "";
  return gatheredOutputs(kernel).includes(name)
    ? "each element is computed by itself (gather)"
    : "added to elements that data choose (scatter)";
}

/** The signature for people: tensors, results, attributes, sizes, demands, variants. */
export function formatSignature(operator: Operator): string {
  const kernel = fullKernel(operator);
  const show = (e: Expr): string => dumpExpr(kernel, e);
  const sections: string[] = [];
  const section = (title: string, text: string): void => {
    if (text !== "") sections.push(`${title}\n${text}`);
  };
  const head = wrapText(`${operator.name}: ${operator.doc}`, 98);
  const source = operator.source === undefined ? [] : wrapText(operator.source, 96);
  const notes = operator.notes === "" ? [] : ["", ...wrapText(operator.notes, 98)];
  sections.push(
    [
      ...head,
      ...source.map((line) => `  ${line}`),
      `  declared in ${operator.file}`,
      ...notes,
      "",
    ].join("\n"),
  );
  section(
    "tensors",
    formatNotes(
      operator.tensors.map((t) => [
        `  ${t.name}`,
        formatDims(t.dims),
        `${t.optional ? "optional" : ""}${t.optional && t.doc !== "" ? ": " : ""}${t.doc}`,
      ]),
    ),
  );
  section(
    "results",
    formatNotes(
      resultsOf(kernel).map((r) => [`  ${r.name}`, formatDims(r.dims), describeResult(kernel, r)]),
    ),
  );
  section(
    "attributes",
    operator.attrs
      .map(
        (a) => `  ${a.name}: ${formatAttr(a)}
${indent(a.doc)}`,
      )
      .join(""),
  );
  section(
    "sizes",
    formatNotes(kernel.axes.map(({ axis, size }) => [`  ${axis}`, `= ${show(size)}`])),
  );
  section(
    "demands",
    kernel.demands
      .map(({ holds, otherwise }) => {
        const tests = conjuncts(holds).map(show).join("\n  && ");
        return `  ${tests}\n    else: ${otherwise}\n`;
      })
      .join(""),
  );
  section(
    "variants",
    operator.variants
      .map((present) => `  ${present.length > 0 ? `with ${present.join(", ")}` : "plain"}\n`)
      .join(""),
  );
  if (kernel.role === "forward")
    section(
      "gradients",
      operator.differentiable.length > 0 ? `  of ${operator.differentiable.join(", ")}\n` : "",
    );
  return sections.join("\n");
}
