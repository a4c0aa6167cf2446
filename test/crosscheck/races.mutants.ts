// Mistakes planted in plans: each is one statement changed so that threads meet at an element without order.

import type { Block, NestExpr, Stmt } from "../../generators/ir/nest.ts";
import { i32 } from "../../generators/ir/nest.ts";
import type { Plan, PlanStep } from "../../generators/ir/plan.ts";

/** What a statement becomes; nothing where the mistake cannot be made in it. */
export type Mistake = (s: Stmt) => Block | undefined;

const whole = (op: "maximum" | "sub" | "rem", a: NestExpr, b: number): NestExpr => ({
  kind: "op",
  op,
  args: [a, i32(b)],
  type: "i32",
});

/** Mistakes by what they are. */
export const mistakes = {
  "a barrier is missing": (s) => (s.kind === "barrier" ? [] : undefined),
  "an addition is not atomic": (s) =>
    s.kind === "accumulate" && s.mode === "atomic" ? [{ ...s, mode: "plain" }] : undefined,
  "the element before is written too": (s) =>
    s.kind === "store"
      ? [s, { ...s, address: whole("maximum", whole("sub", s.address, 1), 0) }]
      : undefined,
  "all threads own two elements": (s) =>
    s.kind === "store" ? [{ ...s, address: whole("rem", s.address, 2) }] : undefined,
} as const satisfies Readonly<Record<string, Mistake>>;

/** A plan with a mistake, and which of the statements where it can be made has it. */
export interface Mutant {
  readonly number: number;
  readonly statement: Stmt;
  readonly plan: Plan;
}

/** A mistake at each statement of a plan's launches where it can be made; one plan for each. */
export function mutate(plan: Plan, mistake: Mistake): readonly Mutant[] {
  const mutants: Mutant[] = [];
  for (let number = 0; ; number++) {
    const found = mutateAt(plan, mistake, number);
    if (!found) return mutants;
    mutants.push({ number, ...found });
  }
}

function mutateAt(
  plan: Plan,
  mistake: Mistake,
  number: number,
): Pick<Mutant, "plan" | "statement"> | undefined {
  let seen = 0;
  let statement: Stmt | undefined;
  const change = (block: Block, own: ReadonlySet<string>): Block =>
    block.flatMap((s): Block => {
      // What a thread keeps in registers no other thread can meet.
      const changed = "buffer" in s && own.has(s.buffer) ? undefined : mistake(s);
      if (changed && seen++ === number) {
        statement = s;
        return changed;
      }
      if (s.kind === "for") return [{ ...s, body: change(s.body, own) }];
      if (s.kind === "if") return [{ ...s, then: change(s.then, own), else: change(s.else, own) }];
      return [s];
    });
  const steps = plan.steps.map((step): PlanStep => {
    if (step.kind !== "launch") return step;
    const { nest } = step;
    const own = nest.buffers.flatMap(({ name, place }) => (place === "register" ? [name] : []));
    return { ...step, nest: { ...nest, body: change(nest.body, new Set(own)) } };
  });
  return statement && { plan: { ...plan, steps }, statement };
}
