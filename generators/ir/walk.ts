// Looking at and rewriting expressions. Every function here visits a node once, however often it is shared.

import {
  cast,
  type Expr,
  index,
  type Loop,
  loop,
  type Node,
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
  const result = findFree(e);
  free.set(e, result);
  return result;
}

function findFree(e: Expr): ReadonlySet<Loop> {
  if (e.kind === "index") return new Set([e.loop]);
  if (e.kind !== "part") return children(e).map(freeLoops).reduce(unite, none);
  const { over, from, bodies } = e.of;
  const found = new Set<Loop>();
  const add = (inside: Expr, except: readonly Loop[]) => {
    for (const l of freeLoops(inside)) if (!except.includes(l)) found.add(l);
  };
  over.forEach((l, d) => {
    for (const bound of [l.lo, l.hi]) add(bound, over.slice(0, d));
  });
  for (const start of from) add(start, []);
  for (const body of bodies) add(body, over);
  return found.size === 0 ? none : found;
}

/** Both sets in one, in the order in which loops are met; the first itself where the second adds none. */
function unite(a: ReadonlySet<Loop>, b: ReadonlySet<Loop>): ReadonlySet<Loop> {
  if (a.size === 0) return b;
  let all: Set<Loop> | undefined;
  for (const l of b)
    if (!a.has(l)) {
      all ??= new Set(a);
      all.add(l);
    }
  return all ?? a;
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

/** Are the nodes of one list those of another? */
export const sameNodes = (a: readonly Node[], b: readonly Node[]): boolean =>
  a.every((node, i) => node === b[i]);

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
    case "read": {
      const at = e.at.map(go);
      return sameNodes(at, e.at) ? e : read({ ...e, at });
    }
    case "op": {
      const args = e.args.map(go);
      return sameNodes(args, e.args) ? e : op(e.op, ...args);
    }
    case "cast": {
      const arg = go(e.arg);
      return arg === e.arg ? e : cast(e.to, arg);
    }
    case "select": {
      const [cond, then, otherwise] = [go(e.cond), go(e.then), go(e.else)];
      return cond === e.cond && then === e.then && otherwise === e.else
        ? e
        : select(cond, then, otherwise);
    }
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

/** Is a loop of the set replaced? */
function hasAny(loops: ReadonlySet<Loop>, to: ReadonlyMap<Loop, unknown>): boolean {
  for (const l of loops) if (to.has(l)) return true;
  return false;
}

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
    const result = hasAny(freeLoops(e), to) ? rebuild(e, go, indexOf) : e;
    done.set(e, result);
    if (result !== e) moved?.(e, result);
    return result;
  };
  return roots.map(go);
}
