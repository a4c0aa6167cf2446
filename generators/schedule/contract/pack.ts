// The first factor of a blocked product in the order in which the product reads it.

import { domain, freshLoop, make, select } from "../../ir/build.ts";
import { constant, type Expr, index, int, type Loop } from "../../ir/expr.ts";
import type { Gather } from "../../ir/kernel.ts";
import { substitute, visit } from "../../ir/walk.ts";
import type { Walk } from "../domain.ts";
import type { Contraction } from "./recognise.ts";

/** How a packed factor is laid out. */
interface Layout {
  readonly batch: readonly Loop[];
  readonly side: Loop;
  readonly sum: readonly Loop[];
  /** The loops of the sum in the order in which they are walked: neighbours in memory innermost. */
  readonly walked: readonly Loop[];
  readonly columns: number;
}

/** A packed factor as a stage, and how its whole blocks are made: without asking whether each element exists. */
export interface Pack {
  readonly stage: Gather;
  /** Whether a block is whole. */
  readonly isWhole: Expr;
  /** What is walked inside the loop over blocks where it is: a step makes all neighbours of a block. */
  readonly walk: readonly Walk[];
}

/** Copies the first factor into the order in which the product reads it. */
export function packFactor(
  { m, f }: Contraction,
  { batch, side, sum, walked, columns }: Layout,
  nameOf: (hint: string) => string,
  names: Map<Expr | Loop, string>,
): Pack {
  const outer = [...batch, ...m.filter((l) => l !== side)];
  const fresh = new Map<Loop, Loop | Expr>(
    [...outer, ...sum].map((l) => [l, renamed(l, names)] as const),
  );
  const count = make("idiv", make("add", side.hi, int(columns - 1)), int(columns));
  const block = freshLoop(`${side.axis}_block`, int(0), count);
  const column = freshLoop("column", int(0), int(columns));
  const place = make("add", make("mul", index(block), int(columns)), index(column));
  fresh.set(side, make("minimum", place, make("sub", side.hi, int(1))));
  const [value] = substitute([f.value], fresh);
  const exists = make("lt", place, side.hi);
  const loopOf = (l: Loop): Loop => fresh.get(l) as Loop;
  const over = [...outer.map(loopOf), block, ...sum.map(loopOf), column];
  const made = domain(over, [select(exists, value!, constant(0, "acc"))], moveNames(names));
  const reads = new Set<string>();
  visit([f.value], (e) => void (e.kind === "read" && reads.add(e.from)));
  const from = reads.size === 1 ? [...reads][0]! : "factor";
  const stage: Gather = {
    kind: "gather",
    name: nameOf(`${from}_packed`),
    domain: made.domain,
    dims: over.map(() => 1),
    parts: made.parts,
  };
  // The loops of the stage, which are its own.
  const own = new Map(over.map((l, d) => [l, made.domain[d]!]));
  const ownOf = (l: Loop): Loop => own.get(loopOf(l))!;
  const first = make("mul", index(own.get(block)!), int(columns));
  const elements = Array.from({ length: columns }, (_, c) => {
    const whole = new Map<Loop, Loop | Expr>([...outer, ...sum].map((l) => [l, ownOf(l)] as const));
    whole.set(side, make("add", first, int(c)));
    const at = stage.domain.map((l, d) => (d === over.length - 1 ? int(c) : index(l)));
    return { stage, at, parts: substitute([f.value], whole), when: undefined };
  });
  const step: Walk = { kind: "step", elements };
  return {
    stage,
    isWhole: make("lt", make("add", first, int(columns - 1)), side.hi),
    walk: walked.reduceRight<readonly Walk[]>(
      (inner, l) => [{ kind: "loop", loop: ownOf(l), inner }],
      [step],
    ),
  };
}

/** A loop of the same name that stands for another one. */
export function renamed(l: Loop, names: Map<Expr | Loop, string>): Loop {
  const next = freshLoop(l.axis, l.lo, l.hi);
  const author = names.get(l);
  if (author !== undefined) names.set(next, author);
  return next;
}

/** Gives what is made of something the author's name of it. */
export const moveNames =
  (names: Map<Expr | Loop, string>) =>
  (from: Expr | Loop, to: Expr | Loop): void => {
    const author = names.get(from);
    if (author !== undefined && !names.has(to)) names.set(to, author);
  };
