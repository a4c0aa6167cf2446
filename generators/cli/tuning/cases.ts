// Small calls that are hard to get right, on which every candidate is tried before it is timed.

import type { Executor, Program } from "../../../targets/contract/program.ts";
import { compareTarget } from "../../check/agree.ts";
import { type Case, drawCase, listCases } from "../../check/cases.ts";
import { type Judgement, judge } from "../../check/judge.ts";
import type { TargetRecord } from "../../check/ledger.ts";
import { type Rules, rulesOf } from "../../check/rules.ts";
import { allVariants, type Subject } from "../../check/variants.ts";
import { CandidateFailed } from "../../tune/measure/session.ts";
import { messageOf, UserError } from "../errors.ts";
import { gradientSubject } from "../gradients.ts";
import { runCase } from "../runners.ts";
import type { TunedKernel } from "./subject.ts";

/** The kinds that every candidate is tried on, of those that an operator has. */
const kinds = ["sample", "ones", "primes", "uneven", "groups", "covering", "outside", "edge"];

/** A case with what is right for it, element by element. */
interface Judged {
  readonly of: Case;
  readonly judged: Judgement;
}

/** One case of each kind, judged; the first choice of options that a kind can be drawn for. */
export function judgeCases(tuned: TunedKernel, grad: boolean): readonly Judged[] {
  const { operator, kernel, present, target } = tuned;
  const subject: Subject | undefined = grad ? gradientSubject(operator) : operator;
  const known: Readonly<Record<string, Rules>> = rulesOf;
  const rules = known[target.name];
  if (subject === undefined || rules === undefined)
    throw new UserError(`nothing is known of what ${operator.name} gives on ${target.name}`);
  const name = present.toSorted().join();
  const variants = allVariants(subject).filter((v) => v.present.toSorted().join() === name);
  if (variants.length === 0)
    throw new UserError(
      `${operator.name} does not ship with ${present.join(", ") || "no optional tensor"}`,
    );
  const judged: Judged[] = [];
  for (const [i, kind] of kinds.entries()) {
    // The options take turns.
    const variant = variants[i % variants.length]!;
    const id = listCases(subject, variant, 0).find((one) => one.split("/")[1] === kind);
    const of = id === undefined ? undefined : drawCase(subject, id, variants);
    if (of && !("undrawn" in of))
      judged.push({ of, judged: judge(kernel, of.inputs, of.numbers, rules) });
  }
  if (judged.length === 0)
    throw new UserError(`there is no small call of ${operator.name} to try candidates on`);
  return judged;
}

/** Tries a program on cases: its largest error as a share of what is allowed, or what is wrong. */
export async function checkCases(
  cases: readonly Judged[],
  program: Program,
  executor: Executor,
): Promise<{ readonly worst: number } | { readonly wrong: string }> {
  const record: TargetRecord = {
    target: executor.device.target,
    device: executor.device,
    lowering: "",
    storage: "f32",
    products: false,
    cases: 0,
    elements: 0,
    ambiguous: 0,
    worst: { error: 0, case: "", at: "" },
    failures: [],
  };
  for (const { of, judged } of cases) {
    try {
      const results = await runCase(executor, program, of);
      const [message] = compareTarget(record, judged, results, of, []);
      if (message !== undefined) return { wrong: `case ${of.id}: ${message}` };
    } catch (error) {
      if (error instanceof CandidateFailed)
        throw new CandidateFailed(error.status, `case ${of.id}: ${error.message}`, error.ended);
      return { wrong: `case ${of.id} did not run: ${messageOf(error)}` };
    }
  }
  return { worst: record.worst.error };
}
