// Records of the ledger as they begin, and what is noted in them.

import type { Case } from "./cases.ts";
import type { TargetRunner } from "./crosscheck.ts";
import type { Finding, Law, Results } from "./laws.ts";
import type { LawRecord, OperatorRecord, Skip, TargetRecord } from "./ledger.ts";
import { adviseOn } from "./odd.ts";
import type { Subject } from "./variants.ts";

/** Notes what is not compared, once: a target may be run in several ways. */
export function skip(record: OperatorRecord, { what, reason }: Skip): void {
  if (!record.skipped.some((known) => known.what === what && known.reason === reason))
    record.skipped.push({ what, reason });
}

/** A law that has been asked of nothing. */
export const emptyLaw = ({ name, how }: Law): LawRecord => ({
  name,
  how,
  cases: 0,
  elements: 0,
  excluded: 0,
  worst: { error: 0, case: "", at: "" },
  failures: [],
});

/** A target that has run nothing. */
export const emptyRecord = ({
  target,
  device,
  lowering = "",
  storage,
  products = false,
}: TargetRunner): TargetRecord => ({
  target,
  device,
  lowering,
  storage: storage?.type ?? "f32",
  products,
  cases: 0,
  elements: 0,
  ambiguous: 0,
  worst: { error: 0, case: "", at: "" },
  failures: [],
});

/** Asks a law of a case, and notes what it finds. */
export function noteFinding(
  entry: LawRecord,
  law: Law,
  of: Case,
  results: Results,
  subject: Subject,
): Pick<Finding, "messages" | "silent"> {
  let finding: Finding;
  try {
    finding = law.check(of, results);
  } catch (error) {
    // Whole numbers of the declaration that no int holds end its evaluation.
    if (!(error instanceof RangeError)) throw error;
    return { messages: [`${error.message}${adviseOn(subject, of)}`] };
  }
  if (finding.silent === undefined) entry.cases++;
  entry.elements += finding.compared;
  entry.excluded += finding.excluded;
  const { error, at } = finding.worst;
  if (error > entry.worst.error) entry.worst = { error, case: of.id, at };
  return finding;
}
