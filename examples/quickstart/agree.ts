// The cross-check in small: every operator of the package on every target that runs here.

import { kindsFor, listCases } from "../../generators/check/cases.ts";
import { crosscheck } from "../../generators/check/crosscheck.ts";
import type { OperatorRecord, TargetRecord } from "../../generators/check/ledger.ts";
import { declarationOracle, interpreterOracle } from "../../generators/check/oracles.ts";
import { nameVariant, pairwiseVariants, type Subject } from "../../generators/check/variants.ts";
import type { Opened } from "../../generators/cli/executors.ts";
import { makeRunner } from "../../generators/cli/runners.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { loadReference } from "../../generators/frontend/reference.ts";

/** Variants of an operator that are checked here; `warpweave check` takes a covering array of all. */
const mostVariants = 3;

/** Names of the cases: each kind once, and a sample of each variant. */
export function chooseCases(subject: Subject): readonly string[] {
  const all = pairwiseVariants(subject);
  const step = Math.max(1, (all.length - 1) / (mostVariants - 1));
  const count = Math.min(mostVariants, all.length);
  const variants = Array.from({ length: count }, (_, i) => all[Math.round(i * step)]!);
  const samples = variants.map((variant) => `${nameVariant(subject, variant)}/sample/0`);
  const kinds = kindsFor(subject).filter((kind) => kind !== "sample");
  // Kinds take turns over the variants, so that each is drawn once.
  const drawn = kinds.map((kind, i) => {
    const variant = variants[i % variants.length]!;
    const names = listCases(subject, variant, 1);
    return names.find((name) => name.endsWith(`/${kind}/0`))!;
  });
  return [...samples, ...drawn];
}

/** Checks an operator on these executors. */
export async function checkOperator(
  operator: Operator,
  opened: readonly Opened[],
): Promise<OperatorRecord> {
  const targets = opened.map(({ target, executor }) => makeRunner(operator, target, executor));
  const reference = await loadReference(operator.path);
  const records: OperatorRecord[] = [];
  const cases = chooseCases(operator);
  for (const only of cases)
    records.push(
      await crosscheck({
        subject: operator,
        oracles: [declarationOracle(operator, reference), interpreterOracle(operator)],
        targets,
        count: 0,
        seed: 0,
        variants: "pairwise",
        only,
        command: operator.name,
      }),
    );
  return joinRecords(records, new Set(cases.map((id) => id.split("/")[0])).size);
}

/** One record of several of the same operator and targets. */
export function joinRecords(records: readonly OperatorRecord[], variants: number): OperatorRecord {
  const [first] = records;
  if (!first) throw new RangeError("there are no records to join");
  return {
    operator: first.operator,
    role: first.role,
    variants,
    cases: records.reduce((n, r) => n + r.cases, 0),
    failures: records.flatMap((r) => r.failures),
    laws: [],
    targets: first.targets.map((_, i) => joinTargets(records.map((r) => r.targets[i]!))),
    skipped: records.flatMap((r) => r.skipped),
  };
}

function joinTargets(records: readonly TargetRecord[]): TargetRecord {
  const { target, device, lowering, storage, products } = records[0]!;
  const sum = (of: (r: TargetRecord) => number) => records.reduce((n, r) => n + of(r), 0);
  const worst = records.reduce((a, b) => (b.worst.error > a.worst.error ? b : a)).worst;
  return {
    target,
    device,
    lowering,
    storage,
    products,
    cases: sum((r) => r.cases),
    elements: sum((r) => r.elements),
    ambiguous: sum((r) => r.ambiguous),
    worst,
    failures: records.flatMap((r) => r.failures),
  };
}
