// Records of the ledger as they begin, and what is noted in them.

import type { TargetRunner } from "./crosscheck.ts";
import type { Law } from "./laws.ts";
import type { LawRecord, OperatorRecord, Skip, TargetRecord } from "./ledger.ts";

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
