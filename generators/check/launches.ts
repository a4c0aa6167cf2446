// Which launches of a target's programs ran: one that has no groups in any case has not been checked.

import { type Case, type CaseKind, drawNumbers } from "./cases.ts";
import type { Subject, Variant } from "./variants.ts";

/** A launch of a program, and how many groups it has in a case. */
export interface LaunchCount {
  readonly launch: string;
  readonly groups: number;
}

/** What launches depend on. */
export type Numbered = Pick<Case, "variant" | "numbers">;

/** The launches of the programs that ran. */
export interface Launches {
  /** Notes a case that ran. */
  readonly note: (of: Numbered) => void;
  /** Launches that had no groups in any of them, and a variant of each. */
  readonly idle: () => ReadonlyMap<string, Variant>;
}

/** Nothing has run yet of what `count` counts. */
export function watchLaunches(count: (of: Numbered) => readonly LaunchCount[]): Launches {
  const idle = new Map<string, Variant>();
  const ran = new Set<string>();
  return {
    note: (of) => {
      for (const { launch, groups } of count(of)) {
        if (groups > 0) ran.add(launch);
        if (ran.has(launch)) idle.delete(launch);
        else idle.set(launch, of.variant);
      }
    },
    idle: () => idle,
  };
}

/** Kinds of sizes that differ much from one another. */
const kinds = ["random", "ones", "primes", "uneven", "groups"] as const satisfies CaseKind[];

/** How many sizes of each kind are tried: only their numbers are looked at. */
const most = 40;

/** Names of cases in which a launch has groups, as far as a few hundred choices of sizes tell. */
export function* casesFor(
  subject: Subject,
  launch: string,
  variant: Variant,
  from: number,
  count: (of: Numbered) => readonly LaunchCount[],
): Generator<string> {
  for (let number = from; number < from + most; number++)
    for (const kind of kinds) {
      const drawn = drawNumbers(subject, variant, kind, number);
      const found = drawn && count(drawn).find((one) => one.launch === launch);
      if (drawn && found && found.groups > 0) yield drawn.id;
    }
}
