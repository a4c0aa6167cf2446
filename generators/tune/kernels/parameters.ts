// What can be chosen within a family: the sizes of its steps, and what must hold between them.

import { hashKernel } from "../../ir/hash.ts";
import { completeParams } from "../../schedule/draft.ts";
import { type Draft, type Limits, type Params, transforms } from "../../schedule/index.ts";
import type { Own, Rule } from "../../schedule/rules.ts";
import type { Expr, Value } from "../space/expr.ts";
import { constantOf, expressions, parameterOf } from "./algebra.ts";
import { type Family, isOverruled } from "./families.ts";

/** A parameter of one step. */
export interface Knob {
  /** Of the parameter of the space; steps that say the same of several stages share one. */
  readonly name: string;
  /** Which step, and its parameter. */
  readonly step: number;
  readonly choice: string;
  readonly values: readonly Value[];
  /** What the family has where nothing is chosen. */
  readonly usual: Value;
  readonly minor: boolean;
}

/** A condition between the parameters of a space. */
export interface Condition {
  readonly holds: Expr;
  readonly why: string;
}

/** The sizes that can be chosen in a family, and what must hold of them. */
export interface Sizes {
  readonly knobs: readonly Knob[];
  readonly conditions: readonly Condition[];
}

/** The sizes of a family's steps; with those that matter least, or without them. */
export function findSizes(family: Family, limits: Limits, withMinor: boolean): Sizes {
  const own = family.steps.map((_, at) =>
    findKnobs(family, at, limits).filter(({ minor }) => withMinor || !minor),
  );
  const conditions = family.steps.flatMap(([name, params = {}], at) => {
    const rules = transformOf(name).rules?.(family.drafts[at]!, params, limits) ?? [];
    const others = family.steps.flatMap(([other, given], i) =>
      i < at && other === name && given?.stage === params.stage ? [i] : [],
    );
    const read = (i: number): Own<Expr> => readStep(family, i, own[i]!, limits);
    return own[at]!.length > 0
      ? rules.map((rule) => conditionOf(rule, read(at), others.map(read)))
      : [];
  });
  return { knobs: own.flat(), conditions };
}

const transformOf = (name: string) => transforms.find((t) => t.name === name)!;

const conditionOf = (
  { holds, why }: Rule,
  own: Own<Expr>,
  others: readonly Own<Expr>[],
): Condition => ({ holds: holds(expressions, own, others), why });

/** The parameters of a step as it is in the family: given, or by default. */
function paramsOf({ steps, drafts }: Family, at: number, limits: Limits): Params {
  const [name, params = {}] = steps[at]!;
  const choices = transformOf(name).choices(drafts[at]!, limits);
  return completeParams(choices, params);
}

/** What a rule reads of a step: a parameter of the space where that is chosen, else what it is. */
function readStep(family: Family, at: number, knobs: readonly Knob[], limits: Limits): Own<Expr> {
  const params = paramsOf(family, at, limits);
  return (name) => {
    const knob = knobs.find(({ choice }) => choice === name);
    return knob ? parameterOf(knob.name) : constantOf(params[name]!);
  };
}

/** The parameters of a step that are a matter of speed, and change what it makes of the draft. */
function findKnobs(family: Family, at: number, limits: Limits): readonly Knob[] {
  if (isOverruled(family, at)) return [];
  const [name] = family.steps[at]!;
  const draft = family.drafts[at]!;
  const transform = transformOf(name);
  const params = paramsOf(family, at, limits);
  const isOfOne = params.stage !== undefined || params.of !== undefined;
  const result = (value: Value, choice: string): string | undefined => {
    const next = transform.apply(draft, { ...params, [choice]: value }, limits);
    return "refused" in next ? undefined : describeDraft(next, draft);
  };
  return transform
    .choices(draft, limits)
    .flatMap(({ name: choice, values, fixed, minor }): Knob[] => {
      const now = params[choice]!;
      if (fixed || typeof now === "string") return [];
      const all = [...new Set([...values, now])].toSorted((a, b) => Number(a) - Number(b));
      if (all.length < 2) return [];
      // What a step says of all stages may concern none that is left.
      const results = isOfOne ? [] : all.flatMap((value) => result(value, choice) ?? []);
      if (results.length > 1 && new Set(results).size === 1) return [];
      const { axis } = params;
      const words = [name, ...(typeof axis === "string" ? [axis] : []), choice];
      const label = words.join("_").replaceAll(/\W+/g, "_");
      return [{ name: label, step: at, choice, values: all, usual: now, minor: minor === true }];
    });
}

/** What a step decided, so that equal decisions are equal texts. */
function describeDraft({ kernel, ...decided }: Draft, before: Draft): string {
  const text = JSON.stringify(decided, (_, value) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  return kernel === before.kernel ? text : `${text} ${hashKernel(kernel)}`;
}
