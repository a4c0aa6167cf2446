// Derivation gone wrong in one place: each slope that is taken while the gradients of an operator are derived,
// negated or left out, and the named rules of where a slope jumps, taken from the wrong side. The cases of a
// cross-check tell each from the right kernel. What survives is equivalent, for a reason given here.

import { afterEach, describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { type Slope, slopes } from "../../generators/autodiff/slopes.ts";
import { type Case, drawCase } from "../../generators/check/cases.ts";
import { findSurvivors, type Mutant, mutate } from "../../generators/check/mutate.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { allVariants, nameVariant } from "../../generators/check/variants.ts";
import { gradientKernel, gradientSubject, tensorOf } from "../../generators/cli/gradients.ts";
import { openOperators } from "../../generators/cli/operators.ts";
import { make } from "../../generators/ir/build.ts";
import { dumpExpr } from "../../generators/ir/dump.ts";
import { type Expr, index, int, op, part, reduceNode } from "../../generators/ir/expr.ts";
import { type Kernel, rootsOf, type Stage } from "../../generators/ir/kernel.ts";
import type { OpName } from "../../generators/ir/ops.ts";
import { rewrite, substitute, visit } from "../../generators/ir/walk.ts";
import { equivalents } from "./equivalents.ts";

const operators = openOperators([]);
const named = (name: string) => operators.find((o) => o.name === name)!;

/** Cases of these kinds, for every variant with these optional tensors; named ones besides. */
function casesOf(name: string, present: readonly string[], kinds: readonly string[]): Case[] {
  const subject = gradientSubject(named(name))!;
  const all = allVariants(subject);
  return all
    .filter((variant) => variant.present.join() === present.join())
    .flatMap((variant) => kinds.map((kind) => `${nameVariant(subject, variant)}/${kind}`))
    .map((id) => drawCase(subject, id, all))
    .filter((drawn) => "inputs" in drawn);
}

/** A small map with taps and boxes around all of its border, at whole and half coordinates. */
const aroundBorder =
  "made/N=1,C=1,H=3,W=3,O=1,I=1,G=1,KH=2,KW=2/stride.y=1,stride.x=1,padding.top=2,padding.left=2," +
  "padding.bottom=2,padding.right=2,dilation.y=1,dilation.x=1/edge/dyadic";

const table = slopes as Record<OpName, Slope>;
const right = { ...table };
afterEach(() => {
  Object.assign(table, right);
});

/** Derives gradients; slopes that lead to a tensor are given to `change`, in the order in which they are taken. */
function derive(
  forward: Kernel,
  wanted: readonly string[],
  change: (slope: Expr, op: OpName, operand: number) => Expr | undefined,
): Kernel {
  for (const name of Object.keys(right) as OpName[])
    table[name] = (d, x, y, varies) =>
      right[name](d, x, y, varies).map((slope, i) =>
        slope && varies(x[i]!) ? change(slope, name, i) : slope,
      );
  try {
    return differentiate(forward, wanted);
  } finally {
    Object.assign(table, right);
  }
}

/** One mutant for each slope that is taken and each way of being wrong. */
function mutateSlopes(name: string, present: readonly string[]): readonly Mutant[] {
  const forward = named(name).kernel(present);
  const wanted = gradientKernel(named(name), present).outputs.map(tensorOf);
  const taken: { readonly op: OpName; readonly operand: number; readonly slope: Expr }[] = [];
  derive(forward, wanted, (slope, of, operand) => {
    taken.push({ op: of, operand, slope });
    return slope;
  });
  const mutants: Mutant[] = [];
  for (const [k, { op: of, operand, slope: node }] of taken.entries())
    for (const wrong of ["negated", "left out"] as const) {
      let at = 0;
      const kernel = derive(forward, wanted, (slope) => {
        if (at++ !== k) return slope;
        return wrong === "negated" ? make("neg", slope) : undefined;
      });
      // Without a slope, less is asked for after it; the results are the same.
      mutants.push({ what: `slope ${k}, of ${of}'s operand ${operand}, ${wrong}`, node, kernel });
    }
  return mutants;
}

const jobs: readonly (readonly [string, readonly string[], readonly string[], number])[] = [
  ["conv2d", ["bias"], ["differences/0", "random/0"], 4],
  ["deform_conv2d", ["mask", "bias"], ["differences/0", "differences/1"], 40],
  ["roi_align", [], ["differences/0", "random/0"], 10],
  ["roi_pool", [], ["differences/0", "random/0"], 1],
  ["roi_pool", ["offset"], ["differences/0", "differences/1"], 20],
  ["roi_align_rotated", [], ["differences/0", "random/0"], 5],
  ["prroi_pool", [], ["differences/0", "differences/1"], 20],
  ["deform_roi_pool", ["offset"], ["differences/0", "differences/1"], 20],
  ["ps_roi_pool", [], ["differences/0"], 1],
  ["ps_roi_align", [], ["differences/0", "random/0"], 10],
  ["deform_ps_roi_pool", ["trans"], ["differences/0", "differences/1"], 20],
  ["grid_sample", [], ["differences/0", "random/0"], 20],
  ["dcn_v3", [], ["differences/0", "random/0"], 20],
  ["dcn_v4", [], ["differences/0", "random/0"], 20],
  ["ms_deform_attn", [], ["differences/0", "random/0"], 20],
];

/** Slopes towards what has none itself. */
const idle: readonly { readonly of: string; readonly what: RegExp; readonly node: RegExp }[] = [
  // How often the image was mirrored is whole: it is rounded down, which has no slope.
  { of: "grid_sample", what: /, of (sub|mul)'s operand 1, /, node: /^-\(abs\(\(align_corners/ },
  // The number near the largest weight is whole: it is rounded down, which has no slope.
  { of: "dcn_v4", what: /, of sub's operand 1, /, node: /^-\(\(.*softmax == true \?/ },
];

describe("slopes mutated one by one", () => {
  it.each(jobs)(
    "%s %s: every one is found",
    (name, present, kinds, least) => {
      const kernel = gradientKernel(named(name), present);
      const mutants = mutateSlopes(name, present);
      expect(mutants.length).toBeGreaterThanOrEqual(least);
      const cases = casesOf(name, present, kinds);
      const left = findSurvivors(kernel, mutants, cases, rulesOf.cuda);
      const unexplained = left
        .map(({ what, node }) => ({ what, node: dumpExpr(kernel, node) }))
        .filter(
          (m) => !idle.some((i) => i.of === name && i.what.test(m.what) && i.node.test(m.node)),
        );
      expect(unexplained).toEqual([]);
    },
    240_000,
  );
});

/** A kernel with other roots in each stage. */
const withRoots = (kernel: Kernel, change: (roots: readonly Expr[], stage: Stage) => Expr[]) => ({
  ...kernel,
  stages: kernel.stages.map((stage): Stage => {
    const roots = change(rootsOf(stage), stage);
    if (stage.kind === "gather") return { ...stage, parts: roots };
    const n = stage.at.length;
    return { ...stage, when: roots[0]!, at: roots.slice(1, n + 1), values: roots.slice(n + 1) };
  }),
});

const survives = (kernel: Kernel, mutant: Kernel, cases: readonly Case[]): boolean => {
  const [node] = rootsOf(kernel.stages[0]!) as [Expr];
  return (
    findSurvivors(kernel, [{ what: "", node, kernel: mutant }], cases, rulesOf.cuda).length > 0
  );
};

describe("where a slope jumps", () => {
  it("at whole coordinates: that to the left is found, by cases with such coordinates only", () => {
    const kernel = gradientKernel(named("deform_conv2d"), []);
    // The cell to the left of a whole coordinate: the same value, the other slope.
    const left = withRoots(kernel, (roots) =>
      rewrite(roots, (e) =>
        e.kind === "op" && e.op === "floor" ? make("sub", make("ceil", e.args[0]!), int(1)) : e,
      ),
    );
    expect(survives(kernel, left, casesOf("deform_conv2d", [], ["whole/0"]))).toBe(false);
    const inside = casesOf("deform_conv2d", [], ["differences/0"]);
    expect(survives(kernel, left, inside)).toBe(true);
  }, 120_000);

  it("at exactly -1: the test of the other rule is found in each place", () => {
    const kernel = gradientKernel(named("deform_conv2d"), []);
    const cases = casesOf(
      "deform_conv2d",
      [],
      [0, 1, 2].map((seed) => `${aroundBorder}/${seed}`),
    );
    const own = { ...kernel, stages: kernel.stages.filter(({ name }) => name === "grad_offset") };
    const isTest = ({ what, node }: Mutant): boolean =>
      /: (le as lt|lt as le)$/.test(what) && /^-1\.0 <=? /.test(dumpExpr(kernel, node));
    const mutants = mutate(own)
      .filter(isTest)
      .map((mutant) => ({
        ...mutant,
        kernel: {
          ...kernel,
          stages: kernel.stages.map(
            (s) => mutant.kernel.stages.find((m) => m.name === s.name) ?? s,
          ),
        },
      }));
    expect(mutants.length).toBe(4);
    expect(findSurvivors(kernel, mutants, cases, rulesOf.cuda).map(({ what }) => what)).toEqual([]);
  }, 120_000);

  it("of a maximum: the last of equal ones is found, by cases with equal ones only", () => {
    const kernel = gradientKernel(named("roi_pool"), []);
    // Walked from the end, the first of the largest is the last.
    const last = withRoots(kernel, (roots) =>
      rewrite(roots, (e) => {
        if (e.kind !== "part" || e.of.op !== "max") return e;
        const turned = new Map(
          e.of.over.map((l) => [
            l,
            op("sub", op("sub", op("add", l.lo, l.hi), int(1)), index(l)) as Expr,
          ]),
        );
        return part(reduceNode({ ...e.of, bodies: substitute(e.of.bodies, turned) }), e.part);
      }),
    );
    const changed = (k: Kernel): number => {
      let count = 0;
      visit(k.stages.flatMap(rootsOf), (e) => {
        if (e.kind === "part" && e.of.op === "max") count++;
      });
      return count;
    };
    expect(changed(kernel)).toBeGreaterThan(0);
    const equal = casesOf("roi_pool", [], ["whole/0", "edge/0", "whole/1"]);
    expect(survives(kernel, last, equal)).toBe(false);
    const apart = casesOf("roi_pool", [], ["differences/0"]);
    expect(survives(kernel, last, apart)).toBe(true);
  }, 120_000);
});

describe("kernels of gradients, wrong in one place", () => {
  const reasons = [
    ...equivalents,
    { what: /: eq as le$/, node: /^mod\(.* == 0$/, reason: "a remainder is never negative" },
  ];

  it("conv2d has none that the cases do not find", () => {
    const kernel = gradientKernel(named("conv2d"), ["bias"]);
    const mutants = mutate(kernel);
    expect(mutants.length).toBeGreaterThanOrEqual(40);
    const cases = casesOf("conv2d", ["bias"], ["sample/0", "sample/1", "random/0", "groups/0"]);
    const left = findSurvivors(kernel, mutants, cases, rulesOf.cuda).filter(
      ({ what, node }) =>
        !reasons.some((e) => e.what.test(what) && e.node.test(dumpExpr(kernel, node))),
    );
    expect(left.map(({ what, node }) => `${what}: ${dumpExpr(kernel, node)}`)).toEqual([]);
  }, 120_000);
});
