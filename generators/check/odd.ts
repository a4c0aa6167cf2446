// Declarations that give no number where a coordinate is none, or lies beyond all maps: what the author is told.

import type { Case } from "./cases.ts";
import type { Results } from "./laws.ts";
import type { Subject } from "./variants.ts";

/** Beyond this no position lies on a map. */
const beyond = 2 ** 30;

/** What to do about coordinates of a case that lie nowhere; nothing where all lie somewhere. */
export function adviseOn(subject: Subject, { inputs }: Case): string {
  for (const { name } of subject.tensors.filter(({ type }) => type === "coord")) {
    const data = inputs[name]?.data ?? [];
    const at = data.findIndex((v) => !(Math.abs(v) < beyond));
    if (at >= 0)
      return (
        `; ${name}[${at}] is ${data[at]} here: test a position before floor() and before it is ` +
        "sampled at, and replace one that fails, as in `W.at(near ? x : 0)` and `near ? value : 0`, " +
        "or call a sample… function, which does so"
      );
  }
  return "";
}

/** Which result of a case is no finite number, though the case has none such in store; else nothing. */
export function findNonfinite(subject: Subject, of: Case, results: Results): string | undefined {
  if (of.expects.nonfinite) return undefined;
  for (const [name, { data }] of Object.entries(results)) {
    const at = Array.from(data).findIndex((v) => !Number.isFinite(v));
    if (at >= 0)
      return `the declaration gives ${data[at]} for ${name}[${at}]${adviseOn(subject, of)}`;
  }
  return undefined;
}
