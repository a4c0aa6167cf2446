// The ledger of a cross-check as people read it.

import {
  countFailed,
  type Failure,
  type LawRecord,
  type Ledger,
  type OperatorRecord,
  type TargetRecord,
} from "../check/ledger.ts";
import { explainUnavailable } from "./executors.ts";
import { formatGiven } from "./savedCase.ts";
import { type Align, formatTable, plural, wrapText } from "./terminal.ts";

const head = [
  "operator",
  "target",
  "ran on",
  "cases",
  "elements",
  "either",
  "worst",
  "result",
] as const;
const align: readonly Align[] = ["left", "left", "left", "right", "right", "right", "right"];

/** A row for each operator and device, then what failed, what was skipped and what cannot run. */
export function formatLedger(ledger: Ledger): string {
  const { operators, unavailable } = ledger;
  const rows = operators.flatMap(formatOperator).flatMap(wrapDevice);
  const parts = [formatTable(rows, { head, align })];
  const failures = operators.flatMap((o) =>
    [o, ...o.laws, ...o.targets].flatMap((r) => r.failures),
  );
  if (failures.length > 0) parts.push(failures.map(formatFailure).join(""));
  const skipped = operators.flatMap((o) =>
    o.skipped.map(({ what, reason }) => `skipped: ${o.operator} ${what}: ${reason}\n`),
  );
  if (skipped.length > 0) parts.push(skipped.join(""));
  // The ways of running one target often lack the same thing.
  const lacking = new Set(
    unavailable.map((u) => `skipped: ${u.target}: ${explainUnavailable(u)}\n`),
  );
  if (lacking.size > 0) parts.push([...lacking].join(""));
  parts.push(
    "either: elements at a decision within rounding, where either branch is right;\n" +
      "worst: the largest error as a share of the bound derived for that element.\n",
  );
  return parts.join("\n");
}

/** The width of the column that says what ran, and how. */
const deviceWidth = 52;

/** A row whose column of devices goes on in rows below it. */
function wrapDevice(row: readonly string[]): readonly (readonly string[])[] {
  const at = head.indexOf("ran on");
  const [first = "", ...rest] = wrapText(row[at] ?? "", deviceWidth);
  const below = rest.map((line) => row.map((_, i) => (i === at ? `  ${line}` : "")));
  return [row.with(at, first), ...below];
}

function formatOperator(record: OperatorRecord): readonly (readonly string[])[] {
  const { operator, role, variants, cases, laws, targets } = record;
  const who = role === "forward" ? "declaration, IR and judge" : "IR and judge";
  const oracles = `${who} in float64 (${plural(variants, "variant")})`;
  const name = role === "forward" ? operator : `${operator} ${role}`;
  return [
    [name, "float64", oracles, String(cases), "", "", "", verdict(record)],
    ...laws.map((law) => formatLaw(law)),
    ...targets.map((t) => formatTarget(t)),
  ];
}

function formatLaw(record: LawRecord): readonly string[] {
  const { name, how, cases, elements, excluded, worst, failures } = record;
  const counts = [String(cases), String(elements), "", worst.error.toFixed(2)];
  const without = excluded > 0 ? `; ${excluded} left out near decisions` : "";
  const result = cases === 0 && failures.length === 0 ? "not asked" : verdict(record);
  return ["", name, `${how}${without}`, ...counts, result];
}

function formatTarget(record: TargetRecord): readonly string[] {
  const { target, lowering, storage, products, device, cases, elements, ambiguous, worst } = record;
  const how = [
    ...(lowering === "" ? [] : [`adds ${lowering}`]),
    ...(storage === "f32" ? [] : [`data in ${storage}`]),
    ...(products ? ["products by warps"] : []),
  ];
  return [
    "",
    target,
    [device.device, ...how].join(", "),
    String(cases),
    String(elements),
    String(ambiguous),
    worst.error.toFixed(2),
    verdict(record),
  ];
}

function verdict(row: { readonly failures: readonly Failure[] }): string {
  const failed = countFailed(row);
  return failed > 0 ? `${failed} FAILED` : "agree";
}

const formatFailure = ({ message, command, given }: Failure): string =>
  [`FAILED ${message}`, ...(given ? [`with ${formatGiven(given)}`] : []), command]
    .join("\n       ")
    .concat("\n");
