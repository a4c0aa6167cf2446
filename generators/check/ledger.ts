// The ledger: what ran where, how often, and how far it was off. Plain data, printed as JSON by --json.

import type { Device, Unavailable } from "../../targets/contract/program.ts";
import type { Case } from "./cases.ts";
import type { Numbers } from "./evaluate.ts";

/** A disagreement, with the command that shows it again. */
export interface Failure {
  readonly case: string;
  readonly message: string;
  readonly command: string;
  /** What the case is called with besides its tensors' elements. */
  readonly given?: Pick<Case, "attrs"> & Pick<Numbers, "sizes">;
}

/** What one target made of one operator's cases, on the device named. */
export interface TargetRecord {
  readonly target: string;
  readonly device: Device;
  /** How its kernels add to elements that several threads reach; empty where none does. */
  readonly lowering: string;
  /** What data are stored as. */
  readonly storage: string;
  /** Warps multiply factors that are rounded to it. */
  readonly products: boolean;
  cases: number;
  /** Elements compared, and those among them with several acceptable values. */
  elements: number;
  ambiguous: number;
  /** The largest error as a share of its derived bound: at most 1 where all agree. */
  worst: { readonly error: number; readonly case: string; readonly at: string };
  readonly failures: Failure[];
}

/** What must hold of gradients besides, and whether it did. */
export interface LawRecord {
  readonly name: string;
  readonly how: string;
  cases: number;
  /** Elements compared, and those of which nothing is claimed: they are near a decision. */
  elements: number;
  excluded: number;
  worst: TargetRecord["worst"];
  readonly failures: Failure[];
}

/** Something that was not run, and why. */
export interface Skip {
  readonly what: string;
  readonly reason: string;
}

/** Everything checked of one operator. */
export interface OperatorRecord {
  readonly operator: string;
  /** The operator itself, or its gradients. */
  readonly role: "forward" | "backward";
  readonly variants: number;
  /** Cases in which the oracles were compared with one another. */
  cases: number;
  /** Disagreements among the oracles: declaration, IR interpreter, judge, reference. */
  readonly failures: Failure[];
  readonly laws: readonly LawRecord[];
  readonly targets: readonly TargetRecord[];
  readonly skipped: Skip[];
}

/** The result of a cross-check, as `--json` prints it. */
export interface Ledger {
  readonly version: 1;
  readonly seed: number;
  readonly passed: boolean;
  readonly operators: readonly OperatorRecord[];
  readonly unavailable: readonly Unavailable[];
}

/** The ledger of these records. It passes if something ran, on a target too, and nothing failed. */
export function closeLedger(
  seed: number,
  operators: readonly OperatorRecord[],
  unavailable: readonly Unavailable[],
): Ledger {
  const sound = (record: OperatorRecord): boolean =>
    record.cases > 0 &&
    record.failures.length === 0 &&
    record.laws.every((law) => law.failures.length === 0) &&
    record.targets.length > 0 &&
    record.targets.every((t) => t.failures.length === 0 && t.cases > 0);
  const passed = operators.length > 0 && operators.every(sound);
  return { version: 1, seed, passed, operators, unavailable };
}

/** The cases of a row in which something disagreed; one case may say several things. */
export const countFailed = ({ failures }: { readonly failures: readonly Failure[] }): number =>
  new Set(failures.map((failure) => failure.case)).size;

/** How many comparisons there were and how many failed: one is a case of the oracles, of a law or of a target. */
export function countComparisons({ operators }: Pick<Ledger, "operators">) {
  const rows = operators.flatMap((record) => [record, ...record.laws, ...record.targets]);
  const failed = rows.reduce((sum, row) => sum + countFailed(row), 0);
  // A law that fails on a case of which it cannot say all has not counted it.
  const all = rows.reduce((sum, row) => sum + Math.max(row.cases, countFailed(row)), 0);
  return { all, passed: all - failed, failed };
}

/** JSON has no infinity; an unbounded error is written as text. */
export const ledgerToJson = (ledger: Ledger): string =>
  JSON.stringify(ledger, (_, v: unknown) => (v === Number.POSITIVE_INFINITY ? "Infinity" : v), 2);
