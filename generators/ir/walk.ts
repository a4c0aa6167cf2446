// Looking at and rewriting expressions. Every function here visits a node once, however often it is shared.

import {
  cast,
  type Expr,
  index,
  type Loop,
  loop,
  op,
  part,
  type Reduce,
  read,
  reduceNode,
  select,
  unreachable,
} from "./expr.ts";

/** The expressions directly inside `e`, in the order of evaluation; a reduction's bounds come first. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "const":
    case "attr":
    case "option":
    case "size":
    case "index":
      return [];
    case "read":
      return e.at;
    case "op":
      return e.args;
    case "cast":
      return [e.arg];
    case "select":
      return [e.cond, e.then, e.else];
    case "part":
      return [...e.of.over.flatMap((l) => [l.lo, l.hi]), ...e.of.from, ...e.of.bodies];
    default:
      return unreachable(e);
  }
}

/** Calls `f` on `roots` and everything inside, each once, operands first. */
export function visit(roots: readonly Expr[], f: (e: Expr) => void): void {
  const seen = new Set<Expr>();
  const go = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    for (const child of children(e)) go(child);
    f(e);
  };
  for (const root of roots) go(root);
}

const free = new WeakMap<Expr, ReadonlySet<Loop>>();
const none: ReadonlySet<Loop> = new Set();

/** The loops whose index `e` depends on and does not bind itself. */
export function freeLoops(e: Expr): ReadonlySet<Loop> {
  const known = free.get(e);
  if (known) return known;
  const found = new Set<Loop>();
  const add = (from: Expr, except?: readonly Loop[]) => {
    for (const l of freeLoops(from)) if (!except?.includes(l)) found.add(l);
  };
  if (e.kind === "index") found.add(e.loop);
  else if (e.kind === "part") {
    const { over, from, bodies } = e.of;
    over.forEach((l, d) => {
      for (const bound of [l.lo, l.hi]) add(bound, over.slice(0, d));
    });
    for (const start of from) add(start);
    for (const body of bodies) add(body, over);
  } else for (const child of children(e)) add(child);
  const result = found.size === 0 ? none : found;
  free.set(e, result);
  return result;
}

const levels = new WeakMap<Expr, number>();

/** How deeply reductions are nested inside `e`; a loop around it gets a greater level. */
export function levelOf(e: Expr): number {
  const known = levels.get(e);
  if (known !== undefined) return known;
  let level = 0;
  for (const child of children(e)) level = Math.max(level, levelOf(child));
  if (e.kind === "part") for (const l of e.of.over) level = Math.max(level, l.level);
  levels.set(e, level);
  return level;
}

/** `e` with each operand replaced by `go` of it, and its own index by `indexOf` the loop. */
function rebuild(e: Expr, go: (operand: Expr) => Expr, indexOf: (l: Loop) => Expr): Expr {
  switch (e.kind) {
    case "const":
    case "attr":
    case "option":
    case "size":
      return e;
    case "index":
      return indexOf(e.loop);
    case "read":
      return read({ ...e, at: e.at.map(go) });
    case "op":
      return op(e.op, ...e.args.map(go));
    case "cast":
      return cast(e.to, go(e.arg));
    case "select":
      return select(go(e.cond), go(e.then), go(e.else));
    case "part":
      return part(rebuildReduce(e.of, go), e.part);
    default:
      return unreachable(e);
  }
}

/** Loops whose bounds change become other loops, so the bodies are renamed to them. */
function rebuildReduce(r: Reduce, go: (e: Expr) => Expr): Reduce {
  const fresh = new Map<Loop, Loop>();
  const rename = (e: Expr): Expr => (fresh.size === 0 ? e : substitute([e], fresh)[0]!);
  for (const l of r.over) {
    const next = loop({ ...l, lo: rename(go(l.lo)), hi: rename(go(l.hi)) });
    if (next !== l) fresh.set(l, next);
  }
  return reduceNode({
    kind: "reduce",
    op: r.op,
    over: r.over.map((l) => fresh.get(l) ?? l),
    bodies: r.bodies.map((body) => rename(go(body))),
    from: r.from.map(go),
  });
}

/**
 * Rewrites bottom up: `f` gets each node with its operands already rewritten. An expression in which nothing
 * changes comes back as the same object.
 */
export function rewrite(roots: readonly Expr[], f: (e: Expr) => Expr): Expr[] {
  const done = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    const known = done.get(e);
    if (known) return known;
    const result = f(rebuild(e, go, index));
    done.set(e, result);
    return result;
  };
  return roots.map(go);
}

/** Hears of each node that a rewrite replaced, so that the author's names can move along. */
export type Moved = (from: Expr, to: Expr) => void;

/** `roots` with the index of each loop in `to` replaced by another loop's index or by an expression. */
export function substitute(
  roots: readonly Expr[],
  to: ReadonlyMap<Loop, Loop | Expr>,
  moved?: Moved,
): Expr[] {
  const indexOf = (l: Loop): Expr => {
    const target = to.get(l);
    if (!target) return index(l);
    return "kind" in target ? target : index(target);
  };
  const done = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    const known = done.get(e);
    if (known) return known;
    const affected = [...freeLoops(e)].some((l) => to.has(l));
    const result = affected ? rebuild(e, go, indexOf) : e;
    done.set(e, result);
    if (result !== e) moved?.(e, result);
    return result;
  };
  return roots.map(go);
}
