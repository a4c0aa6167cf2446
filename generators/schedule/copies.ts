// Several elements of a stage at once: an expression becomes one copy for each of several places, in which all
// that does not depend on the place is one object, and the sums of all copies are one walk.

import { fold, freshLoop, partOf } from "../ir/build.ts";
import {
  cast,
  type Expr,
  index,
  type Loop,
  op,
  type Reduce,
  read,
  reduceNode,
  select,
  unreachable,
} from "../ir/expr.ts";
import { freeLoops } from "../ir/walk.ts";

/** What stands for indices, copy by copy. */
export interface Places {
  readonly count: number;
  readonly indices: ReadonlyMap<Loop, readonly Expr[]>;
  /** Values that are replaced whole. */
  readonly nodes: ReadonlyMap<Expr, readonly Expr[]>;
  /** A value itself, or a simpler one that equals it there. */
  readonly settle: (e: Expr) => Expr;
  /** The order in which a sum walks its loops. */
  readonly order: (over: readonly Loop[]) => readonly Loop[];
}

/** Hears what becomes of a node, so that the author's names can move along. */
type Moved = (from: Expr | Loop, to: Expr | Loop) => void;

type Copy = (e: Expr) => readonly Expr[];

/** Makes the copies of expressions, one for each place; reductions that differ get loops of their own. */
export const copyTo = (places: Places, moved: Moved): Copy => makeCopier(places, moved).copy;

/** `own` are the loops of the walk that is copied, where there is one; `outer` copies what does not need them. */
function makeCopier(places: Places, moved: Moved, own?: ReadonlySet<Loop>, outer?: Copy) {
  const { indices, nodes, count, settle } = places;
  const done = new Map<Expr, readonly Expr[]>();
  const reductions = new Map<Reduce, readonly (readonly Expr[])[]>();
  const each = <T>(f: (q: number) => T): readonly T[] =>
    Array.from({ length: count }, (_, q) => f(q));
  const all = (e: Expr): readonly Expr[] => each(() => e);

  const copy: Copy = (e) => {
    const known = done.get(e);
    if (known) return known;
    const result = make(e);
    done.set(e, result);
    for (const to of result) if (to !== e) moved(e, to);
    return result;
  };

  const make = (e: Expr): readonly Expr[] => {
    const free = [...freeLoops(e)];
    if (!free.some((l) => indices.has(l))) return all(e);
    if (outer && !free.some((l) => own?.has(l))) return outer(e);
    const whole = nodes.get(e);
    if (whole) return whole;
    switch (e.kind) {
      case "const":
      case "attr":
      case "option":
      case "size":
        return all(e);
      case "index":
        return indices.get(e.loop) ?? all(e);
      case "op": {
        const args = e.args.map(copy);
        return each((q) => settle(fold(op(e.op, ...args.map((arg) => arg[q]!)))));
      }
      case "cast": {
        const arg = copy(e.arg);
        return each((q) => cast(e.to, arg[q]!));
      }
      case "select": {
        const [cond, then, other] = [copy(e.cond), copy(e.then), copy(e.else)];
        return each((q) => fold(select(cond[q]!, then[q]!, other[q]!)));
      }
      case "read": {
        const at = e.at.map(copy);
        return each((q) => read({ ...e, at: at.map((p) => p[q]!) }));
      }
      case "part": {
        const values = reductions.get(e.of) ?? reduce(e.of);
        reductions.set(e.of, values);
        return each((q) => values[q]![e.part]!);
      }
      default:
        return unreachable(e);
    }
  };

  /** The parts of a reduction, copy by copy. */
  const reduce = (r: Reduce): readonly (readonly Expr[])[] => {
    const inner = new Map(indices);
    const within = makeCopier({ ...places, indices: inner }, moved, new Set(r.over), copy);
    const over: Loop[] = [];
    for (const l of r.op === "sum" ? places.order(r.over) : r.over) {
      const [lo, hi] = [one(within.copy(l.lo)), one(within.copy(l.hi))];
      if (!lo || !hi) return apart(r);
      const next = freshLoop(l.axis, lo, hi, l.cover);
      moved(l, next);
      over.push(next);
      inner.set(l, all(index(next)));
    }
    const bodies = r.bodies.map(within.copy);
    const from = r.from.map(copy);
    const kinds = each((q) => [...bodies, ...from].map((values) => values[q]!));
    const first = kinds.map((values) => kinds.findIndex((v) => v.every((e, i) => e === values[i])));
    const distinct = [...new Set(first)];
    // One walk can hold several sums, but only one greatest element.
    if (r.op === "max" && distinct.length > 1) return apart(r);
    const node = reduceNode({
      kind: "reduce",
      op: r.op,
      over,
      bodies: distinct.flatMap((q) => bodies.map((values) => values[q]!)),
      from: distinct.flatMap((q) => from.map((values) => values[q]!)),
    });
    return first.map((q) =>
      r.bodies.map((_, i) => partOf(node, distinct.indexOf(q) * r.bodies.length + i)),
    );
  };

  /** Each copy of a reduction as a walk of its own. */
  const apart = (r: Reduce): readonly (readonly Expr[])[] =>
    each((q) => {
      const only = <K>(of: ReadonlyMap<K, readonly Expr[]>) =>
        new Map([...of].map(([key, copies]) => [key, [copies[q]!]]));
      const alone = { ...places, count: 1, indices: only(indices), nodes: only(nodes) };
      const single = makeCopier(alone, moved);
      return r.bodies.map((_, i) => single.copy(partOf(r, i))[0]!);
    });

  return { copy };
}

/** The copy of which there is only one. */
const one = ([first, ...rest]: readonly Expr[]): Expr | undefined =>
  rest.every((e) => e === first) ? first : undefined;
