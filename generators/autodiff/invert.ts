// A contribution adds to an element that its indices choose. Where the choice can be turned around, the
// gradient of an element is a sum over what chose it: a gather, with no two threads adding to one element.

import { freshLoop, make } from "../ir/build.ts";
import { type Expr, index, int, type Loop } from "../ir/expr.ts";
import type { Facts } from "../ir/facts.ts";
import { cancelOwner } from "../ir/owners.ts";
import { isWithin } from "../ir/ranges.ts";
import { freeLoops, type Moved, rewrite, substitute, visit } from "../ir/walk.ts";
import { type Summand, summandsOf, takeAway } from "./affine.ts";
import type { Meeting } from "./meet.ts";
import type { Target } from "./places.ts";
import { divideBy, findLeading } from "./radix.ts";

/** A contribution seen from the element it adds to. */
export interface Inverted {
  /** What is still summed over. */
  readonly over: readonly Loop[];
  /** What must hold for it to count. */
  readonly tests: readonly Expr[];
  readonly value: Expr;
}

/** What is known of the numbers of a kernel, and who hears of values that become others. */
export interface Known {
  /** Is an int certainly positive? */
  readonly isPositive: (e: Expr) => boolean;
  readonly facts: Facts;
  readonly moved: Moved;
}

/** What is known so far while positions are turned around one by one. */
interface State {
  /** Indices in terms of the target's and of loops that are still summed over. */
  readonly solved: Map<Loop, Expr>;
  readonly added: Loop[];
  readonly tests: Expr[];
}

const simple = (l: Loop): boolean => l.lo === int(0) && freeLoops(l.hi).size === 0;

/** A contribution as a gather, or undefined where it is none. */
export function invert({ contribution, targets }: Meeting, known: Known): Inverted | undefined {
  const { loops, read, value } = contribution;
  const state: State = { solved: new Map(), added: [], tests: [] };
  const open = new Set(loops);
  // Plain indices first: they settle what the others are made of.
  const order = read.at.map((p, d) => ({ p, target: targets[d]! }));
  const [plain, other] = [
    order.filter((o) => o.p.kind === "index"),
    order.filter((o) => o.p.kind !== "index"),
  ];
  for (const { p, target } of [...plain, ...other]) {
    // What lies beyond an end is moved to the element there, which many indices then choose.
    if (read.border === "clamp" && !isWithin(p, target.extent, known.facts)) return undefined;
    const solved =
      solveConstant(p, target, state) ||
      solveIndex(p, target, open, state) ||
      solveOwner(p, target, open, state) ||
      solveMember(p, target, open, state) ||
      solveAffine(p, target.at, open, state, known.isPositive);
    if (!solved) return undefined;
  }
  const rest = loops.filter((l) => open.has(l));
  const bound = new Set([...targets.flatMap((t) => [...freeLoops(t.at)]), ...rest, ...state.added]);
  const over = [...state.added, ...rest];
  // A bound may name an index that is solved; then it is said by the target's.
  const renamed = over.map((l) => renameBounds(l, state.solved));
  const to = new Map<Loop, Loop | Expr>(over.map((l, i) => [l, renamed[i]!]));
  // An owner that was turned around is an index again, which what depends on it alone can be hoisted by.
  const finish = (e: Expr): Expr =>
    cancelOwners(substitute([settle(e, state.solved, known.moved)], to, known.moved)[0]!, known);
  const result = finish(value);
  if ([...freeLoops(result)].some((l) => !bound.has(l) && !renamed.includes(l))) return undefined;
  const tests = state.tests.map(finish).filter((test) => !isCertain(test, known.facts));
  return { over: renamed, tests, value: result };
}

/** A test that an index is below a size, where it always is. */
const isCertain = (test: Expr, facts: Facts): boolean =>
  isOp(test, "lt") && isWithin(test.args[0]!, test.args[1]!, facts);

function cancelOwners(root: Expr, { facts, moved }: Known): Expr {
  const all: Expr[] = [];
  visit([root], (e) => void all.push(e));
  const results = rewrite(all, (e) => cancelOwner(e, facts));
  for (const [i, e] of all.entries()) if (results[i] !== e) moved(e, results[i]!);
  return results.at(-1)!;
}

/** `e` with solved indices replaced until none is left. */
function settle(e: Expr, solved: ReadonlyMap<Loop, Expr>, moved?: Moved): Expr {
  let result = e;
  for (let n = 0; n <= solved.size && [...freeLoops(result)].some((l) => solved.has(l)); n++)
    result = substitute([result], solved, moved)[0]!;
  return result;
}

const renameBounds = (l: Loop, solved: ReadonlyMap<Loop, Expr>): Loop => {
  const [lo, hi] = [settle(l.lo, solved), settle(l.hi, solved)];
  return lo === l.lo && hi === l.hi ? l : freshLoop(l.axis, lo, hi, l.cover);
};

function solveConstant(p: Expr, { at, extent }: Target, state: State): boolean {
  if (freeLoops(p).size > 0) return false;
  // Of two places, one is where the other is not.
  const second = p === int(1) && extent === int(2);
  state.tests.push(second ? make("not", make("eq", at, int(0))) : make("eq", at, p));
  return true;
}

/** p = i: the index is the target's. */
function solveIndex(p: Expr, { at, extent }: Target, open: Set<Loop>, state: State): boolean {
  if (p.kind !== "index") return false;
  const l = p.loop;
  if (!open.has(l)) {
    state.tests.push(make("eq", state.solved.get(l) ?? p, at));
    return true;
  }
  if (l.lo !== int(0)) state.tests.push(make("le", l.lo, at));
  checkBelow(at, extent, l.hi, state);
  settleLoop(l, at, open, state);
  return true;
}

/** An element along `extent` that indices below `end` choose is below it, too. */
function checkBelow(at: Expr, extent: Expr, end: Expr, state: State): void {
  if (end !== extent) state.tests.push(make("lt", at, end));
}

function settleLoop(l: Loop, value: Expr, open: Set<Loop>, state: State): void {
  open.delete(l);
  state.solved.set(l, value);
}

type Op = Extract<Expr, { kind: "op" }>;
const isOp = (e: Expr, name: Op["op"]): e is Op => e.kind === "op" && e.op === name;
const blockSize = (whole: Expr, blocks: Expr): Expr => make("idiv", whole, blocks);

/** p = owner(i, W, B): i is any element of block p. */
function solveOwner(p: Expr, { at, extent }: Target, open: Set<Loop>, state: State): boolean {
  if (!isOp(p, "owner")) return false;
  const [i, whole, blocks] = p.args;
  if (i!.kind !== "index") return false;
  const l = i!.loop;
  if (!open.has(l)) {
    state.tests.push(make("eq", make("owner", state.solved.get(l) ?? i!, whole!, blocks!), at));
    return true;
  }
  if (!simple(l) || l.hi !== whole) return false;
  checkBelow(at, extent, blocks!, state);
  const k = freshLoop(l.axis, int(0), blockSize(whole!, blocks!));
  state.added.push(k);
  settleLoop(l, make("member", at, index(k), whole!, blocks!), open, state);
  return true;
}

/** p = member(b, k, W, B): b is the target's block, k its place in it. */
function solveMember(p: Expr, { at, extent }: Target, open: Set<Loop>, state: State): boolean {
  if (!isOp(p, "member")) return false;
  const [block, k, whole, blocks] = p.args;
  if (k!.kind !== "index" || !open.has(k!.loop) || k!.loop.lo !== int(0)) return false;
  const own = { at: make("owner", at, whole!, blocks!), extent: blocks! };
  if (!solveIndex(block!, own, open, state) && !solveOwner(block!, own, open, state)) return false;
  const size = blockSize(whole!, blocks!);
  const place = make("mod", at, size);
  checkBelow(at, extent, whole!, state);
  state.tests.push(make("lt", place, k!.loop.hi));
  settleLoop(k!.loop, place, open, state);
  return true;
}

/** p = s * i + rest: i = (target - rest) / s, where that is whole and an index; digits of mixed radix come first. */
function solveAffine(
  p: Expr,
  target: Expr,
  open: Set<Loop>,
  state: State,
  isPositive: (e: Expr) => boolean,
): boolean {
  let [terms, place]: [readonly Summand[] | undefined, Expr] = [summandsOf(p), target];
  while (terms) {
    const leading = findLeading(terms, open, isPositive);
    if (!leading) break;
    const { quotient, rest } = divideBy(place, leading.factor, isPositive);
    state.tests.push(make("lt", quotient, leading.loop.hi));
    settleLoop(leading.loop, quotient, open, state);
    terms = terms.filter(({ loop }) => loop !== leading.loop);
    place = rest;
  }
  return terms !== undefined && solveSummand(terms, place, open, state, isPositive);
}

function solveSummand(
  terms: readonly Summand[],
  target: Expr,
  open: Set<Loop>,
  state: State,
  isPositive: (e: Expr) => boolean,
): boolean {
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
  const distance = terms.filter((t) => t !== chosen).reduce(takeAway, target);
  const quotient = make("idiv", distance, chosen.factor);
  state.tests.push(
    make("eq", make("mod", distance, chosen.factor), int(0)),
    make("le", int(0), quotient),
    make("lt", quotient, chosen.loop.hi),
  );
  settleLoop(chosen.loop, quotient, open, state);
  return true;
}
