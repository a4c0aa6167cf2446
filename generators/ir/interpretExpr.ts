// Evaluating expressions in float64: each node becomes a closure that keeps its last value until
// one of the loops it depends on moves on. Independent of every printer; all meaning comes from
// ops.ts.

import { type Expr, isFixedSize, kindOf, type Loop, type Reduce, unreachable } from "./expr.ts";
import { makeClock } from "./interpretClock.ts";
import { ops } from "./ops.ts";
import { freeLoops } from "./walk.ts";

/** The elements behind a tensor or stage, in row-major order of the finest axes. */
export interface Stored {
  readonly shape: readonly number[];
  readonly parts: readonly ArrayLike<number>[];
}

/** What the leaves of expressions stand for in one run. */
export interface Leaves {
  readonly size: (axis: string) => number;
  readonly attr: (name: string) => number;
  readonly option: (name: string) => number;
  /** What is stored under the name of a tensor or of an earlier stage. */
  readonly stored: (name: string) => Stored;
  /** The author's name of a value, for messages. */
  readonly nameOf: (e: Expr | Loop) => string | undefined;
  /** How many elements were read of each tensor and stage, counted up where given. */
  readonly reads?: Map<string, number> | undefined;
}

/** Evaluates expressions under the current indices of loops. */
export interface Evaluator {
  readonly compile: (e: Expr) => () => number;
  readonly setIndex: (l: Loop, value: number) => void;
}

type Read = Extract<Expr, { kind: "read" }>;
type Op = Extract<Expr, { kind: "op" }>;

/** An evaluator over the given leaves; compiled closures stay valid as long as it is used. */
export function makeEvaluator(leaves: Leaves): Evaluator {
  const { cellOf, move, whenMoved, keep } = makeClock();
  const compiled = new Map<Expr, () => number>();
  const reductions = new Map<Reduce, readonly (() => number)[]>();

  function compile(e: Expr): () => number {
    const known = compiled.get(e);
    if (known) return known;
    const made = compileNew(e);
    compiled.set(e, made);
    return made;
  }

  function compileNew(e: Expr): () => number {
    switch (e.kind) {
      case "const":
        return () => e.value;
      case "attr":
        return keep(freeLoops(e), () => leaves.attr(e.name));
      case "option":
        return keep(freeLoops(e), () => leaves.option(e.name));
      case "size":
        return keep(freeLoops(e), () => leaves.size(e.axis));
      case "index": {
        const cell = cellOf(e.loop);
        const what = leaves.nameOf(e.loop) ?? e.loop.axis;
        return () => {
          if (Number.isNaN(cell.value)) throw new Error(`index ${what} is read outside its loop`);
          return cell.value;
        };
      }
      case "read":
        return keep(freeLoops(e), compileRead(e));
      case "op":
        return keep(freeLoops(e), compileOp(e));
      case "cast": {
        const arg = compile(e.arg);
        if (e.to !== "int") return arg;
        return () => {
          const value = arg();
          if (Number.isInteger(value)) return value;
          throw new RangeError(`${called(e)}${value} is not a whole number`);
        };
      }
      case "select": {
        const [cond, then, otherwise] = [compile(e.cond), compile(e.then), compile(e.else)];
        return keep(freeLoops(e), () => (cond() !== 0 ? then() : otherwise()));
      }
      case "part":
        return compileReduce(e.of, e)[e.part]!;
      default:
        return unreachable(e);
    }
  }

  const called = (e: Expr): string => {
    const name = leaves.nameOf(e);
    return name === undefined ? "" : `${name}: `;
  };

  function compileOp(e: Op): () => number {
    const value: (...x: readonly number[]) => number = ops[e.op].value;
    const [a, b, c, d] = e.args.map(compile);
    const raw =
      a && b && c && d
        ? () => value(a(), b(), c(), d())
        : a && b && c
          ? () => value(a(), b(), c())
          : a && b
            ? () => value(a(), b())
            : () => value(a!());
    if (kindOf(e) !== "int") return raw;
    const whole = (result: number): number => {
      if (result >= -2147483648 && result <= 2147483647) return result;
      throw new RangeError(`${called(e)}${e.op} gives ${result}, which is beyond 32 bits`);
    };
    const divides = e.op === "idiv" || e.op === "mod";
    if (!divides) return b && !c ? () => whole(value(a!(), b())) : () => whole(raw());
    return () => {
      if (b!() <= 0) throw new RangeError(`${called(e)}${e.op} by ${b!()}, which is not positive`);
      return whole(raw());
    };
  }

  function compileRead(e: Read): () => number {
    const { shape, parts } = leaves.stored(e.from);
    const limits =
      e.axes.length > 0
        ? e.axes.map((axis) => (isFixedSize(axis) ? Number(axis) : leaves.size(axis)))
        : shape;
    const data = parts[e.part];
    if (!data) throw new RangeError(`${e.from} has ${parts.length} parts, no part ${e.part}`);
    if (limits.length !== e.at.length)
      throw new RangeError(`${e.from} has ${limits.length} axes but is read at ${e.at.length}`);
    const at = e.at.map(compile);
    const refuse = (d: number, p: number): never => {
      const position = e.at[d]!;
      const name = leaves.nameOf(position) ?? loopName(position) ?? `position ${d}`;
      const axis = e.axes[d] === undefined ? "" : ` of axis ${e.axes[d]}`;
      throw new RangeError(
        `${called(e)}${e.from} is read at ${name} = ${p}, ` +
          `which is not an index${axis} (size ${limits[d]})`,
      );
    };
    return () => {
      let flat = 0;
      let outside = false;
      for (let d = 0; d < at.length; d++) {
        let p = at[d]!();
        const limit = limits[d]!;
        if (e.border === "clamp") p = ops.maximum.value(0, ops.minimum.value(p, limit - 1));
        if (!(p >= 0 && p < limit)) {
          if (e.border !== "zero") refuse(d, p);
          outside = true;
        } else if (!Number.isInteger(p)) refuse(d, p);
        flat = flat * limit + p;
      }
      if (outside) return 0;
      leaves.reads?.set(e.from, (leaves.reads.get(e.from) ?? 0) + 1);
      return data[flat]!;
    };
  }

  const loopName = (e: Expr): string | undefined =>
    e.kind === "index" ? (leaves.nameOf(e.loop) ?? e.loop.axis) : undefined;

  /** One closure for each part; the walk is done once for all of them. */
  function compileReduce(r: Reduce, whole: Expr): readonly (() => number)[] {
    const known = reductions.get(r);
    if (known) return known;
    const over = r.over.map((l) => ({ cell: cellOf(l), lo: compile(l.lo), hi: compile(l.hi) }));
    const bodies = r.bodies.map(compile);
    const from = r.from.map(compile);
    const result = from.map(() => Number.NaN);
    let none = true;
    const meet = (): void => {
      if (r.op === "sum") for (let i = 0; i < bodies.length; i++) result[i]! += bodies[i]!();
      else if (none || bodies[0]!() > result[0]!)
        for (let i = 0; i < bodies.length; i++) result[i] = bodies[i]!();
      none = false;
    };
    const walk = (d: number): void => {
      const loop = over[d];
      if (!loop) {
        meet();
        return;
      }
      const hi = loop.hi();
      for (let i = loop.lo(); i < hi; i++) {
        move(loop.cell, i);
        walk(d + 1);
      }
      // An index must not be read once its loop has ended.
      move(loop.cell, Number.NaN);
    };
    const refresh = whenMoved(freeLoops(whole), () => {
      none = true;
      from.forEach((start, i) => {
        result[i] = start();
      });
      walk(0);
    });
    const made = result.map((_, i) => () => {
      refresh();
      return result[i]!;
    });
    reductions.set(r, made);
    return made;
  }

  return { compile, setIndex: (l, value) => move(cellOf(l), value) };
}
