// What the page of an operator says, all of it from its declaration: nobody writes one.

import { targets } from "../../targets/registry.ts";
import { formatAttr, formatDims, resultsOf } from "../cli/describe.ts";
import type { Operator } from "../frontend/operator.ts";
import { backwardKernel, gradientsOn } from "../gradients.ts";
import { bindKernel } from "../ir/bind.ts";
import { dumpExpr, dumpFormulas } from "../ir/dump.ts";
import { isOption, type Kernel, optionValues } from "../ir/kernel.ts";
import { gatheredOutputs } from "../ir/outputs.ts";
import { literalOf, writeCalls } from "./calls.ts";
import { kinksOf } from "./kinks.ts";

/** The data of the template of a page. */
export interface Page {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** A cell of a table: what would end it stands as a sign. */
export const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** Options at their defaults, as numbers. */
const defaultsOf = ({ attrs }: Operator): Readonly<Record<string, number>> =>
  Object.fromEntries(
    attrs
      .filter(isOption)
      .map((attr) => [attr.name, optionValues(attr).indexOf(String(attr.default))]),
  );

/** The kernel with all options at their defaults, of the richest variant that takes these. */
export function plainKernel(operator: Operator): Kernel {
  const options = defaultsOf(operator);
  const richest = [...operator.variants].sort((a, b) => b.length - a.length);
  const refusals: string[] = [];
  for (const present of richest)
    try {
      return bindKernel(operator.kernel(present), { options });
    } catch (error) {
      // Some options hold for some variants only.
      if (!(error instanceof RangeError)) throw error;
      refusals.push(error.message);
    }
  throw new Error(`${operator.name}: no variant takes the defaults: ${refusals.join("; ")}`);
}

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

function describeGradients(operator: Operator) {
  const kernels = operator.variants.flatMap((present) => backwardKernel(operator, present) ?? []);
  const names = [...new Set(kernels.flatMap(({ outputs }) => outputs))];
  const isGathered = (name: string): boolean =>
    kernels.every((k) => !k.outputs.includes(name) || gatheredOutputs(k).includes(name));
  return names.map((name) => ({
    name,
    how: isGathered(name)
      ? "each element is computed by itself"
      : "added to elements that data choose",
  }));
}

/** Which gradients a target leaves out, in sentences. */
const describeLeft = (operator: Operator): readonly string[] =>
  targets.flatMap((target) => {
    const { left } = gradientsOn(operator, target);
    return left.length === 0
      ? []
      : [`\`${target.name}\` has no ${list(left)}: it cannot add to elements that data choose.`];
  });

/** Everything that the page of an operator says. */
export function describePage(operator: Operator): Page {
  const kernel = plainKernel(operator);
  const full = operator.kernel(kernel.present);
  const gradients = describeGradients(operator);
  const options = operator.attrs.filter(isOption);
  return {
    name: operator.name,
    doc: operator.doc,
    source: operator.source ?? "",
    file: operator.file,
    notes: operator.notes,
    tensors: operator.tensors.map(({ name, dims, optional, doc, type }) => ({
      name,
      shape: formatDims(dims),
      doc: cell(
        [
          ...(optional ? ["Optional."] : []),
          ...(doc === "" ? [] : [doc]),
          ...(type === "coord" ? ["Coordinates: always float32."] : []),
        ].join(" "),
      ),
    })),
    results: resultsOf(full).map(({ name, dims }) => ({ name, shape: formatDims(dims) })),
    attrs: operator.attrs.map((attr) => ({
      name: attr.name,
      form: cell(formatAttr(attr)),
      doc: cell(attr.doc),
    })),
    axes: full.axes.map(({ axis, size }) => `${axis} = ${dumpExpr(full, size)}`),
    demands: full.demands.map(({ otherwise }) => otherwise),
    indices: operator.indices.map(
      ({ tensor, column, axis }) =>
        `Column ${column} of \`${tensor}\` holds indices of \`${axis}\`: whole numbers from 0, less than \`${axis}\`.`,
    ),
    like: operator.like.map(({ library, attrs }) => ({
      library,
      attrs:
        Object.keys(attrs).length === 0
          ? "the defaults"
          : Object.entries(attrs)
              .map(([name, value]) => `\`${name}: ${literalOf(value)}\``)
              .join(", "),
    })),
    given: kernel.present.length === 0 ? "" : `, with ${list(kernel.present)}`,
    chosen:
      options.length === 0
        ? ""
        : ` (${options.map(({ name, default: value }) => `\`${name}: ${JSON.stringify(value)}\``).join(", ")})`,
    formula: dumpFormulas(kernel),
    variants: operator.variants
      .map((present) => (present.length === 0 ? "no optional tensor" : list(present)))
      .join("; "),
    gradients,
    kinks: gradients.length === 0 ? [] : kinksOf(operator),
    left: describeLeft(operator),
    calls: writeCalls(operator),
  };
}
