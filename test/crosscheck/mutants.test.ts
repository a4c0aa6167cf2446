// Kernels wrong in one place must be told from the right one by the cases of a cross-check. What survives
// is equivalent, for a reason given here.

import { describe, expect, it } from "vitest";
import { drawCase, listCases } from "../../generators/check/cases.ts";
import { findSurvivors, mutate } from "../../generators/check/mutate.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { allVariants } from "../../generators/check/variants.ts";
import { readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { dumpExpr } from "../../generators/ir/dump.ts";

interface Equivalent {
  readonly what: RegExp;
  readonly node: RegExp;
  readonly reason: string;
}

const equivalents: readonly Equivalent[] = [
  {
    what: /: eq as le$/,
    node: /^option \w+ == 0$/,
    reason: "the number of an option's value is never negative",
  },
  {
    what: /: (le as lt|lt as le)$/,
    node: /^-1\.0 <=? coord\(o[hw]/,
    reason: "at exactly -1 the zero-extended image is 0; only the slope differs",
  },
  {
    what: /: select with its branches exchanged$/,
    node: /^option edge_grad == 0 \?/,
    reason: "edge_grad chooses a slope, not a value",
  },
  {
    what: /: maximum without operand 0$/,
    node: /^maximum\(0\.0, minimum\(0\.0 <= /,
    reason: "the position was replaced by 0 unless it is at least 0",
  },
  {
    what: /: border of input: zero as clamp$/,
    node: /^input\.zero\[n, c, floor\(maximum\(0\.0, minimum\(/,
    reason: "the position is clamped into the map, and the corner beyond has weight 0",
  },
];

const names = ["conv2d", "deform_conv2d"] as const;
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));

describe.each(operators.map((o) => [o.name, o] as const))("%s", (_, operator) => {
  const present = operator.variants.at(-1)!;
  const kernel = operator.kernel(present);
  const all = allVariants(operator);
  const cases = all
    .filter((variant) => variant.present.join() === present.join())
    .flatMap((variant) => listCases(operator, variant, 2))
    .map((id) => drawCase(operator, id, all))
    .filter((drawn) => "inputs" in drawn)
    .filter(({ kind }) => kind !== "empty");

  it("has no mutant that the cases do not find", () => {
    const mutants = mutate(kernel);
    expect(mutants.length).toBeGreaterThan(operator.name === "conv2d" ? 9 : 100);
    const left = findSurvivors(kernel, mutants, cases, rulesOf.cuda)
      .map(({ what, node }) => ({ what, node: dumpExpr(kernel, node) }))
      .filter((m) => !equivalents.some((e) => e.what.test(m.what) && e.node.test(m.node)));
    expect(left).toEqual([]);
  }, 120_000);

  it("keeps mutants alive where the cases are too few", () => {
    const [first] = cases.filter(({ kind }) => kind === "ones");
    expect(findSurvivors(kernel, mutate(kernel), [first!], rulesOf.cuda).length).toBeGreaterThan(0);
  });
});
