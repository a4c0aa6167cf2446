// What docs/schedules.md and `show --help` say of schedules is so.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { limitsOf } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { defaultSchedule } from "../../generators/schedule/defaults.ts";
import { newDraft } from "../../generators/schedule/draft.ts";
import { applySchedule, type Schedule, transforms } from "../../generators/schedule/index.ts";
import { targets } from "../../targets/registry.ts";
import { warpweave } from "../cli/cli.fixtures.ts";

const text = readFileSync(`${packageRoot}/docs/schedules.md`, "utf8");
const rowOf = (name: string) => text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
const blocks = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, block]) => block!);
const [whole, ...examples] = blocks.flatMap((block) => block.trim().split("\n"));

const operators = ["deform_conv2d", "conv2d"].map((name) =>
  readOperator(`${packageRoot}/dsl/ops/${name}.ts`),
);
const kernels = operators.flatMap((operator) =>
  targets.flatMap((target) =>
    [operator.kernel([]), ...gradientsOn(operator, target).kernels].map((kernel) => ({
      kernel,
      target,
      limits: limitsOf(target),
    })),
  ),
);

describe("every transform", () => {
  test.each(transforms.map((transform) => [transform.name, transform] as const))(
    "%s is named, with all its parameters and an example that applies",
    (name, { choices }) => {
      const { kernel, limits } = kernels[0]!;
      for (const choice of choices(newDraft(kernel), limits))
        expect(rowOf(name)).toContain(`\`${choice.name}\``);
      const steps = examples.map((one): Schedule[number] => JSON.parse(one));
      const own = steps.filter(([step]) => step === name);
      expect(own).toHaveLength(1);
      // Some walk a stage that another target stores, or that must be stored before, or what only
      // gradients have.
      const stored: Schedule = [["materialise", { stage: String(own[0]![1]?.stage) }], ...own];
      const results = kernels.flatMap((one) =>
        [own, stored].map((steps) => applySchedule(one.kernel, steps, one.limits)),
      );
      expect(results.some((result) => !("refused" in result))).toBe(true);
    },
  );

  test("and no other, in the page and in the help", async () => {
    const named = examples.map((one) => JSON.parse(one)[0]);
    expect(named).toEqual(transforms.map(({ name }) => name));
    const { out } = await warpweave("show", "--help");
    for (const { name } of transforms) expect(out).toMatch(new RegExp(`^  ${name} +[a-z]`, "m"));
    expect(out).toContain(whole);
  });
});

test("each way of adding has a row", () => {
  const accumulate = transforms.find(({ name }) => name === "accumulate")!;
  const ways = kernels.flatMap(({ kernel, limits }) =>
    accumulate
      .choices(newDraft(kernel), limits)
      .flatMap(({ name, values }) => (name === "by" ? values : [])),
  );
  for (const by of new Set(ways)) expect(rowOf(String(by))).toBeDefined();
});

test("the schedule shown applies to gradients where there are threads", () => {
  const { kernel, limits } = kernels.find(
    ({ kernel, target }) => target.name === "wgsl" && kernel.role === "backward",
  )!;
  expect(applySchedule(kernel, JSON.parse(whole!), limits)).not.toHaveProperty("refused");
});

test("the default schedules hold what their table says, and the rest nothing", () => {
  const table = text.slice(text.indexOf("## What targets take"));
  const rows = { forward: /^\| forward \|.*$/m, backward: /^\| gradients \|.*$/m };
  for (const { kernel, target, limits } of kernels) {
    const { steps } = defaultSchedule(kernel, target.capabilities, limits);
    const forward = rows.forward.exec(table)![0].split(" | ");
    const own = rows[kernel.role === "forward" ? "forward" : "backward"]
      .exec(table)![0]
      .split(" | ");
    const at = limits.threads > 1 ? 1 : target.capabilities.updates ? 2 : 3;
    const said = `${own[at]} ${/as forward/.test(own[at]!) ? forward[at] : ""}`;
    for (const [name] of steps)
      expect([target.name, said]).toEqual([target.name, expect.stringContaining(`\`${name}\``)]);
    const [, , group] = /`(pointwise)` of (\d+)/.exec(said) ?? [];
    const pointwise = steps.find(([name]) => name === "pointwise");
    expect(pointwise?.[1]?.group).toBe(group === undefined ? undefined : Number(group));
    for (const rare of ["lanes", "accumulate", "unroll"])
      expect(steps.map(([name]) => name)).not.toContain(rare);
  }
});
