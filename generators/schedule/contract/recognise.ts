// Finds that the elements of a stage are sums of products whose factors share no output axis but the batch's:
// Y[b, m, p] = element(sum over k of F(b, m, k) * S(b, k, p)). What F and S are does not matter.

import { fold, make, partOf, select } from "../../ir/build.ts";
import { constant, type Expr, index, kindOf, type Loop, type Reduce } from "../../ir/expr.ts";
import { factsOf } from "../../ir/facts.ts";
import type { Gather, Kernel } from "../../ir/kernel.ts";
import { freeLoops, visit } from "../../ir/walk.ts";
import { copyTo } from "../copies.ts";
import type { Refused } from "../draft.ts";
import { findBatches } from "../sharing.ts";
import { isShared } from "../site.ts";
import { findSplits, settleTest, splitNodes } from "../splits.ts";
import { soleReduction } from "../transforms/lanes.ts";
import { divideFactors, factorsOf } from "./factors.ts";
import { walkRuns } from "./runs.ts";
import { orderByCost } from "./walkOrder.ts";

/** An element of an earlier stage that a side of the product reads. */
export type StageRead = Extract<Expr, { kind: "read" }>;

/** One side of the product: an expression over its own loops. */
export interface Side {
  readonly value: Expr;
  /** What it reads of stages that are stored, each element once. */
  readonly stages: readonly StageRead[];
}

/** A stage as a contraction. Loops start at 0, but for those of `k`, whose bounds may need loops before them. */
export interface Contraction {
  readonly stage: Gather;
  /** Output loops on which both sides depend, or neither. */
  readonly b: readonly Loop[];
  /** Output loops of F alone. */
  readonly m: readonly Loop[];
  /** Output loops of S alone; the innermost of them is walked along memory. */
  readonly p: readonly Loop[];
  /** The loops of the sum, outermost first: the last one is that along which least of a term changes. */
  readonly k: readonly Loop[];
  readonly f: Side;
  readonly s: Side;
  /** The place of the element in the stage: a position for each loop of its domain. */
  readonly at: readonly Expr[];
  /** The element, which reads `sum`. */
  readonly element: Expr;
  /** The sum as it stands in `element`: its value is `from` plus all products. */
  readonly sum: Expr;
  readonly from: Expr;
}

/**
 * `stage` of `kernel`, in whose stages only what is stored is read, as a contraction; or why it is none. Axes
 * that are used through their block owners are cut there. `names` gets the author's names of what is made.
 * A product whose term is under a test has the test in a factor: 0 there meets the other side, as in a padded
 * image.
 */
export function recognise(
  kernel: Kernel,
  stage: Gather,
  names: Map<Expr | Loop, string>,
): Contraction | Refused {
  const of = soleReduction(stage);
  if (typeof of === "string") return { refused: of };
  if (stage.parts.length > 1 || of.bodies.length > 1)
    return { refused: `an element of ${stage.name} is made of several numbers` };
  const uneven = stage.domain.find((l) => !isShared(l));
  if (uneven)
    return {
      refused: `how far ${uneven.axis} of ${stage.name} runs depends on indices or on data`,
    };
  const loose = of.over.find((l) => !isKnown(l));
  if (loose)
    return { refused: `how far the sum of ${stage.name} runs over ${loose.axis} depends on data` };

  const cut = cutAtOwners(kernel, stage, of, names);
  const outer = new Set(cut.domain);
  const bound = cut.sum.over.find((l) =>
    [l.lo, l.hi].some((e) => [...freeLoops(e)].some((x) => outer.has(x))),
  );
  if (bound)
    return {
      refused: `how far the sum of ${stage.name} runs over ${bound.axis} depends on indices`,
    };
  const factors = factorsOf(cut.sum.bodies[0]!);
  if (factors.length < 2) return { refused: `the sum of ${stage.name} is not of products` };
  const sides = divideFactors(factors, cut.domain);
  if (!sides)
    return { refused: `no two factors in the sum of ${stage.name} have output axes of their own` };
  const { b, m, p } = sides;
  for (const [loops, what] of [
    [m, "one"],
    [p, "the other"],
  ] as const) {
    const count = countOf(loops);
    if (count !== undefined && count < least)
      return { refused: `${what} factor in the sum of ${stage.name} has ${count} elements only` };
  }
  const runs = walkRuns(
    { over: cut.sum.over, values: [productOf(sides.f), productOf(sides.s)] },
    factsOf(kernel),
    names,
  );
  const [f, s] = runs.values as readonly [Expr, Expr];
  return {
    stage,
    b,
    m,
    p,
    k: orderByCost(runs.over, [f, s], findBatches(kernel)),
    f: sideOf(f),
    s: sideOf(s),
    at: cut.at,
    element: cut.element,
    sum: cut.part,
    from: cut.sum.from[0]!,
  };
}

/** A stage that a schedule has found to be a contraction, as one. */
export function recogniseStage(
  kernel: Kernel,
  name: string,
  names: Map<Expr | Loop, string>,
): Contraction {
  const stage = kernel.stages.find((s) => s.name === name);
  if (stage?.kind !== "gather") throw new Error(`no stage named ${name} has elements of its own`);
  const found = recognise(kernel, stage, names);
  if ("refused" in found) throw new Error(found.refused);
  return found;
}

/** All that a contraction computes. */
export const valuesIn = ({ f, s, element, from }: Contraction): readonly Expr[] => [
  f.value,
  s.value,
  element,
  from,
];

/** The same contraction with some of its output loops among those of the batch. */
export const withBatch = (c: Contraction, moved: ReadonlySet<Loop>): Contraction => {
  const rest = (loops: readonly Loop[]) => loops.filter((l) => !moved.has(l));
  const b = [...c.m, ...c.p].filter((l) => moved.has(l));
  return { ...c, b: [...c.b, ...b], m: rest(c.m), p: rest(c.p) };
};

/** The same contraction with its sides exchanged, for where the other one is better walked along vectors. */
export const transposed = (c: Contraction): Contraction => ({
  ...c,
  m: c.p,
  p: c.m,
  f: c.s,
  s: c.f,
});

/** Fewer elements than this are not worth a tile. */
const least = 4;

/** How many elements loops of constant bounds have. */
function countOf(loops: readonly Loop[]): number | undefined {
  const extents = loops.map(({ hi }) => (hi.kind === "const" ? hi.value : undefined));
  return extents.reduce(
    (n, extent) => (n === undefined || extent === undefined ? undefined : n * extent),
    1 as number | undefined,
  );
}

/** Do the bounds of a loop depend on no data? */
function isKnown({ lo, hi }: Loop): boolean {
  let reads = false;
  visit([lo, hi], (e) => {
    reads ||= e.kind === "read" || e.kind === "part";
  });
  return !reads;
}

const sideOf = (value: Expr): Side => {
  const stages = new Set<StageRead>();
  visit([value], (e) => {
    if (e.kind === "read" && e.axes.length === 0) stages.add(e);
  });
  return { value, stages: [...stages] };
};

/** The product of factors, of which tests choose between it and 0. */
function productOf(factors: readonly Expr[]): Expr {
  const tests = factors.filter((e) => kindOf(e) === "bool");
  const numbers = factors.filter((e) => kindOf(e) !== "bool");
  const product = numbers.reduce<Expr>((a, b) => make("mul", a, b), constant(1, "acc"));
  if (tests.length === 0) return product;
  return select(
    tests.reduce((a, b) => make("and", a, b)),
    product,
    constant(0, "acc"),
  );
}

/** The stage's loops, place and element after cutting axes at their owners. */
function cutAtOwners(kernel: Kernel, stage: Gather, of: Reduce, names: Map<Expr | Loop, string>) {
  const facts = factsOf(kernel);
  const splits = findSplits(stage.parts, stage.domain, facts, names);
  const domain = stage.domain.flatMap((l) => {
    const split = splits.get(l);
    return split ? [split.block, split.within] : [l];
  });
  const insideOf = (l: Loop): Expr => index(splits.get(l)!.within);
  const at = stage.domain.map((l) => splits.get(l)?.whole(insideOf(l)) ?? index(l));
  for (const [d, l] of stage.domain.entries()) {
    const author = names.get(l);
    if (author !== undefined && splits.has(l)) names.set(at[d]!, author);
  }
  const copy = copyTo(
    {
      count: 1,
      indices: new Map(stage.domain.map((l, d) => [l, [at[d]!]])),
      nodes: splitNodes(splits, 1, (l) => [insideOf(l)]),
      settle: (e) => fold(settleTest(e, facts)),
      order: (over) => over,
    },
    (from, to) => {
      const name = names.get(from);
      if (name !== undefined && !names.has(to)) names.set(to, name);
    },
  );
  const element = copy(stage.parts[0]!)[0]!;
  const part = copy(partOf(of, 0))[0]!;
  if (part.kind !== "part") throw new Error(`the sum of ${stage.name} is no longer one`);
  return { domain, at, element, part, sum: part.of };
}
