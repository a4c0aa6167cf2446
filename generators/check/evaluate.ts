// Evaluates expressions in float64 with a running bound on the error an f32 evaluation may have. Each node
// is compiled once into a function that leaves its value and bound in a slot; a slot stays valid until a
// loop that it depends on moves.

import { type Expr, kindOf, type Loop, unreachable } from "../ir/expr.ts";
import { freeLoops } from "../ir/walk.ts";
import { Frames } from "./decide.ts";
import { flushed, overflows, rounded, withinRange } from "./error.ts";
import { compileOp } from "./operations.ts";
import { compileRead, type Source } from "./reading.ts";
import { compileReduce, type Reduction } from "./reduce.ts";
import { type Rules, unit } from "./rules.ts";

/** Leaves a node's value and bound in its slot. */
export type Run = () => void;

/** The numbers a kernel is launched with. */
export interface Numbers {
  readonly sizes: Readonly<Record<string, number>>;
  /** By leaf: `stride.y`. */
  readonly attrs: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
}

/** One evaluation in progress: slots, loops, open frames. */
export class Machine {
  readonly value: number[] = [];
  readonly bound: number[] = [];
  readonly #computed: number[] = [];
  readonly #slots = new Map<Expr, number>();
  readonly #runs = new Map<Expr, Run>();
  readonly #loops = new Map<Loop, number>();
  readonly #reductions = new Map<object, Reduction>();
  /** The index of each loop, and when it last moved. */
  readonly at: number[] = [];
  readonly moved: number[] = [];
  readonly frames = new Frames();
  /** What sums add up. */
  readonly terms = new Set<Expr>();
  /** How many steps of reductions have been walked in all. */
  walked = 0;
  clock = 1;
  /** True while the bounds of a covering loop are computed: they are generous already, so nothing forks. */
  plain = false;

  readonly numbers: Numbers;
  readonly rules: Rules;
  readonly sources: Map<string, Source>;

  constructor(numbers: Numbers, rules: Rules, sources: Map<string, Source>) {
    this.numbers = numbers;
    this.rules = rules;
    this.sources = sources;
    // Loop 0 is no loop: it moves when an element is evaluated anew.
    this.at.push(0);
    this.moved.push(1);
  }

  slot(e: Expr): number {
    const known = this.#slots.get(e);
    if (known !== undefined) return known;
    const slot = this.newSlot();
    this.#slots.set(e, slot);
    return slot;
  }

  /** A place for a value and its bound. */
  newSlot(): number {
    this.bound.push(0);
    this.#computed.push(0);
    return this.value.push(0) - 1;
  }

  loop(l: Loop): number {
    const known = this.#loops.get(l);
    if (known !== undefined) return known;
    this.#loops.set(l, this.at.push(0) - 1);
    this.moved.push(0);
    return this.at.length - 1;
  }

  move(loop: number, to: number): void {
    this.at[loop] = to;
    this.moved[loop] = ++this.clock;
  }

  /** The loops `e` depends on, by number; 0 stands for none. */
  deps(e: Expr): readonly number[] {
    const found = [...freeLoops(e)].map((l) => this.loop(l));
    return found.length > 0 ? found : [0];
  }

  /** The reduction behind a `part`, compiled once for all its parts. */
  reduction(e: Extract<Expr, { kind: "part" }>): Reduction {
    const known = this.#reductions.get(e.of);
    if (known) return known;
    const made = compileReduce(this, e);
    this.#reductions.set(e.of, made);
    return made;
  }

  /** Ends a computation: values beyond f32 become infinite, unbounded errors are said to be so. */
  set(slot: number, v: number, e: number): void {
    this.value[slot] = v;
    this.bound[slot] = e;
    if (!withinRange(v, e)) this.#wild(slot, v, e);
  }

  #wild(slot: number, v: number, e: number): void {
    const certain = Number.isNaN(v) || e === 0 || overflows(v, e);
    if (e !== Number.POSITIVE_INFINITY && certain) {
      this.value[slot] = Number.isFinite(v) ? signedInfinity(v) : v;
      this.bound[slot] = 0;
    } else this.bound[slot] = Number.POSITIVE_INFINITY;
  }

  /** The function that computes `e`, at most once for each position of the loops it depends on. */
  compile(e: Expr): Run {
    const known = this.#runs.get(e);
    if (known) return known;
    const slot = this.slot(e);
    const run = compileNode(this, e, slot);
    const deps = this.deps(e);
    const { moved } = this;
    const computed = this.#computed;
    const once: Run = () => {
      const last = computed[slot]!;
      for (let d = 0; d < deps.length; d++)
        if (moved[deps[d]!]! > last) {
          run();
          // Decisions inside may have moved loops: the time is read afterwards.
          computed[slot] = this.clock;
          return;
        }
    };
    this.#runs.set(e, once);
    return once;
  }
}

const signedInfinity = (v: number): number =>
  v > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

function compileNode(m: Machine, e: Expr, slot: number): Run {
  switch (e.kind) {
    case "const": {
      // A real constant is rounded to f32 where it is written; float64 holds what was written.
      const wide = e.type === "int" || e.type === "bool" || m.rules.unit < unit;
      const off = wide ? 0 : Math.abs(Math.fround(e.value) - e.value);
      return () => m.set(slot, e.value, flushed(e.value, Number.isNaN(off) ? 0 : off));
    }
    case "attr":
      return () => m.set(slot, known(m.numbers.attrs, e.name, "attribute"), 0);
    case "option":
      return () => m.set(slot, known(m.numbers.options, e.name, "option"), 0);
    case "size":
      return () => m.set(slot, known(m.numbers.sizes, e.axis, "axis"), 0);
    case "index": {
      const loop = m.loop(e.loop);
      return () => m.set(slot, m.at[loop]!, 0);
    }
    case "read":
      return compileRead(m, e, slot);
    case "op":
      return compileOp(m, e, slot);
    case "cast":
      return compileCast(m, e, slot);
    case "select": {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map((x) => m.compile(x));
      const [c, t, f] = [m.slot(e.cond), m.slot(e.then), m.slot(e.else)];
      return () => {
        cond!();
        const taken = m.value[c] !== 0;
        (taken ? then! : otherwise!)();
        m.value[slot] = m.value[taken ? t : f]!;
        m.bound[slot] = m.bound[taken ? t : f]!;
      };
    }
    case "part": {
      const { run, slots } = m.reduction(e);
      const from = slots[e.part]!;
      return () => {
        run();
        m.value[slot] = m.value[from]!;
        m.bound[slot] = m.bound[from]!;
      };
    }
    default:
      return unreachable(e);
  }
}

function known(numbers: Readonly<Record<string, number>>, name: string, what: string): number {
  const value = numbers[name];
  if (value === undefined) throw new Error(`no value was given for the ${what} ${name}`);
  return value;
}

function compileCast(m: Machine, e: Extract<Expr, { kind: "cast" }>, slot: number): Run {
  const run = m.compile(e.arg);
  const from = m.slot(e.arg);
  const rounds = kindOf(e.arg) === "int" && e.to !== "int" && e.to !== "bool";
  return () => {
    run();
    const v = m.value[from]!;
    m.set(slot, v, rounds ? rounded(v, m.bound[from]!, "yes", m.rules, v) : m.bound[from]!);
  };
}
