// Where the gradients of an operator have two slopes, or none: what docs/gradients.md says, of the operations that are
// in its kernels.

import type { Operator } from "../frontend/operator.ts";
import { type Expr, kindOf } from "../ir/expr.ts";
import { rootsOf } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";

interface Kink {
  readonly is: (e: Expr) => boolean;
  readonly says: string;
}

const isReal = (e: Expr): boolean => kindOf(e) !== "int" && kindOf(e) !== "bool";

const kinks: readonly Kink[] = [
  {
    is: (e) => e.kind === "op" && e.op === "floor",
    says: "At a whole coordinate the slope is the one to the right, as in all libraries.",
  },
  {
    is: (e) => e.kind === "part" && e.of.op === "max",
    says: "Where several elements are the largest, the first in row-major order has the gradient.",
  },
  {
    is: (e) => e.kind === "op" && (e.op === "maximum" || e.op === "minimum") && isReal(e),
    says: "`max(a, b)` and `min(a, b)` at a tie: to the right where one is fixed, else to the first.",
  },
  {
    is: (e) =>
      e.kind === "op" && ["floorf", "ceilf", "roundf", "rintf", "round", "ceil"].includes(e.op),
    says: "What is rounded has the slope 0.",
  },
];

/** The sentences that hold for some kernel of an operator. */
export function kinksOf(operator: Operator): readonly string[] {
  const found = new Set<Kink>();
  for (const present of operator.variants)
    visit(operator.kernel(present).stages.flatMap(rootsOf), (e) => {
      for (const kink of kinks) if (kink.is(e)) found.add(kink);
    });
  return kinks.filter((kink) => found.has(kink)).map(({ says }) => says);
}
