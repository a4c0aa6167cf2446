// What a case's results are held against: oracles against each other, a target's results against what the judge allows.

import type { Case } from "./cases.ts";
import { compare } from "./compare.ts";
import type { Judgement } from "./judge.ts";
import type { Results } from "./laws.ts";
import type { TargetRecord } from "./ledger.ts";
import { adviseOn, findNonfinite } from "./odd.ts";
import { roundVerdict, type Storage } from "./storage.ts";
import type { Subject } from "./variants.ts";

/** A float64 run: all oracles must give the same numbers. */
export interface Oracle {
  readonly name: string;
  /** How far it may be from the first oracle: `bits` not at all, `order` by another order of summation. */
  readonly exact: "bits" | "order";
  run(of: Case): Results;
}

/** What the oracles disagree on, and what the first of them gives. */
export function compareOracles(
  oracles: readonly Oracle[],
  subject: Subject,
  of: Case,
  judged: Judgement | undefined,
): { readonly messages: string[]; readonly first?: Results } {
  const messages: string[] = [];
  const runs: { readonly oracle: Oracle; readonly results: Results }[] = [];
  for (const oracle of oracles)
    try {
      runs.push({ oracle, results: oracle.run(of) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      messages.push(`the ${oracle.name} did not run: ${why}${adviseOn(subject, of)}`);
    }
  const [first, ...others] = runs;
  if (!first && messages.length > 0) return { messages };
  if (!first) return { messages: ["there is no oracle to compare with"] };
  for (const { oracle, results } of others) {
    const allowed = oracle.exact === "bits" ? 0 : 1e-9;
    const message = firstDifference(first.results, results, allowed);
    if (message) messages.push(`${first.oracle.name} and ${oracle.name} differ: ${message}`);
  }
  const nonfinite = findNonfinite(subject, of, first.results);
  if (nonfinite !== undefined) messages.push(nonfinite);
  if (!judged) return { messages, first: first.results };
  // The judge's own float64 path is one more oracle.
  const values = Object.entries(judged.outputs).map(([name, [verdict]]) => [
    name,
    { shape: verdict!.shape, data: verdict!.value },
  ]);
  const message = firstDifference(first.results, Object.fromEntries(values), 0);
  if (message) messages.push(`${first.oracle.name} and the judge differ: ${message}`);
  return { messages, first: first.results };
}

function firstDifference(a: Results, b: Results, allowed: number): string | undefined {
  const names = Object.keys(a);
  if (names.length === 0) return "there is no result";
  if (names.toSorted().join() !== Object.keys(b).toSorted().join())
    return `results [${names}] and [${Object.keys(b)}]`;
  for (const name of names) {
    const [x, y] = [a[name]!, b[name]!];
    if (x.data.length !== y.data.length)
      return `${name} has ${x.data.length} and ${y.data.length} elements`;
    const largest = Array.from(x.data).reduce((m, v) => Math.max(m, Math.abs(v) || 0), 1);
    for (let i = 0; i < x.data.length; i++) {
      const [v, w] = [x.data[i]!, y.data[i]!];
      const same = v === w || (Number.isNaN(v) && Number.isNaN(w));
      if (!same && !(Math.abs(v - w) <= allowed * largest))
        return `element ${i} of ${name} is ${v} and ${w}`;
    }
  }
  return undefined;
}

/** Compares all outputs with what the judge allows; notes the worst error; gives what is wrong. */
export function compareTarget(
  entry: TargetRecord,
  judged: Judgement,
  results: Results,
  of: Case,
  without: readonly string[],
  storage?: Storage,
): string[] {
  const messages: string[] = [];
  for (const [output, verdicts] of Object.entries(judged.outputs)) {
    if (without.includes(output)) continue;
    for (const [part, verdict] of verdicts.entries()) {
      const name = verdicts.length === 1 ? output : `${output}_${part}`;
      const result = results[name];
      if (!result) {
        messages.push(`there is no result ${name}`);
        continue;
      }
      const allowed = storage && result.narrow ? roundVerdict(verdict, storage) : verdict;
      const { passed, worst, compared, ambiguous, message } = compare(allowed, result, of.expects);
      entry.elements += compared;
      entry.ambiguous += ambiguous;
      if (worst.error > entry.worst.error)
        entry.worst = { error: worst.error, case: of.id, at: `${name}[${worst.index}]` };
      if (!passed) messages.push(`${name}: ${message}`);
    }
  }
  return messages;
}
