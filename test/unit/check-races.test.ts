import { describe, expect, it } from "vitest";
import { runPlan, watchPlans } from "../../generators/check/races.ts";
import { scheduleOn } from "../../generators/compile.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { findTarget } from "../../targets/registry.ts";
import { casesOf, findRole, optionSets } from "../crosscheck/races.fixtures.ts";
import { mistakes, mutate } from "../crosscheck/races.mutants.ts";

/** A plan of an operator's kernel without optional tensors, and cases of it. */
function prepare(name: string, target: string, names: readonly string[]) {
  const role = findRole(name);
  const kernel = role.kernels[0]!;
  const plan = scheduleOn(findTarget(target)).plan(kernel);
  return { plan, cases: optionSets(role).flatMap((set) => casesOf(role, kernel, set, names)) };
}

/** A plan whose results are stored at two elements only, by all threads. */
function spoil(plan: Plan): Plan {
  const mutant = mutate(plan, mistakes["all threads own two elements"]).at(-1);
  if (!mutant) throw new Error(`${plan.name} stores nothing`);
  return mutant.plan;
}

describe("watching plans", () => {
  it("lets the plan that ships pass, and finds every addition that is not atomic", () => {
    const { plan, cases } = prepare("roi_align_backward", "wgsl", ["primes/0", "uneven/0"]);
    for (const of of cases) expect(() => runPlan(plan, of)).not.toThrow();
    const mutants = mutate(plan, mistakes["an addition is not atomic"]);
    expect(mutants.length).toBeGreaterThanOrEqual(4);
    for (const mutant of mutants)
      expect(() => {
        for (const of of cases) runPlan(mutant.plan, of);
      }).toThrow(/race: element \d+ of grad_input was/);
  });

  it("runs the first ordinary case of each plan", () => {
    const { plan, cases } = prepare("roi_pool", "wgsl", ["primes/0", "nan/0"]);
    const [ordinary, odd] = cases;
    const wrong = spoil(plan);
    const watch = watchPlans();
    watch(plan, ordinary!);
    watch(wrong, odd!);
    const message =
      /^the plan of its kernel fails in the interpreter: nest \w+, group \d+ thread \d+, at `.*`: race: element/;
    expect(() => watch(wrong, ordinary!)).toThrow(message);
    expect(() => watch(wrong, ordinary!)).not.toThrow();
    expect(() => watchPlans()(wrong, ordinary!)).toThrow(message);
  });

  it("runs no plan in which there is one thread only", () => {
    const { plan, cases } = prepare("roi_pool", "js", ["primes/0"]);
    const wrong = spoil(plan);
    expect(() => runPlan(wrong, cases[0]!)).toThrow("is never written");
    expect(() => watchPlans()(wrong, cases[0]!)).not.toThrow();
  });
});
