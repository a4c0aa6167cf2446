// How a launch walks the domain of its stages: which loops it runs, and what each step of them computes.

import { allOf, freshLoop, make, select } from "../ir/build.ts";
import { type Expr, index, int, type Loop } from "../ir/expr.ts";
import { type Facts, factsOf } from "../ir/facts.ts";
import type { Gather, Kernel, Stage } from "../ir/kernel.ts";
import { freeLoops } from "../ir/walk.ts";
import { copyTo } from "./copies.ts";
import { isShared } from "./site.ts";
import { findSplits, type Split, settleTest, splitNodes } from "./splits.ts";

/** What is asked of a stage's domain other than that its loops run as declared. */
export interface Walking {
  /** The axes that run innermost, the last one innermost of all; the others stay outside, in their order. */
  readonly inner: readonly string[];
  /** Axes of which a step computes `by` elements at once. */
  readonly jams: readonly { readonly axis: string; readonly by: number }[];
  /** The axes that the walks of its sums run innermost, the last one innermost of all. */
  readonly sums: readonly string[];
  /** How many steps of the innermost loop run at once; one after another where absent. */
  readonly vector?: number;
}

/** Nothing is asked. */
export const asDeclared: Walking = { inner: [], jams: [], sums: [] };

/** One element of a gather, as a step of the loops around computes it. */
export interface Element {
  readonly stage: Gather;
  /** Its place: a position for each loop of the stage's domain. */
  readonly at: readonly Expr[];
  readonly parts: readonly Expr[];
  /** The test that there is such an element; absent where that is certain. */
  readonly when: Expr | undefined;
}

/** Loops in each other, and one after another where the rest of an axis is walked apart. */
export type Walk =
  | { readonly kind: "loop"; readonly loop: Loop; readonly inner: readonly Walk[] }
  | { readonly kind: "step"; readonly elements: readonly Element[] };

/** The loops of a walk that does not part. */
export const loopsOf = ([first, ...more]: readonly Walk[]): readonly Loop[] =>
  first?.kind === "loop" && more.length === 0 ? [first.loop, ...loopsOf(first.inner)] : [];

/** What is walked inside the outermost `depth` loops of a walk that does not part there. */
export const insideOf = (walk: readonly Walk[], depth: number): readonly Walk[] =>
  walk[0]?.kind === "loop" && depth > 0 ? insideOf(walk[0].inner, depth - 1) : walk;

/** What the steps of a walk compute, of all of them. */
export const elementsOf = (walk: readonly Walk[]): readonly Element[] =>
  walk.flatMap((part) => (part.kind === "loop" ? elementsOf(part.inner) : part.elements));

/** The name of each loop of a domain: axes may repeat (a split axis does), and the place tells them apart. */
export const axisNames = (domain: readonly Loop[]): readonly string[] =>
  domain.map(({ axis }, d) =>
    domain.findIndex((l) => l.axis === axis) === d ? axis : `${axis}_${d}`,
  );

/** What stands for one loop of a domain while the walk is made: its places, each with the test that it exists. */
interface Spot {
  readonly at: Expr;
  readonly exists: Expr | undefined;
}

/** A loop of the walk: that of an axis, of the blocks that own its indices, or of what is inside one of them. */
interface Way {
  /** The loop of the domain whose places it decides; absent for one of blocks. */
  readonly of: Loop | undefined;
  readonly loop: Loop;
  readonly by: number;
}

/** How a walk lies among others. */
interface Surroundings {
  /** The rest of an axis is walked apart; else the last run is cut short by tests, as threads need it. */
  readonly apart: boolean;
  /** Loops that run outermost, in this order. */
  readonly outer?: readonly Loop[];
  /** Loops that run already. */
  readonly around?: readonly Loop[];
}

/**
 * The walk of a launch's stages. Steps that compute several elements run over whole runs of their axis; what
 * remains is walked `apart`, or (where the loops are shared out among threads) the last run is cut short by
 * tests. `names` gets the author's names of what is made.
 */
export function walkDomain(
  kernel: Kernel,
  stages: readonly Stage[],
  walking: Walking,
  { apart, outer = [], around = [] }: Surroundings,
  names: Map<Expr | Loop, string>,
): readonly Walk[] {
  const [stage] = stages;
  const domain = stage?.domain ?? [];
  if (stage?.kind !== "gather") return nest(domain, { kind: "step", elements: [] });
  const { inner, jams, sums } = walking;
  if (inner.length + jams.length + sums.length + outer.length + around.length === 0) {
    const at = domain.map(index);
    return nest(domain, {
      kind: "step",
      elements: [{ stage, at, parts: stage.parts, when: undefined }],
    });
  }

  const called = axisNames(domain);
  const moved = [...inner, ...jams.map(({ axis }) => axis)].map(
    (axis) => domain[called.indexOf(axis)]!,
  );
  const facts = factsOf(kernel);
  const splits = findSplits(stage.parts, moved, facts, names);
  const cuts = { splits, facts, sums };
  const ways = domain.flatMap((l, d): Way[] => {
    const by = jams.find(({ axis }) => axis === called[d])?.by ?? 1;
    const split = splits.get(l);
    if (!split) return [{ of: l, loop: l, by }];
    return [
      { of: undefined, loop: split.block, by: 1 },
      { of: l, loop: split.within, by },
    ];
  });
  const rank = ({ of }: Way): number => {
    if (!of) return -1;
    const first = outer.indexOf(of);
    return first < 0 ? inner.indexOf(called[domain.indexOf(of)]!) : first - outer.length - 1;
  };
  const sorted = ways
    .filter(({ of }) => !(of && around.includes(of)))
    .toSorted((a, b) => rank(a) - rank(b));

  const open = (
    [way, ...rest]: readonly Way[],
    spots: ReadonlyMap<Loop, readonly Spot[]>,
  ): Walk[] => {
    if (!way) return [{ kind: "step", elements: elementsAt(stage, spots, cuts, names) }];
    const { of, loop, by } = way;
    const next = (opened: Loop, found: readonly Spot[]): Walk => ({
      kind: "loop",
      loop: opened,
      inner: open(rest, of ? new Map(spots).set(of, found) : spots),
    });
    return runsAlong(loop, by, apart, of === loop, names).map(([opened, found]) =>
      next(opened, found),
    );
  };
  const standing = around.map((l) => [l, [{ at: index(l), exists: undefined }]] as const);
  return open(sorted, new Map(standing));
}

/**
 * The loops that walk an axis `by` places at once, each with the places of a step. `named` says that these are
 * places of the whole axis, which have the author's name; in an axis that is cut they are places in a block.
 */
function runsAlong(
  loop: Loop,
  by: number,
  apart: boolean,
  named: boolean,
  names: Map<Expr | Loop, string>,
): readonly (readonly [Loop, readonly Spot[]])[] {
  if (by === 1) return [[loop, [{ at: index(loop), exists: undefined }]]];
  const author = names.get(loop) ?? axisWord(loop.axis);
  const runs = apart ? loop.hi : make("add", loop.hi, int(by - 1));
  const run = freshLoop(loop.axis, int(0), make("idiv", runs, int(by)));
  names.set(run, `${author}_run`);
  const start = make("mul", index(run), int(by));
  const spots = Array.from({ length: by }, (_, q): Spot => {
    const at = make("add", start, int(q));
    if (apart || q === 0) return { at, exists: undefined };
    const exists = make("lt", at, loop.hi);
    names.set(exists, `has_${author}`);
    return { at: select(exists, at, start), exists };
  });
  if (named) for (const { at } of spots) names.set(at, author);
  if (!apart) return [[run, spots]];
  const rest = freshLoop(loop.axis, make("mul", run.hi, int(by)), loop.hi);
  names.set(rest, author);
  return [
    [run, spots],
    [rest, [{ at: index(rest), exists: undefined }]],
  ];
}

/** An axis in a name; a fixed size is no name. */
const axisWord = (axis: string): string => (/^\d/.test(axis) ? "part" : axis.toLowerCase());

/** Loops in each other around one walk. */
const nest = (loops: readonly Loop[], inside: Walk): readonly Walk[] =>
  loops.reduceRight<readonly Walk[]>((inner, loop) => [{ kind: "loop", loop, inner }], [inside]);

/** What elements are made with. */
interface Cuts {
  readonly splits: ReadonlyMap<Loop, Split>;
  readonly facts: Facts;
  readonly sums: readonly string[];
}

/** The elements of a step: one for each combination of the places of its axes. */
function elementsAt(
  stage: Gather,
  spots: ReadonlyMap<Loop, readonly Spot[]>,
  { splits, facts, sums }: Cuts,
  names: Map<Expr | Loop, string>,
): readonly Element[] {
  let combined: readonly (readonly (Spot & { readonly inside: Expr })[])[] = [[]];
  for (const l of stage.domain) {
    const { whole } = splits.get(l) ?? {};
    const own = spots
      .get(l)!
      .map(({ at, exists }) => ({ at: whole ? whole(at) : at, inside: at, exists }));
    const author = names.get(l);
    for (const { at } of own) if (author !== undefined && at !== index(l)) names.set(at, author);
    combined = combined.flatMap((before) => own.map((spot) => [...before, spot]));
  }
  const copy = copyTo(
    {
      count: combined.length,
      indices: new Map(stage.domain.map((l, d) => [l, combined.map((spot) => spot[d]!.at)])),
      nodes: splitNodes(splits, combined.length, (l) =>
        combined.map((spot) => spot[stage.domain.indexOf(l)]!.inside),
      ),
      settle: (e) => settleTest(e, facts),
      order: (over) => orderSum(over, sums),
    },
    (from, to) => {
      const name = names.get(from);
      if (name !== undefined && !names.has(to)) names.set(to, name);
    },
  );
  const parts = stage.parts.map(copy);
  return combined.map((spot, q) => ({
    stage,
    at: spot.map(({ at }) => at),
    parts: parts.map((copies) => copies[q]!),
    when: allOf(spot.flatMap(({ exists }) => exists ?? [])),
  }));
}

/** The loops of a sum with some axes innermost; as they are where a bound would be used before it is known. */
export function orderSum(over: readonly Loop[], inner: readonly string[]): readonly Loop[] {
  const rank = ({ axis }: Loop): number => inner.indexOf(axis);
  const sorted = over.toSorted((a, b) => rank(a) - rank(b));
  const known = (l: Loop, d: number): boolean =>
    [l.lo, l.hi].every((e) => sorted.slice(d).every((later) => !freeLoops(e).has(later)));
  return sorted.every(known) ? sorted : over;
}

/** Why axes of a stage cannot be walked otherwise, or nothing. */
export function refuseAxes(stage: Stage, axes: readonly string[]): string | undefined {
  const called = axisNames(stage.domain);
  const unknown = axes.find((axis) => !called.includes(axis));
  if (unknown !== undefined)
    return `${stage.name} has no axis ${unknown}; it has ${called.join(", ")}`;
  const twice = axes.find((axis, i) => axes.indexOf(axis) !== i);
  if (twice !== undefined) return `the axis ${twice} of ${stage.name} is named twice`;
  const loopOf = (axis: string): Loop => stage.domain[called.indexOf(axis)]!;
  const bound = axes.find((axis) => !isShared(loopOf(axis)));
  if (bound !== undefined)
    return `how far ${bound} of ${stage.name} runs depends on other indices or on data`;
  const needed = new Set(stage.domain.flatMap((l) => [...freeLoops(l.lo), ...freeLoops(l.hi)]));
  const used = axes.find((axis) => needed.has(loopOf(axis)));
  return used === undefined
    ? undefined
    : `how far other loops of ${stage.name} run depends on the index over ${used}`;
}
