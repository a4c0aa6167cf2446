// Stages of which memory holds one slab at a time: so many indices of outer axes. All launches that make or read
// them run for one slab after another, so that what is large is small, and near.

import { extentOf, freshLoop, make, partOf } from "../ir/build.ts";
import { type Expr, index, int, type Loop, read, reduceNode } from "../ir/expr.ts";
import {
  type AxisDecl,
  type Gather,
  type Kernel,
  rootsOf,
  type SlabAxis,
  type Stage,
} from "../ir/kernel.ts";
import { rewrite, substitute, visit } from "../ir/walk.ts";
import { axisNames } from "./domain.ts";
import { findMembers, type Member } from "./slabMembers.ts";

/** Which stages are made a slab at a time, along which axes, and how many numbers the largest is to have at most. */
export interface Slabs {
  readonly stages: readonly string[];
  /** Outermost first. */
  readonly axes: readonly string[];
  readonly most: number;
}

/** A stage of which one launch makes some of the elements: those at `first` and after in each dimension. */
export interface Part extends Gather {
  /** The loops over all of its elements, for its shape. */
  readonly whole: readonly Loop[];
  /** Where the launch begins, by dimension; absent where it makes all. */
  readonly first: readonly (Expr | undefined)[];
}

/** Does a launch make some elements of a stage only? */
export const isPart = (stage: Stage): stage is Part => "whole" in stage;

/** The loops over all elements of a stage in memory. */
export const shapeOf = (stage: Stage): readonly Loop[] =>
  isPart(stage) ? stage.whole : stage.kind === "gather" ? stage.domain : stage.shape;

/** The place in memory of what a launch makes at `at`. */
export const placeOf = (stage: Stage, at: readonly Expr[]): readonly Expr[] =>
  at.map((p, d) => {
    const first = isPart(stage) ? stage.first[d] : undefined;
    return first ? make("add", first, p) : p;
  });

/** Why stages cannot be made a slab at a time, or nothing. */
export function refuseSlabs(kernel: Kernel, { stages, axes }: Slabs): string | undefined {
  const found = findMembers(kernel, stages, axes);
  return "refused" in found ? found.refused : undefined;
}

/** A kernel whose stages compute a slab, and how its launches run. */
export interface WithSlabs {
  readonly kernel: Kernel;
  readonly axes: readonly SlabAxis[];
  /** Those whose elements each slab adds to. */
  readonly adding: ReadonlySet<string>;
  /** How many indices of each axis a slab has at most, and how many slabs there are. */
  readonly sizes: readonly AxisDecl[];
}

/** `kernel` with all that makes or reads these stages computing a slab of them; `held` ones are made where they are read. */
export function placeSlabs(kernel: Kernel, slabs: Slabs, held: ReadonlySet<string>): WithSlabs {
  const readers = (name: string) =>
    kernel.stages.filter((s) => {
      let reads = false;
      visit(rootsOf(s), (e) => {
        reads ||= e.kind === "read" && e.from === name;
      });
      return reads;
    });
  const first = findMembers(kernel, slabs.stages, slabs.axes);
  if ("refused" in first) throw new Error(first.refused);
  const more = [...held].filter((name) => readers(name).some((s) => first.has(s)));
  const made = [...slabs.stages, ...more];
  const members = findMembers(kernel, made, slabs.axes);
  if ("refused" in members) throw new Error(members.refused);
  const taken = new Set([
    ...kernel.axes.map(({ axis }) => axis),
    ...kernel.tensors.flatMap((t) => t.dims.flat()),
  ]);
  const { loops: own } = members.get(kernel.stages.find((s) => s.name === slabs.stages[0])!)!;
  const name = (axis: string, what: string): string => {
    let given = `${axis}_${what}`;
    while (taken.has(given)) given += "_";
    return given;
  };
  const axes = slabs.axes.map(
    (axis, d): SlabAxis => ({
      axis,
      first: name(axis, "first"),
      count: name(axis, "count"),
      most: name(axis, "most"),
      slabs: name(axis, "slabs"),
      whole: own[d]!.hi,
    }),
  );
  const names = new Map(kernel.names);
  const renamed = new Map<Loop, Loop>();
  const rename = (l: Loop, d: number): Loop => {
    const next = renamed.get(l) ?? freshLoop(l.axis, int(0), extentOf(axes[d]!.count), l.cover);
    renamed.set(l, next);
    const author = names.get(l);
    if (author !== undefined) names.set(next, author);
    return next;
  };
  const inside = new Set(made);
  const stages = kernel.stages.map((stage): Stage => {
    const member = members.get(stage);
    return member ? takeSlab(stage, member, { axes, rename, inside, names }) : stage;
  });
  const adding = [...members].flatMap(([{ name: of }, { sum }]) => (sum ? [of] : []));
  const sizes = [...members.keys()].flatMap((s) =>
    slabs.stages.includes(s.name) && s.kind === "gather" ? [restOf(s, slabs.axes)] : [],
  );
  return {
    kernel: { ...kernel, stages, names, slabs: axes },
    axes,
    adding: new Set(adding),
    sizes: chooseSizes(
      axes,
      sizes.reduce((a, b) => make("maximum", a, b)),
      slabs.most,
    ),
  };
}

/** How many numbers a stage has for each index of the axes of slabs. */
const restOf = ({ domain }: Gather, axes: readonly string[]): Expr => {
  const names = axisNames(domain);
  return domain
    .filter((_, d) => !axes.includes(names[d]!))
    .reduce<Expr>((n, l) => make("mul", n, l.hi), int(1));
};

/** As many indices as fit: of an outer axis several only where all of those inside fit. */
const chooseSizes = (axes: readonly SlabAxis[], rest: Expr, numbers: number): readonly AxisDecl[] =>
  axes.flatMap(({ most, slabs, whole }, d) => {
    const each = axes.slice(d + 1).reduce((n, inner) => make("mul", n, inner.whole), rest);
    const fit = make("idiv", int(numbers), make("maximum", int(1), each));
    const own = extentOf(most);
    const all = make("add", whole, make("sub", own, int(1)));
    return [
      { axis: most, size: make("maximum", int(1), make("minimum", whole, fit)) },
      { axis: slabs, size: make("maximum", int(1), make("idiv", all, own)) },
    ];
  });

interface Taking {
  readonly axes: readonly SlabAxis[];
  readonly rename: (l: Loop, d: number) => Loop;
  readonly inside: ReadonlySet<string>;
  readonly names: Map<Expr | Loop, string>;
}

/** A stage whose loops over these axes run over one slab. */
function takeSlab(stage: Stage, { loops, sum }: Member, taking: Taking): Stage {
  const { axes, rename, inside, names } = taking;
  const firsts = axes.map(({ first }) => extentOf(first));
  const own = new Map(loops.map((l, d) => [l, rename(l, d)]));
  const at = new Map<Loop, Expr>(
    loops.map((l, d) => [l, make("add", firsts[d]!, index(own.get(l)!))]),
  );
  const keep = (from: Expr, to: Expr): void => {
    const name = names.get(from);
    if (name !== undefined && !names.has(to)) names.set(to, name);
  };
  /** Memory holds the slab alone, so reads of it begin with its first index. */
  const inSlab = (p: Expr): Expr =>
    p.kind === "op" && p.op === "add" && firsts.includes(p.args[0]!) ? p.args[1]! : p;
  const moved = (roots: readonly Expr[]): readonly Expr[] =>
    rewrite(substitute(roots, at, keep), (e) =>
      e.kind === "read" && inside.has(e.from) ? read({ ...e, at: e.at.map(inSlab) }) : e,
    );
  const domain = stage.domain.map((l) => own.get(l) ?? l);
  if (stage.kind === "scatter")
    return {
      ...stage,
      domain,
      at: moved(stage.at),
      when: moved([stage.when])[0]!,
      values: moved(stage.values),
    };
  const parts = sum
    ? [
        partOf(
          reduceNode({
            ...sum,
            over: sum.over.map((l) => own.get(l) ?? l),
            bodies: [...moved(sum.bodies)],
          }),
          0,
        ),
      ]
    : moved(stage.parts);
  const made = { ...stage, domain, parts };
  if (inside.has(stage.name) || !stage.domain.some((l) => own.has(l))) return made;
  const first = stage.domain.map((l) => {
    const d = loops.indexOf(l);
    return d < 0 ? undefined : firsts[d];
  });
  const part: Part = { ...made, whole: stage.domain, first };
  return part;
}
