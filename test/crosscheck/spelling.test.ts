// Spellings of the JavaScript record, one row wrong at a time: the generated kernels must then fail a case.
// Rows that no operator's text uses are those of test/unit/emit-ops.test.ts alone, and are printed.

import { afterAll, describe, expect, it } from "vitest";
import { type Case, drawCase, listCases } from "../../generators/check/cases.ts";
import { compare } from "../../generators/check/compare.ts";
import { type Judgement, judge } from "../../generators/check/judge.ts";
import { mistakes } from "../../generators/check/mutate.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { allVariants, pairwiseVariants } from "../../generators/check/variants.ts";
import { makeRunner } from "../../generators/cli/runners.ts";
import { compile } from "../../generators/compile.ts";
import type { Target } from "../../generators/emit/target.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import type { PlainOp } from "../../generators/ir/nest.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";

const names = ["conv2d", "deform_conv2d", "roi_pool", "roi_align"];
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const executor = openJs();
afterAll(() => executor.close());

interface Judged {
  readonly of: Case;
  readonly by: Judgement;
}

const judged = new Map<Operator, readonly Judged[]>();
for (const operator of operators) {
  const all = allVariants(operator);
  const drawn = pairwiseVariants(operator)
    .flatMap((variant) => listCases(operator, variant, 1))
    .map((id) => drawCase(operator, id, all));
  judged.set(
    operator,
    drawn
      .filter((of) => "inputs" in of)
      .map((of) => ({
        of,
        by: judge(operator.kernel(of.variant.present), of.inputs, of.numbers, rulesOf.js),
      })),
  );
}

const textOf = (operator: Operator, target: Target): string =>
  [...compile(operator, target).files.values()].join("\n");

/** Does some case of an operator fail with this target? */
async function isFound(operator: Operator, target: Target): Promise<boolean> {
  const runner = makeRunner(operator, target, executor);
  for (const { of, by } of judged.get(operator)!) {
    try {
      const results = await runner.run(of);
      const failed = Object.entries(by.outputs).some(
        ([name, [verdict]]) => !compare(verdict!, results[name]!, of.expects).passed,
      );
      if (failed) return true;
    } catch {
      return true;
    }
  }
  return false;
}

const mistaken = (op: PlainOp): readonly PlainOp[] => {
  if (op === "quot" || op === "rem") return [op === "quot" ? "rem" : "quot"];
  const others = mistakes[op].filter((o) => o !== "owner" && o !== "member");
  return others as readonly PlainOp[];
};

const whole = "used on bounds that are whole, and on runs of samples widened by a step";
const index = "used on the batch index alone, which counts only where it is whole";

/** Wrong rows that change no operator's values, and why; emit-ops.test.ts finds each. */
const equivalents: Readonly<Partial<Record<string, string>>> = {
  "ceil as floor": whole,
  "ceil as round": whole,
  "round as floor": index,
  "round as ceil": index,
  "abs as neg": "used where runs of samples are widened by a step and 2^-20 of their place",
};

const right = new Map(operators.map((operator) => [operator, textOf(operator, js)]));

describe("the spellings of JavaScript", () => {
  it("are right as they stand", async () => {
    for (const operator of operators)
      expect({ [operator.name]: await isFound(operator, js) }).toEqual({ [operator.name]: false });
  });

  const unused: string[] = [];
  it("are each seen by some case of each operator that uses them", async () => {
    const survivors: string[] = [];
    let found = 0;
    for (const op of Object.keys(js.spell) as PlainOp[])
      for (const other of mistaken(op)) {
        const wrong: Target = { ...js, spell: { ...js.spell, [op]: js.spell[other] } };
        const users = operators.filter((o) => textOf(o, wrong) !== right.get(o));
        if (users.length === 0) unused.push(`${op} as ${other}`);
        let seen = false;
        for (const operator of users) seen ||= await isFound(operator, wrong);
        if (seen) found++;
        else if (users.length > 0 && !equivalents[`${op} as ${other}`])
          survivors.push(`${op} as ${other} (${users.map((o) => o.name)})`);
      }
    console.log(`spellings no operator uses: ${unused.join(", ")}`);
    expect(survivors).toEqual([]);
    expect(found).toBeGreaterThan(10);
  }, 240_000);
});
