// What a check knows of an operator before any of its kernels runs: results that vanish, sizes that demands
// all but give, and what coordinates that are no pixels look like.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fitSizes } from "../../generators/check/fitting.ts";
import { randomFor } from "../../generators/check/random.ts";
import { emptiableAxis } from "../../generators/check/shapes.ts";
import { completeSizes } from "../../generators/check/sizes.ts";
import { unitOf } from "../../generators/check/units.ts";
import { vanishingResults } from "../../generators/check/vanishing.ts";
import { gradientKernel } from "../../generators/cli/gradients.ts";
import { openOperators } from "../../generators/cli/operators.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { bindKernel } from "../../generators/ir/bind.ts";
import { make } from "../../generators/ir/build.ts";
import { int, size } from "../../generators/ir/expr.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";

const operators = openOperators([]);
const named = (name: string) => operators.find((o) => o.name === name)!;
const map = { height: 4, width: 5, unit: 1 };

describe("results that vanish", () => {
  const kernel = gradientKernel(named("grid_sample"), []);
  const under = (mode: "bilinear" | "nearest") =>
    vanishingResults(kernel, numbersOf(named("grid_sample"), { mode }).options);

  it("are those that the options make the number 0", () => {
    expect([...under("nearest")]).toEqual(["grad_grid"]);
    expect([...under("bilinear")]).toEqual([]);
  });
  it("are found once for a kernel and its options", () => {
    expect(under("nearest")).toBe(under("nearest"));
    expect(vanishingResults(bindKernel(kernel, {}), { mode: 0 })).not.toBe(under("bilinear"));
  });
  it("are told by all of what makes them", () => {
    const { options } = numbersOf(named("grid_sample"), { mode: "nearest" });
    const stages = kernel.stages.map((stage) =>
      stage.name === "grad_grid" && stage.kind === "gather"
        ? { ...stage, parts: stage.parts.map(() => make("add", size("H"), int(1))) }
        : stage,
    );
    expect([...vanishingResults({ ...kernel, stages }, options)]).toEqual([]);
  });
});

describe("sizes that a demand all but gives", () => {
  const dcn = named("dcn_v4");
  const { attrs, options } = numbersOf(dcn, { group: 2, kernel: { y: 3, x: 3 } });
  const free = { N: 1, H: 4, W: 4, D: 1, M: 1 };

  it("have room for what is asked for, and now and then more", () => {
    const random = randomFor("room");
    const room = Array.from({ length: 20 }, () => {
      const fitted = fitSizes(dcn.kernel([]), free, attrs, options, random);
      expect(completeSizes(dcn.kernel([]), fitted, attrs, options)).toBeDefined();
      return fitted.M!;
    });
    expect(new Set(room)).toEqual(new Set([54, 55, 57]));
  });
  it("stay where they are enough", () => {
    const enough = { ...free, M: 80 };
    expect(fitSizes(dcn.kernel([]), enough, attrs, options, randomFor("enough"))).toEqual(enough);
  });

  const demanding = (holds: Kernel["demands"][number]["holds"]): Kernel => ({
    ...named("conv2d").kernel([]),
    axes: [],
    demands: [{ holds, otherwise: "" }],
  });
  const fitted = (kernel: Kernel) =>
    fitSizes(kernel, { N: 2, C: 3, H: 4 }, {}, {}, randomFor("equal"));

  it("are what they must equal, on whichever side they stand", () => {
    const twice = make("mul", int(2), size("C"));
    expect(fitted(demanding(make("eq", size("H"), twice))).H).toBe(6);
    expect(fitted(demanding(make("eq", twice, size("H")))).H).toBe(6);
  });
  it("are left alone by demands of another form, and by those that ask for nothing", () => {
    const given = { N: 2, C: 3, H: 4 };
    expect(fitted(demanding(make("lt", size("H"), size("C"))))).toEqual(given);
    expect(fitted(demanding(make("le", size("H"), int(2))))).toEqual(given);
    expect(fitted(demanding(make("eq", size("H"), make("sub", size("C"), int(3)))))).toEqual(given);
  });
});

describe("coordinates in units of their own", () => {
  const draw = (name: string, tensor: string, sizes: Record<string, number>) => {
    const kernel = named(name).kernel([]);
    return unitOf(kernel, kernel.tensors.find((t) => t.name === tensor)!, sizes, map);
  };

  it("are of those tensors only that say so", () => {
    expect(draw("deform_conv2d", "offset", {})).toBeUndefined();
    expect(draw("ms_deform_attn", "attention", {})).toBeUndefined();
  });
  it("lie on the picture or little beyond, or where they are asked to", () => {
    const share = draw("grid_sample", "grid", {})!;
    const random = randomFor("shares");
    const all = (spread: Parameters<typeof share>[0]) =>
      Array.from({ length: 200 }, (_, i) => share(spread, random, i));
    for (const v of all("random")) expect(Math.abs(v)).toBeLessThanOrEqual(1.3);
    expect(all("random").some((v) => Math.abs(v) > 1)).toBe(true);
    expect(all("nan").some(Number.isNaN)).toBe(true);
    expect(share("nan", random, 0)).toBeNaN();
    expect(all("infinite")).toContain(Number.NEGATIVE_INFINITY);
    expect(all("huge").some((v) => Number.isFinite(v) && Math.abs(v) > 2 ** 24)).toBe(true);
    expect(all("zero").every((v) => v === 0)).toBe(true);
    expect(Math.abs(share("outside", random, 0))).toBeGreaterThan(1.3);
    // Centres and edges of pixels of the map: halves of its 5 columns lie exactly at 1.
    expect(all("edge")).toContain(1);
  });
  it("of maps are whole sizes that fit between their starts, unless odd ones are asked for", () => {
    const sizes = { S: 40, L: 3 };
    const shapes = draw("ms_deform_attn", "shapes", sizes)!;
    const starts = draw("ms_deform_attn", "starts", sizes)!;
    const random = randomFor("levels");
    expect([0, 1, 2].map((i) => starts("random", random, i))).toEqual([0, 13, 26]);
    for (let k = 0; k < 50; k++) {
      const [h, w] = [shapes("random", random, 0), shapes("random", random, 1)];
      expect(Number.isInteger(h) && h >= 1 && Number.isInteger(w) && w >= 1).toBe(true);
      expect(h * w).toBeLessThanOrEqual(13);
    }
    const odd = Array.from({ length: 400 }, () => starts("huge", random, 1));
    for (const kind of [-1, 0, 12.5, 13.5, 40, 41, 1e30]) expect(odd).toContain(kind);
    expect(odd.some(Number.isNaN)).toBe(true);
    expect(odd.filter((v) => v === 13).length).toBeGreaterThan(200);
  });
});

describe("the axis that may be empty", () => {
  const attend = readFileSync(`${packageRoot}/test/declarations/attend.ts`, "utf8");
  const axisOf = (dims: string, at: string) => {
    const text = attend.replace("[B, Q, [M, D]], (b, q, m, d)", `${dims}, (${at})`);
    const path = `${packageRoot}/test/declarations/grouped.ts`;
    return emptiableAxis(readOperator({ path, text }).kernel([]));
  };

  it("is a dimension of its own, first wherever it stands", () => {
    expect(axisOf("[B, Q, [M, D]]", "b, q, m, d")).toBe("B");
    expect(axisOf("[[B, Q], M, D]", "b, q, m, d")).toBeUndefined();
    expect(axisOf("[Q, B, M, D]", "q, b, m, d")).toBeUndefined();
  });
});
