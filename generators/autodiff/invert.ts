// A contribution adds to an element that its indices choose. Where the choice can be turned around, the
// gradient of an element is a sum over what chose it: a gather, with no two threads adding to one element.

import { allOf, freshLoop, make, select } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop } from "../ir/expr.ts";
import { freeLoops, substitute } from "../ir/walk.ts";
import type { Contribution } from "./adjoint.ts";
import { pullGuards } from "./guards.ts";

/** A contribution seen from the element it adds to. */
export interface Inverted {
  /** What is still summed over. */
  readonly over: readonly Loop[];
  /** Tests of the element alone, then those that depend on `over` too. */
  readonly where: readonly Expr[];
  readonly when: readonly Expr[];
  readonly value: Expr;
}

/** What is known so far while positions are turned around one by one. */
interface State {
  /** Indices in terms of the target's and of loops that are still summed over. */
  readonly solved: Map<Loop, Expr>;
  readonly added: Loop[];
  readonly tests: Expr[];
}

const simple = (l: Loop): boolean => l.lo === int(0) && freeLoops(l.hi).size === 0;

/**
 * A contribution as a gather, or undefined where it is none. `targets` are the indices of the element that is
 * added to, in the order of the read's positions; `isPositive` knows which factors of an index are.
 */
export function invert(
  { loops, read, value }: Contribution,
  targets: readonly { readonly at: Expr; readonly extent: Expr }[],
  isPositive: (e: Expr) => boolean,
): Inverted | undefined {
  const state: State = { solved: new Map(), added: [], tests: [] };
  const open = new Set(loops);
  // Plain indices first: they settle what the others are made of.
  const order = read.at.map((p, d) => ({ p, target: targets[d]!.at, extent: targets[d]!.extent }));
  const [plain, other] = [
    order.filter((o) => o.p.kind === "index"),
    order.filter((o) => o.p.kind !== "index"),
  ];
  for (const { p, target, extent } of [...plain, ...other]) {
    const solved =
      solveConstant(p, target, state) ||
      solveIndex(p, target, extent, open, state) ||
      solveOwner(p, target, open, state) ||
      solveMember(p, target, open, state) ||
      (read.border !== "clamp" && solveAffine(p, target, open, state, isPositive));
    if (!solved) return undefined;
  }
  const rest = loops.filter((l) => open.has(l));
  const known = new Set([...targets.flatMap((t) => [...freeLoops(t.at)]), ...rest, ...state.added]);
  const over = [...state.added, ...rest];
  // A bound may name an index that is solved; then it is said by the target's.
  const renamed = over.map((l) => renameBounds(l, state.solved));
  const to = new Map<Loop, Loop | Expr>(over.map((l, i) => [l, renamed[i]!]));
  const finish = (e: Expr): Expr => substitute([settle(e, state.solved)], to)[0]!;
  const all = state.tests.map(finish);
  const result = finish(value);
  if ([...freeLoops(result)].some((l) => !known.has(l) && !renamed.includes(l))) return undefined;
  const alone = (e: Expr) => ![...freeLoops(e)].some((l) => renamed.includes(l));
  return {
    over: renamed,
    where: all.filter(alone),
    when: all.filter((e) => !alone(e)),
    value: result,
  };
}

/** `e` with solved indices replaced until none is left. */
function settle(e: Expr, solved: ReadonlyMap<Loop, Expr>): Expr {
  let result = e;
  for (let n = 0; n <= solved.size && [...freeLoops(result)].some((l) => solved.has(l)); n++)
    result = substitute([result], solved)[0]!;
  return result;
}

const renameBounds = (l: Loop, solved: ReadonlyMap<Loop, Expr>): Loop => {
  const [lo, hi] = [settle(l.lo, solved), settle(l.hi, solved)];
  return lo === l.lo && hi === l.hi ? l : freshLoop(l.axis, lo, hi, l.cover);
};

function solveConstant(p: Expr, target: Expr, state: State): boolean {
  if (freeLoops(p).size > 0) return false;
  state.tests.push(make("eq", target, p));
  return true;
}

/** p = i: the index is the target's. */
function solveIndex(p: Expr, target: Expr, extent: Expr, open: Set<Loop>, state: State): boolean {
  if (p.kind !== "index") return false;
  const l = p.loop;
  if (!open.has(l)) {
    state.tests.push(make("eq", state.solved.get(l) ?? p, target));
    return true;
  }
  if (l.lo !== int(0)) state.tests.push(make("le", l.lo, target));
  if (l.hi !== extent) state.tests.push(make("lt", target, l.hi));
  settleLoop(l, target, open, state);
  return true;
}

function settleLoop(l: Loop, value: Expr, open: Set<Loop>, state: State): void {
  open.delete(l);
  state.solved.set(l, value);
}

type Op = Extract<Expr, { kind: "op" }>;
const isOp = (e: Expr, name: Op["op"]): e is Op => e.kind === "op" && e.op === name;
const blockSize = (whole: Expr, blocks: Expr): Expr => make("idiv", whole, blocks);

/** p = owner(i, W, B): i is any element of block p. */
function solveOwner(p: Expr, target: Expr, open: Set<Loop>, state: State): boolean {
  if (!isOp(p, "owner")) return false;
  const [i, whole, blocks] = p.args;
  if (i!.kind !== "index") return false;
  const l = i!.loop;
  if (!open.has(l)) {
    state.tests.push(make("eq", make("owner", state.solved.get(l) ?? i!, whole!, blocks!), target));
    return true;
  }
  if (!simple(l) || l.hi !== whole) return false;
  const k = freshLoop(l.axis, int(0), blockSize(whole!, blocks!));
  state.added.push(k);
  settleLoop(l, make("member", target, index(k), whole!, blocks!), open, state);
  return true;
}

/** p = member(b, k, W, B): b is the target's block, k its place in it. */
function solveMember(p: Expr, target: Expr, open: Set<Loop>, state: State): boolean {
  if (!isOp(p, "member")) return false;
  const [block, k, whole, blocks] = p.args;
  if (k!.kind !== "index" || !open.has(k!.loop) || k!.loop.lo !== int(0)) return false;
  const own = make("owner", target, whole!, blocks!);
  if (!solveIndex(block!, own, blocks!, open, state) && !solveOwner(block!, own, open, state))
    return false;
  const size = blockSize(whole!, blocks!);
  state.tests.push(make("lt", make("mod", target, size), k!.loop.hi));
  settleLoop(k!.loop, make("mod", target, size), open, state);
  return true;
}

/** p = s * i + rest: i = (target - rest) / s, where that is whole and an index. */
function solveAffine(
  p: Expr,
  target: Expr,
  open: Set<Loop>,
  state: State,
  isPositive: (e: Expr) => boolean,
): boolean {
  const terms = termsOf(p);
  if (!terms) return false;
  const candidates = terms.filter(
    (t) =>
      t.loop &&
      open.has(t.loop) &&
      simple(t.loop) &&
      isPositive(t.factor) &&
      terms.filter((other) => other.loop === t.loop).length === 1,
  );
  const chosen = candidates[0];
  if (!chosen?.loop) return false;
  const rest = terms
    .filter((t) => t !== chosen)
    .map((t) => (t.loop ? make("mul", t.factor, index(t.loop)) : t.factor));
  const distance = rest.reduce((a, b) => make("sub", a, b), target);
  const quotient = make("idiv", distance, chosen.factor);
  state.tests.push(
    make("eq", make("mod", distance, chosen.factor), int(0)),
    make("le", int(0), quotient),
    make("lt", quotient, chosen.loop.hi),
  );
  settleLoop(chosen.loop, quotient, open, state);
  return true;
}

/** A summand: a factor that no index is part of, times an index where there is one. */
interface Term {
  readonly factor: Expr;
  readonly loop: Loop | undefined;
}

/** An int expression as a sum of factors times indices; undefined where it is none. */
function termsOf(e: Expr): readonly Term[] | undefined {
  if (kindOf(e) !== "int") return undefined;
  if (freeLoops(e).size === 0) return [{ factor: e, loop: undefined }];
  if (e.kind === "index") return [{ factor: int(1), loop: e.loop }];
  if (e.kind !== "op") return undefined;
  const [a, b] = e.args;
  switch (e.op) {
    case "add":
    case "sub": {
      const [left, right] = [termsOf(a!), termsOf(b!)];
      if (!left || !right) return undefined;
      const minus = (t: Term): Term => ({ ...t, factor: make("neg", t.factor) });
      return [...left, ...(e.op === "add" ? right : right.map(minus))];
    }
    case "neg":
      return termsOf(a!)?.map((t) => ({ ...t, factor: make("neg", t.factor) }));
    case "mul": {
      const [scaled, factor] = freeLoops(a!).size === 0 ? [b!, a!] : [a!, b!];
      if (freeLoops(factor).size > 0) return undefined;
      return termsOf(scaled)?.map((t) => ({ ...t, factor: make("mul", factor, t.factor) }));
    }
    default:
      return undefined;
  }
}

/** Do two lists of loops walk the same ranges, each of which is the same for all steps of the others? */
export const sameWalk = (a: readonly Loop[], b: readonly Loop[]): boolean =>
  a.length === b.length &&
  a.every((l, d) => {
    const other = b[d]!;
    const fixed = [l.lo, l.hi].every((e) => !a.some((own) => freeLoops(e).has(own)));
    return fixed && l.lo === other.lo && l.hi === other.hi && l.cover === other.cover;
  });

/**
 * What contributions over the same walk add to an element: one sum of all, each where its tests hold. Tests
 * of the element alone that all have in common stand outside of the sum.
 */
export function gatherValue(walk: readonly Inverted[], sum: (body: Expr) => Expr): Expr {
  const zero = int(0);
  const shared = walk[0]!.where.filter((e) => walk.every(({ where }) => where.includes(e)));
  const terms = walk.map(({ over, where, when, value }) => {
    const guarded = pullGuards(value);
    const own = where.filter((e) => !shared.includes(e));
    const test = allOf([...own, ...when, ...guarded.tests]);
    const term = test ? select(test, guarded.value, zero) : guarded.value;
    return substitute([term], new Map(over.map((l, d) => [l, walk[0]!.over[d]!])))[0]!;
  });
  const total = sum(terms.reduce((a, b) => make("add", a, b)));
  const test = allOf(shared);
  return test ? select(test, total, zero) : total;
}
