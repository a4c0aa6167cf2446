// Building expressions: promotion of kinds, constant folding, and reductions up to renaming.

import {
  cast,
  constant,
  type Expr,
  int,
  type Kind,
  kindOf,
  type Loop,
  loop,
  op,
  part,
  type Reduce,
  reduceNode,
  select as selectNode,
  size,
} from "./expr.ts";
import { type OpName, ops } from "./ops.ts";
import { levelOf, type Moved, substitute } from "./walk.ts";

/** A combination of kinds that has no meaning; the message is a sentence for the author. */
export class KindError extends Error {}

const rank: Readonly<Record<Kind, number>> = { bool: -1, int: 0, coord: 1, data: 2, acc: 2 };

/** The kind in which values of these kinds meet: int < coord < acc; data counts as acc. */
export function meet(kinds: readonly Kind[]): Exclude<Kind, "data"> {
  if (kinds.every((kind) => kind === "bool")) return "bool";
  if (kinds.includes("bool")) throw new KindError("a test (boolean) is not a number");
  const top = Math.max(...kinds.map((kind) => rank[kind]));
  return top === 0 ? "int" : top === 1 ? "coord" : "acc";
}

/** `e` as a value of kind `to`; a constant is converted at once. */
export function convert(to: Kind, e: Expr): Expr {
  if (e.kind === "const" && e.type !== to && to !== "data" && to !== "bool")
    return constant(e.value, to);
  return cast(to, e);
}

/** `name` applied to operands of any fitting kinds: they are promoted to the kind they meet in. */
export function make(name: OpName, ...args: readonly Expr[]): Expr {
  const { takes } = ops[name];
  let kind = meet(args.map(kindOf));
  if (takes === "logic" && kind !== "bool")
    throw new KindError(`${name} takes tests (booleans), not numbers`);
  if (takes !== "logic" && kind === "bool")
    throw new KindError(`${name} takes numbers, not tests (booleans)`);
  if (takes === "int" && kind !== "int")
    throw new KindError(
      `${name} takes ints; use floor, ceil or round to make one of a real number`,
    );
  if (kind === "int" && (takes === "real" || takes === "toInt")) kind = "coord";
  const promoted = args.map((arg) => convert(kind, arg));
  if (takes === "toInt" && args.every((arg) => kindOf(arg) === "int")) return args[0]!;
  return fold(op(name, ...promoted));
}

/** The two values in the kind they meet in; the condition is a test. */
export function select(cond: Expr, then: Expr, otherwise: Expr): Expr {
  if (kindOf(cond) !== "bool") throw new KindError("a condition is a test (boolean), not a number");
  const kind = meet([kindOf(then), kindOf(otherwise)]);
  return fold(selectNode(cond, convert(kind, then), convert(kind, otherwise)));
}

/** A loop whose index stands in a body until the reduction around it is built. */
export const freshLoop = (axis: string, lo: Expr, hi: Expr, cover = false): Loop => ({
  axis,
  lo,
  hi,
  level: Number.POSITIVE_INFINITY,
  cover,
});

/** A new loop for each of a walk, whose bounds may follow those before: so that a body is taken apart without capture. */
export function freshLoops(over: readonly Loop[], moved?: Moved): ReadonlyMap<Loop, Loop> {
  const to = new Map<Loop, Loop>();
  for (const l of over) {
    const [lo, hi] = substitute([l.lo, l.hi], to, moved);
    to.set(l, freshLoop(l.axis, lo!, hi!, l.cover));
  }
  return to;
}

/**
 * A reduction over loops made by `freshLoop`. Its loops become canonical: their level is one more than the
 * deepest reduction inside, so two reductions that differ only in names are one object.
 */
export function reduce(
  name: Reduce["op"],
  over: readonly Loop[],
  bodies: readonly Expr[],
  from: readonly Expr[],
  moved?: Moved,
): Reduce {
  const kinds = bodies.map((body, i) => meet([kindOf(body), kindOf(from[i]!)]));
  const inner = Math.max(
    0,
    ...bodies.map(levelOf),
    ...over.flatMap((l) => [l.lo, l.hi]).map(levelOf),
  );
  const canonical = new Map<Loop, Loop>();
  const rename = (e: Expr): Expr => substitute([e], canonical)[0]!;
  over.forEach((l, d) => {
    const level = inner + over.length - d;
    canonical.set(l, loop({ ...l, lo: rename(l.lo), hi: rename(l.hi), level }));
  });
  return reduceNode({
    kind: "reduce",
    op: name,
    over: over.map((l) => canonical.get(l)!),
    bodies: substitute(bodies, canonical, moved).map((body, i) => convert(kinds[i]!, body)),
    from: from.map((start, i) => convert(kinds[i]!, start)),
  });
}

/**
 * The domain of a stage over loops made by `freshLoop`, outermost first, and its parts in terms of it. Like
 * those of a reduction its loops become canonical, so stages that differ only in names have equal parts.
 */
export function domain(
  over: readonly Loop[],
  parts: readonly Expr[],
  moved?: Moved,
): { readonly domain: readonly Loop[]; readonly parts: readonly Expr[] } {
  const bounds = over.flatMap((l) => [l.lo, l.hi]);
  const inner = Math.max(0, ...[...parts, ...bounds].map(levelOf));
  const canonical = new Map<Loop, Loop>();
  const rename = (e: Expr): Expr => substitute([e], canonical)[0]!;
  over.forEach((l, d) => {
    const level = inner + over.length - d;
    canonical.set(l, loop({ ...l, lo: rename(l.lo), hi: rename(l.hi), level }));
  });
  return { domain: over.map((l) => canonical.get(l)!), parts: substitute(parts, canonical, moved) };
}

/** The parts of a conjunction. */
export const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === "op" && e.op === "and" ? e.args.flatMap(conjuncts) : [e];

/** All of `tests`, each once. */
export const allOf = (tests: readonly Expr[]): Expr | undefined =>
  [...new Set(tests)].reduce<Expr | undefined>((a, b) => (a ? make("and", a, b) : b), undefined);

/** The size of a named axis; a numeral is its own size. */
export const extentOf = (axis: string): Expr =>
  /^\d+$/.test(axis) ? int(Number(axis)) : size(axis);

/** Part `which` of a reduction. */
export const partOf = (of: Reduce, which: number): Expr => part(of, which);

const isConst = (e: Expr, value?: number): e is Extract<Expr, { kind: "const" }> =>
  e.kind === "const" && (value === undefined || Object.is(e.value, value));

/**
 * The node itself or an equal, simpler one, exactly: only rewrites that hold for NaN, infinity and -0, and
 * that round no differently, so real constants are folded only where the result is exact.
 */
export function fold(e: Expr): Expr {
  if (e.kind === "select") {
    if (isConst(e.cond)) return e.cond.value !== 0 ? e.then : e.else;
    return e.then === e.else ? e.then : e;
  }
  if (e.kind === "cast" && isConst(e.arg)) return convert(e.to, e.arg);
  if (e.kind !== "op") return e;
  const [a, b] = e.args;
  if (e.args.every((arg) => isConst(arg))) return foldConstants(e);
  switch (e.op) {
    case "add":
      if (isConst(b!, 0) && neverMinusZero(a!)) return a!;
      if (isConst(a!, 0) && neverMinusZero(b!)) return b!;
      return kindOf(e) === "int" ? (foldOffset(a!, b!) ?? e) : e;
    case "sub":
      return isConst(b!, 0) ? a! : e;
    case "mul":
      return isConst(a!, 1) ? b! : isConst(b!, 1) ? a! : e;
    case "div":
    case "idiv":
      return isConst(b!, 1) ? a! : e;
    case "and":
      if (isConst(a!, 1) || a === b) return b!;
      if (isConst(b!, 1)) return a!;
      return isConst(a!, 0) ? a : isConst(b!, 0) ? b : e;
    case "or":
      if (isConst(a!, 0) || a === b) return b!;
      if (isConst(b!, 0)) return a!;
      return isConst(a!, 1) ? a : isConst(b!, 1) ? b : e;
    default:
      return e;
  }
}

/** (x - c) + c is x, for ints. */
function foldOffset(a: Expr, b: Expr): Expr | undefined {
  const same = a.kind === "op" && a.op === "sub" && b.kind === "const" && a.args[1] === b;
  return same ? a.args[0] : undefined;
}

/** Is `e + 0` exactly `e`? A sum that starts from +0 never ends at -0. */
const neverMinusZero = (e: Expr): boolean =>
  kindOf(e) === "int" || (e.kind === "part" && e.of.op === "sum" && isConst(e.of.from[e.part]!, 0));

function foldConstants(e: Extract<Expr, { kind: "op" }>): Expr {
  const values = e.args.map((arg) => (arg.kind === "const" ? arg.value : Number.NaN));
  const value = ops[e.op].value(...values);
  const kind = kindOf(e);
  if (kind === "int")
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? constant(value, kind) : e;
  if (kind === "bool") return constant(value, kind);
  const exact =
    Number.isFinite(value) && Object.is(Math.fround(value), value) && exactOps.has(e.op);
  return exact && kind !== "data" ? constant(value, kind) : e;
}

/** Operations whose float64 result, where it fits f32, is what f32 gives for f32 operands. */
const exactOps: ReadonlySet<OpName> = new Set([
  "add",
  "sub",
  "mul",
  "minimum",
  "maximum",
  "neg",
  "abs",
  "floorf",
  "ceilf",
  "roundf",
  "rintf",
]);
