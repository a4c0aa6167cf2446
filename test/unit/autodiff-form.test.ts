// The form of backward kernels: what a schedule can recognise, and what is computed how often.

import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { bindKernel } from "../../generators/ir/bind.ts";
import type { Expr, Reduce } from "../../generators/ir/expr.ts";
import { type Gather, type Kernel, rootsOf } from "../../generators/ir/kernel.ts";
import { splitOwners } from "../../generators/ir/owners.ts";
import { freeLoops, visit } from "../../generators/ir/walk.ts";
import { ops } from "./autodiff.fixtures.ts";

const backward = (name: string, present: readonly string[], wanted: readonly string[]): Kernel =>
  differentiate(readOperator(ops(name)).kernel(present), wanted);

function gatherOf(kernel: Kernel, name: string): Gather {
  const found = kernel.stages.filter((stage) => stage.name === name);
  const [stage] = found;
  expect(found.length).toBe(1);
  if (stage?.kind !== "gather") throw new Error(`${name} is no gather`);
  return stage;
}

const inside = (roots: readonly Expr[]): readonly Expr[] => {
  const found: Expr[] = [];
  visit(roots, (e) => void found.push(e));
  return found;
};
const readsIn = (roots: readonly Expr[]): readonly string[] =>
  inside(roots).flatMap((e) => (e.kind === "read" ? [e.from] : []));
const walksIn = (stage: Gather): readonly Reduce[] => [
  ...new Set(inside(stage.parts).flatMap((e) => (e.kind === "part" ? [e.of] : []))),
];
const opsIn = (stage: Gather, name: string): readonly Expr[] =>
  inside(stage.parts).filter((e) => e.kind === "op" && e.op === name);

/** A sum over one axis of a product of two elements, and nothing around it. */
function expectProduct(stage: Gather, of: readonly [string, string]): Reduce {
  const [value] = stage.parts;
  if (value?.kind !== "part") throw new Error(`${stage.name} is no sum`);
  expect(value.of.op).toBe("sum");
  const [body] = value.of.bodies;
  const bare = (e: Expr): Expr => (e.kind === "cast" ? bare(e.arg) : e);
  if (body?.kind !== "op" || body.op !== "mul") throw new Error(`${stage.name} sums no products`);
  const factors = body.args.map(bare);
  expect(factors.map((e) => (e.kind === "read" ? e.from : e.kind))).toEqual([...of]);
  return value.of;
}

describe("the gradient of the columns of a deformable convolution", () => {
  const kernel = backward("deform_conv2d", ["mask"], ["input", "offset", "mask"]);

  it("is a matrix product over the output channels of a group", () => {
    const stage = gatherOf(kernel, "grad_columns");
    const { over } = expectProduct(stage, ["grad_output", "weight"]);
    expect(over.map((l) => l.axis)).toEqual(["O"]);
    // No test, whatever the groups; weight is no matter of the place, grad_output not of the tap.
    expect(inside(stage.parts).some((e) => e.kind === "select")).toBe(false);
    const [n, c, kh, kw, oh, ow] = stage.domain;
    for (const e of inside(stage.parts)) {
      if (e.kind !== "read") continue;
      const free = freeLoops(e);
      const not = e.from === "weight" ? [n, oh, ow] : [kh, kw];
      for (const l of not) expect(free.has(l!)).toBe(false);
      expect(free.has(c!)).toBe(true);
    }
  });

  it("stays one where groups and offset groups do not nest", () => {
    // Two groups of three channels, three offset groups of two.
    const sizes = { C: 6, I: 3, G: 3, O: 4 };
    const bound = bindKernel(kernel, { sizes });
    for (const k of [bound, splitOwners(bound), splitOwners(kernel)])
      expectProduct(gatherOf(k, "grad_columns"), ["grad_output", "weight"]);
  });

  it("is read once for each channel, with the geometry outside of the sum over channels", () => {
    for (const [name, reads] of [
      ["grad_offset", 2],
      ["grad_mask", 2],
    ] as const) {
      const stage = gatherOf(kernel, name);
      const walks = walksIn(stage);
      expect(walks.every(({ over }) => over.length === 1 && over[0]!.axis === "C")).toBe(true);
      // Each border rule in a branch of its own; of offset, each coordinate too.
      expect(walks.length).toBe(name === "grad_offset" ? 4 : 2);
      for (const { over, bodies } of walks) {
        const own = inside(bodies).filter((e) => freeLoops(e).has(over[0]!));
        expect(new Set(own.flatMap((e) => (e.kind === "read" ? [e.from] : [])))).toEqual(
          new Set(["grad_columns", "input"]),
        );
        expect(readsIn(bodies).filter((from) => from === "grad_columns").length).toBe(1);
        for (const e of own) expect(e.kind === "op" && /floor|lt|le/.test(e.op)).toBe(false);
      }
      // Of rows and of columns, for each of two border rules: whatever the order of the offsets.
      expect(opsIn(stage, "floor").length).toBe(2 * reads);
    }
  });
});

describe("the gradient of the image of a convolution", () => {
  it("gathers, with a test of divisibility by the stride", () => {
    const stage = gatherOf(backward("conv2d", [], ["input"]), "grad_input");
    const [walk] = walksIn(stage);
    expect(walk!.over.map((l) => l.axis)).toEqual(["O", "KH", "KW"]);
    expect(new Set(readsIn(stage.parts))).toEqual(new Set(["grad_output", "weight"]));
    const divisors = opsIn(stage, "mod").flatMap((e) =>
      e.kind === "op" && e.args[1]!.kind === "attr" ? [e.args[1]!.name] : [],
    );
    expect(new Set(divisors)).toEqual(new Set(["stride.y", "stride.x"]));
  });
});

describe("the gradient of the offsets of deformable pooling", () => {
  it.each(["roi_pool", "deform_roi_pool"])("%s: samples outside, channels inside", (name) => {
    const stage = gatherOf(backward(name, ["offset"], ["offset"]), "grad_offset");
    const channels = walksIn(stage).filter(({ over }) => over.some((l) => l.axis === "C"));
    expect(channels.length).toBeGreaterThan(0);
    for (const { over, bodies } of channels) {
      expect(over.map((l) => l.axis)).toEqual(["C"]);
      expect(inside(bodies).some((e) => e.kind === "part")).toBe(false);
      const own = inside(bodies).filter((e) => freeLoops(e).has(over[0]!));
      expect(new Set(own.flatMap((e) => (e.kind === "read" ? [e.from] : [])))).toEqual(
        new Set(["grad_output", "input"]),
      );
      for (const e of own) expect(e.kind === "op" && /floor|div|lt|le/.test(e.op)).toBe(false);
    }
  });
});

describe("scatters", () => {
  it("test where they add, and move nothing", () => {
    const kernel = backward("deform_conv2d", [], ["input"]);
    const scatters = kernel.stages.filter((stage) => stage.kind === "scatter");
    // Four corners by each of two border rules.
    expect(scatters.length).toBe(8);
    for (const stage of scatters) expect(inside(rootsOf(stage)).length).toBeGreaterThan(0);
    const zero = scatters.filter((stage) =>
      stage.at.every((p) => inside([p]).every((e) => !(e.kind === "op" && e.op === "minimum"))),
    );
    expect(zero.length).toBe(4);
  });
});

describe("a maximum", () => {
  it("is walked once for what it is and where it was reached", () => {
    const kernel = backward("roi_align", [], ["input"]);
    for (const stage of kernel.stages) {
      const walks = new Set(
        inside(rootsOf(stage)).flatMap((e) =>
          e.kind === "part" && e.of.op === "max" ? [e.of] : [],
        ),
      );
      // Of samples, of corners: by the option, one of them is taken.
      const bodies = [...walks].map((of) => of.bodies[0]);
      expect(new Set(bodies).size).toBe(bodies.length);
    }
    const modes = kernel.stages.map(
      (stage) =>
        inside(rootsOf(stage)).filter((e) => e.kind === "part" && e.of.op === "max").length,
    );
    expect(Math.max(...modes)).toBeGreaterThan(0);
  });
});
