// Every name that a declaration puts into generated text, in one place: no two things may have the same, and
// each is one that all targets can spell.

import type { ts } from "ts-morph";
import { type AttrDecl, isOption, scalarsOf } from "../ir/kernel.ts";
import { failAt } from "./diagnostics.ts";
import type { Signature } from "./signature.ts";

/** What the names of an operator come from, as far as it is read. */
export interface Named {
  readonly signature: Signature;
  readonly attrs: readonly AttrDecl[];
  /** The axes that `meta` derives. */
  readonly derived: readonly string[];
  readonly differentiable: readonly string[];
  readonly outputs: readonly string[];
  readonly stages: readonly string[];
}

/** A name as generated text has it, and what it is the name of. */
interface Emitted {
  readonly name: string;
  readonly of: string;
  /** How it comes to be written so. */
  readonly as?: string;
}

function namesOfAttr(attr: AttrDecl, operator: string): readonly Emitted[] {
  const of = `the attribute ${attr.name}`;
  const parts = scalarsOf(attr).map(({ name }) => ({ name: name.replace(".", "_"), of, as: name }));
  if (!isOption(attr)) return [{ name: attr.name, of }, ...parts];
  const constant = attr.name.toUpperCase();
  const macro = `${operator}_${attr.name}`.toUpperCase();
  return [
    { name: attr.name, of },
    { name: constant, of, as: "a constant" },
    { name: macro, of, as: "a macro" },
  ];
}

/** Backward kernels can add to results: a choice like that of an option. */
function choiceToAdd(operator: string): readonly Emitted[] {
  const of = "the choice to add to gradients";
  return [
    { name: "accumulate", of },
    { name: "ACCUMULATE", of, as: "a constant" },
    { name: `${operator}_accumulate`.toUpperCase(), of, as: "a macro" },
  ];
}

function emittedNames(named: Named): readonly Emitted[] {
  const { signature, attrs, derived, differentiable, outputs } = named;
  const tensors = signature.tensors;
  const axes = tensors.flatMap((t) => t.dims.flat()).filter((axis) => !/^\d/.test(axis));
  const upstream = differentiable.length > 0 ? outputs : [];
  const emit = (what: string, names: Iterable<string>): readonly Emitted[] =>
    [...names].map((name) => ({ name, of: `the ${what} ${name}` }));
  return [
    ...emit("operator", [signature.name]),
    ...emit("axis", new Set([...axes, ...derived])),
    ...emit(
      "tensor",
      tensors.map(({ name }) => name),
    ),
    ...attrs.flatMap((attr) => namesOfAttr(attr, signature.name)),
    ...emit("result", outputs),
    ...(differentiable.length > 0 ? choiceToAdd(signature.name) : []),
    ...[...differentiable, ...upstream].map((name) => ({
      name: `grad_${name}`,
      of: `the gradient of ${name}`,
    })),
  ];
}

/** All names that generated text has for these. */
export const takenNames = (named: Named): readonly string[] =>
  emittedNames(named).map(({ name }) => name);

const describeName = ({ of, as }: Emitted): string => (as === undefined ? of : `${of} (as ${as})`);

/** Refuses a name that two things would have, and one that some target cannot spell. */
export function checkNames(named: Named): void {
  const at: ts.Node = named.signature.node.name ?? named.signature.node;
  const known = new Map<string, Emitted>();
  const { name: operator, tensors } = named.signature;
  // Functions of the file are called so, and in WGSL buffers are names beside them.
  const buffers = [...tensors.map(({ name }) => name), ...named.outputs, ...named.stages];
  const begun = buffers.find((name) => name.startsWith(`${operator}_`));
  if (begun !== undefined)
    failAt("WW104", at, `${begun} begins with ${operator}_, as the names of functions do`);
  for (const emitted of emittedNames(named)) {
    const { name, of } = emitted;
    if (!/^[A-Za-z]\w*$/.test(name))
      failAt(
        "WW105",
        at,
        `${of} is to have a name of letters, digits and _ that begins with a letter`,
      );
    const other = known.get(name) ?? emitted;
    known.set(name, other);
    if (other.of !== of) {
      const both = `both ${describeName(other)} and ${describeName(emitted)}`;
      failAt("WW104", at, `${name} would be the name of ${both} in generated text`);
    }
  }
}
