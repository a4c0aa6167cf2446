// Which steps of a kernel TensorFlow.js runs: those that the executors run, for every entry and all its results,
// and with what earlier calls left in memory still the right ones.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describePlan } from "../../generators/adapters/tfjs/plan.ts";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import type { Entry } from "../../targets/contract/program.ts";
import { stepsFor } from "../../targets/contract/wanted.ts";

interface Use {
  readonly name: string;
  readonly access: "read" | "write" | "update";
}

interface Step {
  readonly kind: "launch" | "fill";
  readonly buffer?: string;
  readonly buffers?: readonly Use[];
}

interface Plan {
  readonly buffers: Readonly<Record<string, { readonly slot?: number }>>;
  readonly steps: readonly Step[];
}

interface PlanModule {
  selectSteps(plan: Plan, wanted: readonly string[], complete: Set<string>): readonly Step[];
}

const root = new URL("../../", import.meta.url);
const runtime = new URL("generators/adapters/tfjs/runtime/plan.js", root);
const { selectSteps } = (await import(runtime.href)) as PlanModule;

const { operators } = JSON.parse(
  readFileSync(new URL("generated/manifest.json", root), "utf8"),
) as Manifest;

const entries = Object.entries(operators).flatMap(([operator, { kernels }]) =>
  Object.values(kernels).flatMap(({ targets }) =>
    Object.entries(targets).flatMap(([target, { entries: all }]) =>
      all.map((entry) => [`${entry.name} on ${target}`, operator, entry] as const),
    ),
  ),
);

const planOf = (operator: string, entry: Entry): Plan =>
  describePlan(entry, {
    operator,
    share: (_, value) => value as never,
    use: () => {},
  }) as unknown as Plan;

/** All choices of some of these names. */
const subsetsOf = (names: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: 2 ** names.length - 1 }, (_, bits) =>
    names.filter((_, at) => ((bits + 1) >> at) & 1),
  );

const resultsOf = ({ tensors }: Entry): readonly string[] =>
  tensors.filter(({ role }) => role === "output").map(({ name }) => name);

const usesOf = (step: Step): readonly Use[] =>
  step.buffers ?? [{ name: step.buffer!, access: "write" }];

const uses = (step: Step, name: string): boolean => usesOf(step).some((use) => use.name === name);

/** Buffers that hold, instead of numbers, what their content was computed of. */
class Memory {
  private readonly held = new Map<number | string, { readonly of: string; readonly is: string }>();
  private readonly placeOf: (name: string) => number | string;

  constructor(placeOf: (name: string) => number | string) {
    this.placeOf = placeOf;
  }

  read(name: string): string {
    const { of, is } = this.held.get(this.placeOf(name)) ?? { of: name, is: `${name} as given` };
    return of === name ? is : `${is} in place of ${name}`;
  }

  write(name: string, is: string): void {
    this.held.set(this.placeOf(name), { of: name, is });
  }

  /** Runs steps for results that are new, as they are in each call. */
  run(plan: Plan, steps: readonly Step[], wanted: readonly string[]): readonly string[] {
    for (const name of wanted) this.write(name, "new");
    for (const step of steps) {
      const buffers = usesOf(step);
      // What is added to a result depends on nothing in another one; and what a step finds in a
      // workspace that none before it uses is nothing that it goes by.
      const first = (name: string) => plan.steps.find((each) => uses(each, name));
      const isWorkspace = (name: string) => plan.buffers[name]!.slot !== undefined;
      const isAdded = ({ name, access }: Use) =>
        access === "update" && !(isWorkspace(name) && first(name) === step);
      const isRead = (use: Use) => use.access === "read" || (isAdded(use) && isWorkspace(use.name));
      const read = buffers.filter(isRead).map(({ name }) => this.read(name));
      const made = buffers
        .filter(({ access }) => access !== "read")
        .map((use) => {
          const { name } = use;
          const from = isAdded(use) ? [...read, this.read(name)] : read;
          return [name, `${plan.steps.indexOf(step)}(${from.join(", ")})`] as const;
        });
      for (const [name, is] of made) this.write(name, is);
    }
    return wanted.map((name) => this.read(name));
  }
}

it("the manifest has entries of several results and of workspaces in one memory", () => {
  const several = entries.filter(([, , entry]) => resultsOf(entry).length > 2);
  expect(several.length).toBeGreaterThan(10);
  expect(entries.some(([, , entry]) => entry.workspaces.length > 1)).toBe(true);
});

describe.each(entries)("%s", (_, operator, entry) => {
  const plan = planOf(operator, entry);
  const subsets = subsetsOf(resultsOf(entry));

  it("the steps of any of its results are those that executors run", () => {
    for (const wanted of subsets) {
      const found = selectSteps(plan, wanted, new Set()).map((step) => plan.steps.indexOf(step));
      const expected = stepsFor(entry.steps, wanted).map((step) => entry.steps.indexOf(step));
      expect(found, wanted.join(" ")).toEqual(expected);
    }
  });

  it("results are the same after any other calls on the same inputs", () => {
    const expected = new Map(
      subsets.map((wanted) => {
        const alone = new Memory((name) => name);
        const steps = stepsFor(entry.steps, wanted).map(
          (step) => plan.steps[entry.steps.indexOf(step)]!,
        );
        return [wanted, alone.run(plan, steps, wanted)];
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...subsets), { minLength: 2, maxLength: 6 }),
        (calls) => {
          const complete = new Set<string>();
          const memory = new Memory((name) => plan.buffers[name]!.slot ?? name);
          for (const wanted of calls) {
            const found = memory.run(plan, selectSteps(plan, wanted, complete), wanted);
            expect(found).toEqual(expected.get(wanted));
          }
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
});
