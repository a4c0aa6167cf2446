// Coordinates that point nowhere give gradients of 0, not NaN: where they stand, and in what they would have reached.

import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { fillInputs, randomFrom } from "../declarations/compare.ts";
import { type Arrays, choices, fill, settings } from "./autodiff.fixtures.ts";

const wild = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30];
const moving = Object.entries(settings).filter(([name]) => name !== "conv2d");

describe.each(moving)("%s", (_, s) => {
  const operator = readOperator(s.path);
  const kernel = operator.kernel(s.present);
  const coords = kernel.tensors.filter((t) => t.type === "coord").map((t) => t.name);
  const wanted = operator.differentiable.filter((t) => kernel.tensors.some((k) => k.name === t));
  const gradient = differentiate(kernel, wanted);
  const options = choices(s.path).filter(
    (o) => !s.present.includes("offset") || o.reduce !== "max",
  );
  it.each(coords)("%s", (tensor) => {
    const random = randomFrom(3);
    for (const chosen of options) {
      const setting = { ...s, attrs: { ...s.attrs, ...chosen } };
      const inputs = fillInputs(operator, setting, fill) as Arrays;
      const { attrs, options: numbers } = numbersOf(operator, setting.attrs);
      const { shape, data } = inputs[tensor]!;
      const hit = new Set<number>();
      const spoiled = data.map((v, i) => {
        if (random() >= 0.2) return v;
        hit.add(i);
        return wild[i % wild.length]!;
      });
      const given = { ...inputs, [tensor]: { shape, data: spoiled } };
      const run = (k: typeof kernel, more: Arrays = {}) =>
        interpretKernel(k, { ...given, ...more }, s.sizes, attrs, numbers);
      const output = run(kernel).output!;
      expect(output.parts[0]!.every(Number.isFinite)).toBe(true);
      const upstream = { shape: output.shape, data: output.parts[0]!.map(() => 1 + random()) };
      const found = run(gradient, { grad_output: upstream as Arrays[string] });
      // A huge number points nowhere where NaN would do as well: the far corner of a box may count, as the box does.
      const isNowhere = (i: number): boolean => {
        if (!Number.isFinite(spoiled[i]!)) return true;
        const other = { shape, data: spoiled.with(i, Number.NaN) };
        return run(kernel, { [tensor]: other }).output!.parts[0]!.every(
          (v, k) => v === output.parts[0]![k],
        );
      };
      const nowhere = [...hit].filter(isNowhere);
      expect(nowhere.filter((i) => !Number.isFinite(spoiled[i]!)).length).toBeGreaterThan(0);
      for (const [name, { parts }] of Object.entries(found)) {
        expect(parts[0]!.every(Number.isFinite), `${name} ${JSON.stringify(chosen)}`).toBe(true);
        if (name === `grad_${tensor}`) for (const i of nowhere) expect(parts[0]![i]! + 0).toBe(0);
      }
    }
  });
});
