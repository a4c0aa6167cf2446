// What the generated text looks like, for a small plan in every target: to be read in reviews.

import { expect, test } from "vitest";
import type { Target } from "../../generators/emit/target.ts";
import { frameUnit, printUnit } from "../../generators/emit/unit.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { targets } from "../../targets/registry.ts";
import { everything, unitOf } from "../unit/emit.fixtures.ts";
import { planOf, tileSums } from "../unit/nest.fixtures.ts";

/** gpu.js takes kernels that give one element for each thread only; its own tests show those. */
const general = targets.filter((t) => t.name !== "gpujs");

const emit = (plan: Plan, target: Target): ReadonlyMap<string, string> =>
  frameUnit(printUnit(unitOf(plan), target), target);

const named = (plan: Plan): Plan => ({
  ...plan,
  buffers: plan.buffers.map((b) => ({ ...b, axes: [["N"]] })),
});

const mixed = named(
  planOf(everything(), 1, {
    scalars: [
      { name: "N", type: "i32", from: "size" },
      { name: "scale", type: "f32", from: "attr" },
    ],
    options: [{ name: "mode", constant: "MODE", values: ["signed", "plain"], default: 0 }],
  }),
);

/** The checks that every module has are left out. */
const withoutRuntime = (text: string): string =>
  text.includes("\nfunction readShape(")
    ? text.slice(0, text.indexOf("\nfunction readShape("))
    : text;

test.each(general.map((t) => [t.name, t] as const))(
  "every kind of statement in %s",
  (_, target) => {
    const files = [...emit(mixed, target)];
    expect(
      files.map(([path, text]) => `${path}\n${withoutRuntime(text)}`).join("\n"),
    ).toMatchSnapshot();
  },
);

test.each(general.filter((t) => t.capabilities.groups).map((t) => [t.name, t] as const))(
  "groups with shared memory in %s",
  (_, target) => {
    expect([...emit(named(tileSums()), target).values()].join("\n")).toMatchSnapshot();
  },
);
