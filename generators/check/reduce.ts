// Reductions with error bounds. A sum's bound covers every order of summation, since targets split sums
// into blocks; a maximum's interval spans all that may be the largest.

import type { Expr, Loop } from "../ir/expr.ts";
import { type Alternative, advance, type Frame, maxPaths, merge, Undecided } from "./decide.ts";
import type { Machine, Run } from "./evaluate.ts";

/** A sum or maximum while the judge evaluates it. */
export interface Reduction {
  readonly run: Run;
  /** Where the value and bound of each part are left. */
  readonly slots: readonly number[];
}

/** Gathers the steps of a walk: value and bound of each body in turn, then the result. */
interface Gatherer {
  start(): void;
  step(value: ArrayLike<number>, bound: ArrayLike<number>): void;
  finish(): void;
}

/** Exact terms that are multiples of this, and small enough together, add up exactly in any order. */
const grid = 2 ** -10;
const gridSum = 2 ** 14;

/** Compiles the reduction behind `e`, for all of its parts. */
export function compileReduce(m: Machine, e: Extract<Expr, { kind: "part" }>): Reduction {
  const { of } = e;
  const slots = of.bodies.map(() => m.newSlot());
  const deps = m.deps(e);
  const from = of.from.map((x) => [m.compile(x), m.slot(x)] as const);
  const gatherer = of.op === "sum" ? sumOf(m, slots, from) : maxOf(m, slots, from, deps);
  if (of.op === "sum") for (const body of of.bodies) m.terms.add(body);
  const bodies = of.bodies.map((x) => m.compile(x));
  const bodySlots = of.bodies.map((x) => m.slot(x));
  const ranges = of.over.map((l) => compileRange(m, l));
  const loops = ranges.map((range) => range.loop);
  const values = new Float64Array(bodies.length);
  const bounds = new Float64Array(bodies.length);
  const evaluate = () => {
    for (let i = 0; i < bodies.length; i++) {
      bodies[i]!();
      values[i] = m.value[bodySlots[i]!]!;
      bounds[i] = m.bound[bodySlots[i]!]!;
    }
  };
  const step = () => {
    const frame = m.frames.open(loops);
    evaluate();
    if (frame.path.length === 0) {
      m.frames.close();
      gatherer.step(values, bounds);
      return;
    }
    const all = replay(m, frame, loops, evaluate, () => ({
      value: [...values],
      bound: [...bounds],
    }));
    m.frames.close();
    const one = all[all.length === 1 ? 0 : m.frames.choose(all.length, deps)]!;
    gatherer.step(one.value, one.bound);
  };
  const run = () => {
    gatherer.start();
    walkRanges(m, ranges, step);
    gatherer.finish();
  };
  // All parts share one walk, valid as long as the loops around it stand still.
  let computed = 0;
  const once = () => {
    if (!deps.some((loop) => m.moved[loop]! > computed)) return;
    run();
    computed = m.clock;
  };
  return { run: once, slots };
}

/** Visits the indices of loops, whose bounds may depend on those around them, in row-major order. */
export function walkRanges(m: Machine, ranges: readonly Range[], visit: () => void): void {
  const walk = (d: number): void => {
    const range = ranges[d];
    if (!range) {
      visit();
      return;
    }
    const [lo, hi] = range.bounds();
    for (let i = lo; i < hi; i++) {
      if (++m.walked > maxWalked) throw new EndlessWalk();
      m.move(range.loop, i);
      walk(d + 1);
    }
  };
  walk(0);
}

/** More steps than a case can be meant to have: a run whose length hangs on data without a bound. */
const maxWalked = 5_000_000;

/** The reductions of a case walk more steps than any small case does. */
export class EndlessWalk extends Error {
  constructor() {
    super(
      `its sums walk more than ${maxWalked} steps; bound what steps() is given, ` +
        "for example with minimum(), or walk samples()",
    );
  }
}

/** Takes the remaining paths of a frame whose first path has just been evaluated; merges what they give. */
export function replay(
  m: Machine,
  frame: Frame,
  loops: readonly number[],
  evaluate: () => void,
  take: () => Alternative,
): readonly Alternative[] {
  const again = () => {
    evaluate();
    return take();
  };
  return merge(remainingPaths(m, frame, loops, take(), again));
}

/** What each path of a frame gives; `first` is what its first path just gave. */
export function remainingPaths<T>(
  m: Machine,
  frame: Frame,
  loops: readonly number[],
  first: T,
  again: () => T,
): readonly T[] {
  const all = [first];
  const restart = () => {
    frame.cursor = 0;
    for (const loop of loops) m.move(loop, m.at[loop]!);
  };
  while (advance(frame)) {
    if (all.length >= maxPaths) throw new Undecided();
    m.frames.replayed();
    restart();
    all.push(again());
  }
  // What was computed on the last path must not be taken for the next step's.
  restart();
  return all;
}

/** A loop, and its bounds under the indices around it. */
export interface Range {
  readonly loop: number;
  readonly bounds: () => readonly [number, number];
}

/** The range of a loop; generous bounds are not decided. */
export function compileRange(m: Machine, l: Loop): Range {
  const [lo, hi] = [m.compile(l.lo), m.compile(l.hi)];
  const [loSlot, hiSlot] = [m.slot(l.lo), m.slot(l.hi)];
  return {
    loop: m.loop(l),
    bounds: () => {
      const before = m.plain;
      m.plain ||= l.cover;
      lo();
      hi();
      m.plain = before;
      return [m.value[loSlot]!, m.value[hiSlot]!];
    },
  };
}

type Start = readonly (readonly [Run, number])[];

function sumOf(m: Machine, slots: readonly number[], from: Start): Gatherer {
  const total = slots.map(() => ({ sum: 0, sizes: 0, off: 0, terms: 0, exact: true }));
  const add = (part: number, v: number, e: number) => {
    const t = total[part]!;
    if (v === 0 && e === 0) return;
    t.sum += v;
    t.sizes += Math.abs(v);
    t.off += e;
    t.terms++;
    t.exact &&= e === 0 && Number.isInteger(v / grid);
  };
  return {
    start: () => {
      from.forEach(([run, slot], part) => {
        Object.assign(total[part]!, { sum: 0, sizes: 0, off: 0, terms: 0, exact: true });
        run();
        add(part, m.value[slot]!, m.bound[slot]!);
      });
    },
    step: (value, bound) => {
      for (let part = 0; part < total.length; part++) add(part, value[part]!, bound[part]!);
    },
    finish: () => {
      total.forEach((t, part) => {
        const exact = t.terms < 2 || (t.exact && t.sizes <= gridSum);
        const rounding = exact ? 0 : t.terms * m.rules.unit * (t.sizes + t.off);
        m.set(slots[part]!, t.sum, t.off + rounding);
      });
    },
  };
}

function maxOf(
  m: Machine,
  slots: readonly number[],
  from: Start,
  deps: readonly number[],
): Gatherer {
  let steps: Alternative[] = [];
  return {
    start: () => {
      steps = [];
    },
    step: (value, bound) => {
      // A NaN after the first never is the largest; a NaN that is first stays.
      if (steps.length > 0 && (Number.isNaN(steps[0]!.value[0]) || Number.isNaN(value[0]!))) return;
      steps.push({ value: Array.from(value), bound: Array.from(bound) });
    },
    finish: () => {
      if (steps.length === 0) {
        from.forEach(([run, slot], part) => {
          run();
          m.set(slots[part]!, m.value[slot]!, m.bound[slot]!);
        });
        return;
      }
      let best = steps[0]!;
      let [least, most] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const s of steps) {
        if (s.value[0]! > best.value[0]!) best = s;
        least = Math.max(least, s.value[0]! - s.bound[0]!);
        most = Math.max(most, s.value[0]! + s.bound[0]!);
      }
      const [v] = best.value as [number];
      m.set(slots[0]!, v, Number.isFinite(v) ? Math.max(most - v, v - least) : best.bound[0]!);
      // Its value is one, but not its slope.
      if (
        steps.some(
          (s) =>
            s !== best && s.bound[0]! + best.bound[0]! > 0 && s.value[0]! + s.bound[0]! >= least,
        )
      )
        m.frames.opened++;
      if (slots.length === 1) return;
      // Whatever else is carried (an argmax) is that of one step that may hold the largest.
      const rivals = steps.filter((s) => s !== best && s.value[0]! + s.bound[0]! >= least);
      const sure = best.bound[0] === 0 && rivals.every((s) => s.bound[0] === 0);
      const carried = (s: Alternative) => ({ value: s.value.slice(1), bound: s.bound.slice(1) });
      const all = merge([best, ...(sure ? [] : rivals)].map(carried));
      const one = all[all.length === 1 ? 0 : m.frames.choose(all.length, deps)]!;
      one.value.forEach((w, i) => {
        m.set(slots[i + 1]!, w, one.bound[i]!);
      });
    },
  };
}
