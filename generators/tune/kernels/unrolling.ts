// Loops of a constant number of steps, which may be written out: how many steps they have.

import type { Stmt } from "../../ir/nest.ts";
import { blocksOf } from "../../ir/nestWalk.ts";
import { lower } from "../../schedule/index.ts";
import type { Family } from "./families.ts";

/** The parameter that says up to how many steps loops are written out; none are where it is 0. */
export const writtenOut = "unroll_steps";

/** Longer loops are worth no text. */
const most = 8;

/** 0, and the numbers of steps of constant loops in any of the families. */
export function findSteps(families: readonly Family[]): readonly number[] {
  const found = new Set([0]);
  const look = (s: Stmt): void => {
    if (s.kind === "for" && s.by === "serial" && s.lo.kind === "const" && s.hi.kind === "const") {
      const steps = s.hi.value - s.lo.value;
      if (steps > 1 && steps <= most) found.add(steps);
    }
    for (const block of blocksOf(s)) block.forEach(look);
  };
  for (const { drafts } of families)
    for (const step of lower(drafts.at(-1)!).steps)
      if (step.kind === "launch") step.nest.body.forEach(look);
  return [...found].toSorted((a, b) => a - b);
}
