// Variants of an operator: which optional tensors are given and what each option is. All of them, or a
// covering array: few variants in which every pair of choices occurs together.

import type { Sample } from "../frontend/meta.ts";
import type { Expr } from "../ir/expr.ts";
import { evaluateOutside } from "../ir/interpret.ts";
import {
  type AttrDecl,
  type IndexColumn,
  isOption,
  type Kernel,
  optionValues,
  type TensorDecl,
} from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";

/** What the check needs to know of an operator. */
export interface Subject {
  readonly name: string;
  readonly attrs: readonly AttrDecl[];
  readonly tensors: readonly TensorDecl[];
  readonly indices: readonly IndexColumn[];
  readonly variants: readonly (readonly string[])[];
  readonly samples: readonly Sample[];
  kernel(present: readonly string[]): Kernel;
  /** Of gradients: whose they are. Shapes are drawn for it. */
  readonly forward?: Subject;
}

/** The kernel for which sizes are drawn: gradients take the shapes of what they are gradients of. */
export const shapingKernel = (subject: Subject, present: readonly string[]): Kernel =>
  (subject.forward ?? subject).kernel(present);

/** A choice of optional tensors and of every option. */
export interface Variant {
  readonly present: readonly string[];
  /** The number of each option's value. */
  readonly options: Readonly<Record<string, number>>;
}

/** A readable name of a variant: `mask+bias,border=dcnv1`. */
export function nameVariant(subject: Subject, { present, options }: Variant): string {
  const chosen = subject.attrs
    .filter(isOption)
    .map((attr) => `${attr.name}=${optionValues(attr)[options[attr.name]!]}`);
  return [present.join("+") || "none", ...chosen].join(",");
}

/** Every variant that ships and that the operator's demands allow. */
export function allVariants(subject: Subject): readonly Variant[] {
  const presents = subject.variants.length > 0 ? subject.variants : [[]];
  let found: Variant[] = presents.map((present) => ({ present, options: {} }));
  for (const attr of subject.attrs.filter(isOption))
    found = found.flatMap(({ present, options }) =>
      optionValues(attr).map((_, i) => ({ present, options: { ...options, [attr.name]: i } })),
    );
  return found.filter((variant) => isAllowed(subject, variant));
}

/** Do the demands that hang on options alone hold? */
function isAllowed(subject: Subject, { present, options }: Variant): boolean {
  const kernel = subject.kernel(present);
  return kernel.demands
    .filter(({ holds }) => hangsOnOptions(holds))
    .every(({ holds }) => evaluateOutside(kernel, holds, {}, {}, options) !== 0);
}

function hangsOnOptions(e: Expr): boolean {
  let only = true;
  visit([e], (x) => {
    if (x.kind === "size" || x.kind === "attr") only = false;
  });
  return only;
}

/** A few variants in which every allowed pair of choices occurs; chosen greedily, always the same. */
export function pairwiseVariants(subject: Subject): readonly Variant[] {
  const all = allVariants(subject).map((variant) => ({
    variant,
    pairs: pairsOf(subject, variant),
  }));
  const missing = new Set(all.flatMap(({ pairs }) => pairs));
  const chosen: Variant[] = [];
  while (missing.size > 0) {
    let best = all[0]!;
    let most = -1;
    for (const candidate of all) {
      const gain = candidate.pairs.filter((pair) => missing.has(pair)).length;
      if (gain > most) [best, most] = [candidate, gain];
    }
    for (const pair of best.pairs) missing.delete(pair);
    chosen.push(best.variant);
  }
  return chosen;
}

/** Every pair of choices a variant makes; single choices too, for operators that have but one. */
function pairsOf(subject: Subject, { present, options }: Variant): readonly string[] {
  const choices = [
    ...subject.tensors
      .filter((t) => t.optional)
      .map((t) => `${t.name}:${present.includes(t.name)}`),
    ...Object.entries(options).map(([name, value]) => `${name}:${value}`),
  ];
  const pairs = choices.flatMap((a, i) => choices.slice(i + 1).map((b) => `${a} ${b}`));
  return ["", ...choices, ...pairs];
}
