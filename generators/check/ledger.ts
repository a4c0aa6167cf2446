// The ledger: what ran where, how often, and how far it was off. Plain data, printed as JSON by --json.

import type { Device, Unavailable } from "../../targets/contract/program.ts";

/** A disagreement, with the command that shows it again. */
export interface Failure {
  readonly case: string;
  readonly message: string;
  readonly command: string;
}

/** What one target made of one operator's cases, on the device named. */
export interface TargetRecord {
  readonly target: string;
  readonly device: Device;
  cases: number;
  /** Elements compared, and those among them with several acceptable values. */
  elements: number;
  ambiguous: number;
  /** The largest error as a share of its derived bound: at most 1 where all agree. */
  worst: { readonly error: number; readonly case: string; readonly at: string };
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
  readonly variants: number;
  /** Cases in which the oracles were compared with one another. */
  cases: number;
  /** Disagreements among the oracles: declaration, IR interpreter, judge, reference. */
  readonly failures: Failure[];
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
    record.targets.length > 0 &&
    record.targets.every((t) => t.failures.length === 0 && t.cases > 0);
  const passed = operators.length > 0 && operators.every(sound);
  return { version: 1, seed, passed, operators, unavailable };
}

/** JSON has no infinity; an unbounded error is written as text. */
export const ledgerToJson = (ledger: Ledger): string =>
  JSON.stringify(ledger, (_, v: unknown) => (v === Number.POSITIVE_INFINITY ? "Infinity" : v), 2);

/** The ledger as lines for a terminal: one for each operator and target, then what failed or was skipped. */
export function formatLedger(ledger: Ledger): readonly string[] {
  const lines: string[] = [];
  for (const record of ledger.operators) {
    const state = record.failures.length > 0 ? "FAILED" : "agree";
    lines.push(
      `${record.operator}: ${record.variants} variants, ${record.cases} cases; declaration, IR and judge ${state}`,
    );
    for (const t of record.targets) lines.push(`  ${formatTarget(t)}`);
    for (const { message, command } of [record, ...record.targets].flatMap((r) => r.failures))
      lines.push(`  FAILED ${message}`, `         ${command}`);
    for (const { what, reason } of record.skipped) lines.push(`  skipped ${what}: ${reason}`);
  }
  for (const { target, unavailable, install } of ledger.unavailable)
    lines.push(`${target} did not run: ${unavailable}${install ? ` (${install})` : ""}`);
  return lines;
}

function formatTarget(t: TargetRecord): string {
  const { device, hardware } = t.device;
  const where = `${device}${hardware ? "" : ", no GPU"}`;
  const worst = `worst error ${t.worst.error.toPrecision(2)} of its bound`;
  const state = t.failures.length > 0 ? `${t.failures.length} FAILED` : "agree";
  const open = t.ambiguous > 0 ? `, ${t.ambiguous} ambiguous` : "";
  return `${t.target.padEnd(6)} ${state}: ${t.cases} cases, ${t.elements} elements${open}, ${worst} (${where})`;
}
