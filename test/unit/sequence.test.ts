import { expect, test } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { scheduleOn } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import type { Nest } from "../../generators/ir/nest.ts";
import { visitBlock } from "../../generators/ir/nestWalk.ts";
import type { Plan, PlanStep } from "../../generators/ir/plan.ts";
import { accumulateConstant, makeAdditive } from "../../generators/schedule/additive.ts";
import { sequenceSteps } from "../../generators/schedule/sequence.ts";
import { findTarget } from "../../targets/registry.ts";
import { pointwise } from "./emit.fixtures.ts";
import { load, v } from "./nest.fixtures.ts";

const roles = { x: "input", a: "output", b: "output", c: "output" } as const;

/** A launch that copies one buffer to another. */
function copy(from: string, to: string): PlanStep {
  const value = load(from, v("i"));
  return pointwise(`${from}_${to}`, { [from]: "f32" }, { [to]: { dtype: "f32", value } }, false)
    .steps[0]!;
}

function planOf(...steps: PlanStep[]): Plan {
  const base = pointwise(
    "p",
    { x: "f32" },
    { a: { dtype: "f32", value: load("x", v("i")) } },
    false,
  );
  const names = ["x", "a", "b", "c", "half", "other"];
  const buffer = base.buffers[0]!;
  return {
    ...base,
    buffers: names.map((name) => ({
      ...buffer,
      name,
      role: roles[name as keyof typeof roles] ?? ("workspace" as const),
    })),
    steps,
  };
}

test("what one workspace serves comes together, the shortest first", () => {
  const [half, other] = [copy("x", "half"), copy("x", "other")];
  const [a, b, c] = [copy("half", "a"), copy("other", "b"), copy("half", "c")];
  expect(sequenceSteps(planOf(half, other, a, b, c)).steps).toEqual([half, a, c, other, b]);
  const alone = copy("x", "b");
  expect(sequenceSteps(planOf(half, a, alone, c)).steps).toEqual([alone, half, a, c]);
});

test("nothing changes places where a workspace is written anew", () => {
  const [half, again] = [copy("x", "half"), copy("other", "half")];
  const plan = planOf(half, copy("half", "a"), copy("x", "other"), again, copy("half", "b"));
  expect(sequenceSteps(plan)).toBe(plan);
});

test("launches add where they are told to, and fills before them are left out", () => {
  const operator = readOperator(new URL("../../dsl/ops/conv2d.ts", import.meta.url).pathname);
  const kernel = differentiate(operator.kernel([]), ["input", "weight"]);
  const { steps, accumulate, options, buffers } = scheduleOn(findTarget("cuda")).plan(kernel);
  const outputs = buffers.flatMap(({ name, role }) => (role === "output" ? [name] : []));
  const added = new Set<string>();
  expect(accumulate).toBe(accumulateConstant);
  expect(options.at(-1)).toMatchObject({ constant: accumulateConstant, default: 0 });
  for (const step of steps) {
    if (step.kind === "fill") throw new Error("conv2d has no scatter");
    const result = step.nest.buffers.find(({ name }) => outputs.includes(name));
    // Parts of sums are stored in a workspace first.
    if (!result) continue;
    added.add(result.name);
    expect(result.access).toBe("update");
    let stores = 0;
    visitBlock(step.nest.body, (s) => {
      if (s.kind === "store" && s.buffer === result.name) stores++;
      if (s.kind !== "if" || s.else.length === 0) return;
      const [add, store] = [s.then[0]!, s.else[0]!];
      if (add.kind === "accumulate" && store.kind === "store") {
        stores--;
        expect([add.mode, add.buffer]).toEqual(["plain", store.buffer]);
        expect([add.address, add.value]).toEqual([store.address, store.value]);
      }
    });
    expect(stores, step.nest.name).toBe(0);
  }
  expect([...added].sort()).toEqual(["grad_input", "grad_weight"]);
  const forward = scheduleOn(findTarget("cuda")).plan(operator.kernel([]));
  expect(forward).not.toHaveProperty("accumulate");
});

test("a plan that computes one output from another cannot add to them", () => {
  expect(() => makeAdditive(planOf(copy("x", "a"), copy("a", "b")))).toThrow(
    "a_b reads the output a, to which results may be added.",
  );
});

test("values are named so that nothing is computed twice, by names that are free", () => {
  const plan = planOf(copy("x", "a"));
  const { nest } = plan.steps[0] as { readonly nest: Nest };
  const additive = makeAdditive({
    ...plan,
    steps: [
      {
        ...(plan.steps[0] as Extract<PlanStep, { kind: "launch" }>),
        nest: { ...nest, scalars: [...nest.scalars, { name: "gradient", type: "i32" }] },
      },
      { kind: "fill", buffer: "a", value: 0 },
      { kind: "fill", buffer: "half", value: 0 },
    ],
  });
  const names: string[] = [];
  const [launch, fill, other] = additive.steps;
  if (launch?.kind !== "launch") throw new Error("a launch was expected");
  visitBlock(launch.nest.body, (s) => {
    if (s.kind === "let") names.push(s.name);
  });
  expect(names).toContain("gradient_2");
  expect(launch.nest.constants).toEqual([{ name: accumulateConstant, type: "i32" }]);
  expect(fill).toEqual({ kind: "fill", buffer: "a", value: 0, unless: accumulateConstant });
  expect(other).toEqual({ kind: "fill", buffer: "half", value: 0 });
});
