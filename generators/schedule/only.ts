// Launches that run under a condition only, which the host knows: where it does not hold they have no groups.

import { i32, type NestExpr, type Stmt } from "../ir/nest.ts";
import { variablesOf } from "../ir/nestWalk.ts";
import type { PlanStep } from "../ir/plan.ts";

/** A launch of a plan. */
export type LaunchStep = Extract<PlanStep, { kind: "launch" }>;

/** The scalars of a condition. */
export const namesIn = (test: NestExpr): readonly string[] => [...new Set(variablesOf(test))];

/** That a test does not hold. */
export const negate = (test: NestExpr): NestExpr => ({
  kind: "op",
  op: "not",
  args: [test],
  type: "bool",
});

/** `step` with groups only where `test`, over sizes, holds; `order` is that of all scalars. */
export function launchOnly(
  { nest, groups }: LaunchStep,
  test: NestExpr,
  order: readonly string[],
  suffix = "",
): LaunchStep {
  const only = (count: NestExpr): NestExpr => ({
    kind: "select",
    cond: test,
    then: count,
    else: i32(0),
  });
  const names = new Set([...nest.scalars.map(({ name }) => name), ...namesIn(test)]);
  const scalars = [...names]
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((name) => nest.scalars.find((s) => s.name === name) ?? { name, type: "i32" as const });
  const body = nest.body.map(
    (s): Stmt => (s.kind === "for" && s.by === "grid" ? { ...s, hi: only(s.hi) } : s),
  );
  return {
    kind: "launch",
    nest: { ...nest, name: `${nest.name}${suffix}`, scalars, body },
    groups: only(groups),
  };
}
