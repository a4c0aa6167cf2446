// The declarations against plain loops written from the papers, in float64, over drawn cases of every variant.
// Both do the same operations in another order, so they may differ by rounding alone.

import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { type Case, drawCase, listCases } from "../../generators/check/cases.ts";
import { judge } from "../../generators/check/judge.ts";
import { rulesOf, unit } from "../../generators/check/rules.ts";
import { completeSizes } from "../../generators/check/sizes.ts";
import { allVariants, nameVariant, pairwiseVariants } from "../../generators/check/variants.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import {
  loadReference,
  type Reference,
  runReference,
} from "../../generators/frontend/reference.ts";
import { isOption, optionValues } from "../../generators/ir/kernel.ts";
import { type Array64, type Attrs, makeArray } from "../reference/array.ts";
import { type OperatorName, references } from "../reference/index.ts";

const names = Object.keys(references) as OperatorName[];
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const declarations = new Map<string, Reference>();
for (const { name, path } of operators) declarations.set(name, await loadReference(path));

interface Judged {
  readonly of: Case;
  readonly declared: { readonly shape: readonly number[]; readonly data: Float64Array };
  /** How far the loops may be off, by element. */
  readonly allowed: Float64Array;
}

const half64 = 2 ** -53;

/**
 * An element's bound for f32 is a sum of roundings, each a share `unit` of some magnitude. Two float64 runs are
 * off by 2^-53 of these; the additional 4 roundings are of elements that f32 holds exactly on the judge's way.
 */
function judgeCase(operator: Operator, of: Case): Judged {
  const { inputs, numbers, variant } = of;
  const reference = declarations.get(operator.name)!;
  const declared = runReference(operator, reference, inputs, numbers.sizes, of.attrs).output!;
  const kernel = operator.kernel(variant.present);
  const [verdict] = judge(kernel, inputs, numbers, rulesOf.cuda).outputs.output!;
  const { value, bound, undecided } = verdict!;
  // No bound is known of an undecided element: then a wild value alone is seen.
  const allowed = value.map(
    (v, i) =>
      2 * half64 * ((undecided.has(i) ? 1 : bound[i]! / unit) + 2 * Math.max(1, Math.abs(v))),
  );
  return { of, declared, allowed };
}

function refer(operator: Operator, of: Case, attrs: Attrs): Array64 {
  const inputs = Object.fromEntries(
    Object.entries(of.inputs).map(([name, { shape, data }]) => [name, makeArray(shape, data)]),
  );
  return references[operator.name as OperatorName](inputs, attrs);
}

/** What the loops say otherwise, in words. */
function explain({ of, declared, allowed }: Judged, got: Array64): readonly string[] {
  if (String(got.shape) !== String(declared.shape))
    return [`${of.id}: shape [${got.shape}] instead of [${declared.shape}]`];
  const far = declared.data.findIndex((v, i) => !(Math.abs(v - got.data[i]!) <= allowed[i]!));
  if (far < 0) return [];
  const values = `${got.data[far]} instead of ${declared.data[far]} ± ${allowed[far]}`;
  return [`${of.id}: element ${far} is ${values}`];
}

/** Does a case of these options have sizes that the demands allow, and are they the same? */
function isAllowed(operator: Operator, { variant, numbers }: Case, options: Numbers): boolean {
  const { sizes, attrs } = numbers;
  const completed = completeSizes(operator.kernel(variant.present), sizes, attrs, options);
  return completed !== undefined && isDeepStrictEqual(completed, sizes);
}
type Numbers = Case["numbers"]["options"];

/** Options that are of the gradient only. */
const slopes: readonly string[] = ["edge_grad"];

describe.each(operators.map((o) => [o.name, o] as const))("%s", (_, operator) => {
  const all = allVariants(operator);
  // Every pair of choices occurs together; with WARPWEAVE_ALL set, every combination of them.
  const chosen = process.env.WARPWEAVE_ALL ? all : pairwiseVariants(operator);
  const options = operator.attrs.filter((a) => isOption(a) && !slopes.includes(a.name));

  it.each(chosen.map((v) => [nameVariant(operator, v), v] as const))("%s", (_, variant) => {
    const judged = listCases(operator, variant, 3).map((id) => {
      const drawn = drawCase(operator, id, all);
      if ("undrawn" in drawn) throw new Error(`${id}: ${drawn.undrawn}`);
      return judgeCase(operator, drawn);
    });
    const wrong = judged.flatMap((one) => explain(one, refer(operator, one.of, one.of.attrs)));
    expect(wrong).toEqual([]);

    // The cases would see another choice of each option, where it may be made with their tensors at all.
    const unseen = options.flatMap((option) =>
      optionValues(option)
        .map((value, at) => ({ value, at }))
        .filter(({ at }) => at !== variant.options[option.name])
        .filter(({ value, at }) => {
          const changed = { ...variant.options, [option.name]: at };
          const allowed = judged.filter(({ of }) => isAllowed(operator, of, changed));
          const choice = option.type === "bool" ? value === "true" : value;
          const silent = allowed.every(
            (one) =>
              explain(one, refer(operator, one.of, { ...one.of.attrs, [option.name]: choice }))
                .length === 0,
          );
          return allowed.length > 0 && silent;
        })
        .map(({ value }) => `${option.name}=${value}`),
    );
    expect(unseen).toEqual([]);
  });
});
