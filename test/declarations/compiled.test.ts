// Each declaration becomes kernels on each target by its default schedules, forward and gradients.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile, compileKernels, scheduleOn } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import { targets } from "../../targets/registry.ts";
import { warpweave } from "../cli/cli.fixtures.ts";

const pathOf = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
const others = ["compare", "compiled.test"];
const names = readdirSync(fileURLToPath(new URL(".", import.meta.url)))
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => !others.includes(name));

/** What cannot be made, and why. */
const refused: Readonly<Record<string, readonly [targets: readonly string[], why: RegExp]>> = {
  fading_mean: [targets.map(({ name }) => name), /the gradient of reach cannot be derived/],
  kinked: [["gpujs", "wgsl"], /has 10 buffers/],
};

describe.each(names)("%s", (name) => {
  const operator = readOperator(pathOf(name));
  test.each(targets.map((target) => [target.name, target] as const))("on %s", (_, target) => {
    expect(compile(operator, target).programs.length).toBe(operator.variants.length);
    const derive = () => {
      const { kernels } = gradientsOn(operator, target);
      return kernels.length === 0
        ? []
        : compileKernels(operator, kernels, target, scheduleOn(target)).programs;
    };
    const [where, why] = refused[name] ?? [[], /./];
    if (where.includes(target.name)) expect(derive).toThrow(why);
    else expect(derive).not.toThrow();
  });
});

test("results that lanes store are added to where callers ask for it", async () => {
  const path = pathOf("gained_warp");
  const { out, code } = await warpweave("check", path, "--grad", "--target", "js");
  expect(out).toMatch(/\b0 failed\b/);
  expect(code).toBe(0);
});
