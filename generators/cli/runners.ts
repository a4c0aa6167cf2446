// Generated kernels as the cross-check runs them: the files that ship, on an executor.

import { evaluateFormula } from "../../targets/contract/formula.ts";
import type { Executor, Program } from "../../targets/contract/program.ts";
import type { Case } from "../check/cases.ts";
import type { Result, Results, TargetRunner } from "../check/crosscheck.ts";
import { type Rules, rulesOf } from "../check/rules.ts";
import { compile } from "../compile.ts";
import type { Target } from "../emit/target.ts";
import type { Operator } from "../frontend/operator.ts";

/** Runs an operator's cases with the kernels that `generate` writes for a target. */
export function makeRunner(operator: Operator, target: Target, executor: Executor): TargetRunner {
  const variants = operator.variants.length > 0 ? operator.variants : [[]];
  const { programs } = compile(operator, target, { variants });
  const rules: Readonly<Record<string, Rules>> = rulesOf;
  const known = rules[target.name];
  if (known === undefined) throw new Error(`nothing is known of the arithmetic of ${target.name}`);
  return {
    target: target.name,
    device: executor.device,
    rules: known,
    run: (of) => runCase(executor, findProgram(programs, of.variant.present), of),
  };
}

function findProgram(programs: readonly Program[], present: readonly string[]): Program {
  const found = programs.find(
    ({ entry }) =>
      entry.present.length === present.length && present.every((n) => entry.present.includes(n)),
  );
  if (found === undefined) throw new Error(`no kernel is generated for ${present.join(", ")}`);
  return found;
}

async function runCase(executor: Executor, program: Program, of: Case): Promise<Results> {
  const { sizes, attrs, options } = of.numbers;
  const named = Object.entries(attrs).map(([name, value]) => [name.replaceAll(".", "_"), value]);
  const constants = program.entry.constants.map(({ name, option }) => [name, options[option]!]);
  const scalars: Record<string, number> = { ...sizes, ...Object.fromEntries(named) };
  const outputs = await executor.run(program, {
    inputs: Object.fromEntries(Object.entries(of.inputs).map(([name, { data }]) => [name, data])),
    scalars,
    constants: Object.fromEntries(constants),
  });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, data]): [string, Result] => [
      name,
      { data, shape: shapeOf(program, name, scalars) },
    ]),
  );
}

/** An output's shape by the manifest's formulas. */
function shapeOf(program: Program, name: string, numbers: Readonly<Record<string, number>>) {
  const tensor = program.entry.tensors.find((t) => t.name === name && t.role === "output");
  if (tensor === undefined) throw new Error(`${program.entry.name} has no output ${name}`);
  return tensor.shape.map((formula) => evaluateFormula(formula, numbers));
}
