// Each row of the table of slopes, wrong in every way that a row can be wrong: differences of a declaration that
// uses every function tell each from the right one.

import { afterEach, describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { type Slope, slopes } from "../../generators/autodiff/slopes.ts";
import { type Case, drawCase } from "../../generators/check/cases.ts";
import { differencesLaw } from "../../generators/check/differences.ts";
import { allVariants } from "../../generators/check/variants.ts";
import { gradientKernel, gradientSubject } from "../../generators/cli/gradients.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { loadReference } from "../../generators/frontend/reference.ts";
import { make } from "../../generators/ir/build.ts";
import type { Expr } from "../../generators/ir/expr.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { rootsOf } from "../../generators/ir/kernel.ts";
import { type OpName, ops } from "../../generators/ir/ops.ts";
import { visit } from "../../generators/ir/walk.ts";

const path = new URL("../declarations/every_function.ts", import.meta.url).pathname;
const operator = readOperator(path);
const subject = gradientSubject(operator)!;
const law = differencesLaw(operator, await loadReference(path), subject);

const cases = [0, 1, 2].map((number): Case => {
  const drawn = drawCase(subject, `none/differences/${number}`, allVariants(subject));
  if ("undrawn" in drawn) throw new Error(drawn.undrawn);
  return drawn;
});

/** What differences say of a backward kernel: nothing, where it is right. */
const faultsOf = (kernel: Kernel): readonly string[] =>
  cases.flatMap((of) => {
    const { sizes, attrs, options } = of.numbers;
    const outputs = interpretKernel(kernel, of.inputs, sizes, attrs, options);
    const results = Object.entries(outputs).map(([name, { shape, parts }]) => [
      name,
      { shape, data: parts[0]! },
    ]);
    return law.check(of, Object.fromEntries(results)).messages;
  });

/** Ways in which the slope of one operand may be wrong. */
const wrongs: Readonly<Record<string, (slope: Expr) => Expr | undefined>> = {
  negated: (slope) => make("neg", slope),
  doubled: (slope) => make("add", slope, slope),
  "left out": () => undefined,
};

const table = slopes as Record<OpName, Slope>;
const right = { ...table };
afterEach(() => {
  Object.assign(table, right);
});

const derive = (): Kernel => differentiate(operator.kernel([]), ["a", "b"]);

const names = Object.keys(ops) as OpName[];
const isReal = (op: OpName): boolean => ops[op].takes === "same" || ops[op].takes === "real";
const steps: readonly OpName[] = ["floorf", "ceilf", "roundf", "rintf"];
const sloping = names.filter((op) => isReal(op) && !steps.includes(op));

describe("differences of every function", () => {
  it("are what its gradients are", () => {
    expect(faultsOf(gradientKernel(operator, []))).toEqual([]);
    expect(faultsOf(derive())).toEqual([]);
  });

  it("ask for every row that has a slope or a jump", () => {
    const used = new Set<OpName>();
    visit(operator.kernel([]).stages.flatMap(rootsOf), (e) => {
      if (e.kind === "op") used.add(e.op);
    });
    expect([...sloping, ...steps].filter((op) => !used.has(op))).toEqual([]);
  });

  const mutants = sloping.flatMap((op) =>
    Array.from({ length: ops[op].arity }, (_, operand) =>
      Object.keys(wrongs).map((wrong) => [op, operand, wrong] as const),
    ).flat(),
  );
  it.each(mutants)("%s: the slope of operand %i %s is found", (op, operand, wrong) => {
    table[op] = (...args) =>
      right[op](...args).map((slope, i) =>
        i === operand && slope ? wrongs[wrong]!(slope) : slope,
      );
    expect(faultsOf(derive())).not.toEqual([]);
  });

  it.each(steps)("%s: a slope where there is none is found", (op) => {
    table[op] = (d) => [d];
    expect(faultsOf(derive())).not.toEqual([]);
  });

  it.each(["minimum", "maximum"] as const)("%s: the slope of the other operand is found", (op) => {
    table[op] = (...args) => right[op](...args).toReversed();
    expect(faultsOf(derive())).not.toEqual([]);
  });
});
