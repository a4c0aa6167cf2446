// Do threads meet at an element without order? The plan that a kernel is printed from is run by the interpreter of
// nests, which notes who touches what: with no device and no compiler, the same for all targets.

import { interpretPlan } from "../ir/nestInterpret.ts";
import { visitBlock } from "../ir/nestWalk.ts";
import type { Plan } from "../ir/plan.ts";
import type { Case } from "./cases.ts";

/** Kinds in which nothing is odd but the sizes: what is done with other numbers is for devices to show. */
const ordinary: ReadonlySet<Case["kind"]> = new Set([
  "sample",
  "ones",
  "primes",
  "uneven",
  "groups",
  "covering",
  "random",
]);

/** Runs the first ordinary case of each plan and choice of options; throws where that finds a fault. */
export function watchPlans(): (plan: Plan, of: Case) => void {
  const watched = new Map<Plan, Set<string>>();
  return (plan, of) => {
    const chosen = watched.get(plan) ?? new Set();
    watched.set(plan, chosen);
    const options = JSON.stringify(of.variant.options);
    if (chosen.has(options) || !ordinary.has(of.kind) || !hasThreads(plan)) return;
    chosen.add(options);
    try {
      runPlan(plan, of);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Error(`the plan of its kernel fails in the interpreter: ${error.message}`, {
        cause: error,
      });
    }
  };
}

function hasThreads(plan: Plan): boolean {
  let found = false;
  for (const step of plan.steps)
    if (step.kind === "launch")
      visitBlock(step.nest.body, (s) => {
        found ||= s.kind === "for" && ["grid", "group", "parallel"].includes(s.by);
      });
  return found;
}

/** Runs a case by a plan, threads and groups in any order; throws where two meet without order. */
export function runPlan(plan: Plan, { inputs, numbers }: Case): void {
  const { sizes, attrs, options } = numbers;
  const named = Object.entries(attrs).map(([name, value]) => [name.replaceAll(".", "_"), value]);
  interpretPlan(
    plan,
    Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data])),
    { ...sizes, ...Object.fromEntries(named) },
    Object.fromEntries(plan.options.map(({ constant, name }) => [constant, options[name]!])),
    { mode: "f64", order: "shuffled", seed: 3, poison: true },
  );
}
