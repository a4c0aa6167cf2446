// Walks over indices: reductions, stages and results.

import type { ts } from "ts-morph";
import { domain, freshLoop, KindError, partOf, reduce } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop, type Reduce } from "../ir/expr.ts";
import { exprOf, fail, type Run } from "./run.ts";
import { type Axis, list, type Source, type Stored, scalar, type Value } from "./values.ts";

/** The ranges of a walk as loops that stand for themselves until the walk is built. */
function openLoops(run: Run, over: Value | undefined, node: ts.Node): Loop[] {
  if (over?.is !== "list" || over.items.length === 0)
    return fail(run, "WW143", node, "the first argument is an array of the axes or ranges to walk");
  return over.items.map((range) => {
    if (range.is === "axis") return freshLoop(range.axis, int(0), range.size);
    if (range.is === "range") return freshLoop(range.axis, range.lo, range.hi, range.cover);
    return fail(run, "WW143", node, "ranges are axes, and what span, samples and steps give");
  });
}

/** The body of a walk at the indices of its loops, part by part. */
function bodyAt(run: Run, f: Value | undefined, loops: readonly Loop[], node: ts.Node) {
  if (!f) return fail(run, "WW122", node, "the second argument is a function of the indices");
  run.depth++;
  const declaring = run.declaring;
  run.declaring = undefined;
  const value = run.apply(
    f,
    loops.map((l) => scalar(index(l))),
    node,
  );
  run.declaring = declaring;
  run.depth--;
  return { tuple: value.is === "list", parts: partsOf(run, value, node) };
}

const partsOf = (run: Run, v: Value, node: ts.Node): Expr[] =>
  v.is === "list" ? v.items.map((item) => exprOf(run, item, node)) : [exprOf(run, v, node)];

/** `sum`, `sums` and `max`: a reduction that starts from `from`. */
export function reduceOver(
  run: Run,
  op: Reduce["op"],
  [over, f]: readonly Value[],
  from: Value,
  node: ts.Node,
): Value {
  const loops = openLoops(run, over, node);
  const { mark } = run.names;
  const { tuple, parts } = bodyAt(run, f, loops, node);
  const start = partsOf(run, from, node);
  if (start.length !== parts.length || tuple !== (from.is === "list"))
    return fail(run, "WW130", node, "the walk gives tuples of another length than its start");
  const built = reduce(op, loops, parts, start);
  run.names.rename(mark, loops, built.over);
  const results = parts.map((_, i) => scalar(partOf(built, i)));
  return tuple ? list(results) : results[0]!;
}

/** `stage` and `tensor`: a named tensor whose element at each index is `f` of it. */
export function declareStage(
  run: Run,
  kind: "stage" | "tensor",
  [over, f]: readonly Value[],
  node: ts.Node,
): Value {
  if (run.depth > 0)
    return fail(run, "WW140", node, `${kind} stands outside of the elements of other tensors`);
  const wanted = run.declaring ?? (kind === "tensor" ? "output" : undefined);
  if (wanted === undefined)
    return fail(run, "WW140", node, "a stage is named by the const it is assigned to");
  const dims = dimensionsOf(run, kind, over, node);
  const loops = openLoops(run, list(dims.flat()), node);
  if (new Set(loops.map((l) => l.axis)).size !== loops.length)
    return fail(run, "WW143", node, `${kind} has each axis once`);
  const { mark } = run.names;
  const { tuple, parts } = bodyAt(run, f, loops, node);
  if (parts.length === 0) return fail(run, "WW130", node, "an element has at least one part");
  const kinds = parts.map((part) => storedKind(kindOf(part)));
  const placed = domain(loops, parts);
  run.names.rename(mark, loops, placed.domain);
  const name = nameStage(run, wanted);
  run.stages.push({ kind: "gather", name, ...placed, dims: dims.map((axes) => axes.length) });
  const sizes = new Map(loops.map((l) => [l.axis, l.hi]));
  const named = dims.map((axes) => axes.map(({ axis }) => axis));
  const source: Source = { name, stage: true, dims: named, sizes, parts: kinds, tuple };
  return { is: "tensor", source };
}

/** The axes of each dimension of a stage: an axis alone, or a list of those that make it up. */
function dimensionsOf(
  run: Run,
  kind: "stage" | "tensor",
  over: Value | undefined,
  node: ts.Node,
): readonly (readonly Axis[])[] {
  if (over?.is !== "list" || over.items.length === 0)
    return fail(run, "WW143", node, `the first argument of ${kind} is an array of its axes`);
  return over.items.map((item) => {
    const axes = item.is === "list" ? item.items : [item];
    if (axes.length === 0)
      return fail(run, "WW143", node, "a dimension of several axes has at least one");
    return axes.map((axis) =>
      axis.is === "axis" ? axis : fail(run, "WW143", node, `${kind} walks whole axes`),
    );
  });
}

function storedKind(kind: ReturnType<typeof kindOf>): Stored {
  if (kind === "bool") throw new KindError("an element is a number, not a test (boolean)");
  return kind;
}

/** The name itself, or with a number after it where it is taken; a result has the name it is returned by. */
function nameStage(run: Run, name: string): string {
  // A name that all targets can spell.
  const spelled = name.replaceAll(/\W/g, "_");
  const wanted = /^[A-Za-z]/.test(spelled) ? spelled : `stage${spelled}`;
  const results = new Set(run.renamed.values());
  const next = (isFree: (name: string) => boolean): string => {
    let name = wanted;
    for (let i = 2; !isFree(name); i++) name = `${wanted}_${i}`;
    run.taken.add(name);
    return name;
  };
  const free = next((candidate) => !run.taken.has(candidate));
  const result = run.renamed.get(free);
  if (result !== undefined) return result;
  return results.has(free) ? next((n) => !run.taken.has(n) && !results.has(n)) : free;
}
