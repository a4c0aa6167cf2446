// The types of a generated module, for editors.

import { comment, fileName } from "../../generators/emit/frame.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { PrintedUnit } from "../../generators/emit/target.ts";
import type { SignatureAttr } from "../contract/signature.ts";
import { reserved } from "./reserved.ts";
import { arrayNames } from "./text.ts";

const safe = createNames(reserved);

const types: Readonly<Record<SignatureAttr["type"], (attr: SignatureAttr) => string>> = {
  int: () => "number",
  real: () => "number",
  pair: () => "Pair",
  sides: () => "Sides",
  bool: () => "boolean",
  choice: ({ values = [] }) => values.map((value) => JSON.stringify(value)).join(" | "),
};

function describeRange({ min, max, default: value }: SignatureAttr): string {
  const parts = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(value === undefined ? [] : [`default ${JSON.stringify(value)}`]),
  ];
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

/** A documenting comment, on one line where it fits. */
function document(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  if (indent + text.length + 8 <= 100) return `${pad}/** ${text} */`;
  return [`${pad}/**`, comment(text, `${pad} *`), `${pad} */`].join("\n");
}

const camel = (name: string): string =>
  name.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** What the template of the types says. */
export function declareTypes(unit: PrintedUnit) {
  const { signature, plans } = unit;
  const name = fileName(unit);
  const { tensors, attrs, outputs, doc } = signature;
  const used = new Set(attrs.map(({ type }) => type));
  const shape = (dims: readonly (readonly string[])[]) =>
    `(${dims.map((axes) => axes.join("*")).join(", ")})`;
  return {
    operator: name,
    name: camel(name),
    doc: document(`${doc} Throws a TypeError or RangeError that says what does not fit.`, 0),
    pair: used.has("pair"),
    sides: used.has("sides"),
    tensors: tensors.map((tensor) => ({
      name: tensor.name,
      optional: tensor.optional,
      doc: document([shape(tensor.dims), tensor.doc].filter((text) => text).join(" "), 2),
    })),
    attrs: attrs.map((attr) => ({
      name: attr.name,
      optional: attr.default !== undefined,
      type: types[attr.type](attr),
      doc: document(attr.doc + describeRange(attr), 2),
    })),
    required: attrs.some((attr) => attr.default === undefined),
    additive: plans.some(({ entry }) => entry.accumulate !== undefined),
    single: outputs.length === 1,
    outputs: outputs.map(({ name, dims }) => ({
      name,
      optional: !signature.variants.every((variant) => variant.outputs.includes(name)),
      doc: document(shape(dims), 2),
    })),
    kernels: plans.flatMap(({ nests, entry }) =>
      nests.map(({ nest }) => ({
        name: `${nest.name}_kernel`,
        buffers: nest.buffers
          .filter(({ place }) => place === "global")
          .map(({ name, dtype }) => ({ name: safe(name), type: arrayNames[dtype] })),
        numbers: [...nest.scalars, ...entry.constants].map(({ name }) => safe(name)),
      })),
    ),
  };
}
