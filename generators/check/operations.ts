// Operations of expressions as the judge computes them: a value, and how far off a target may be.

import { type Expr, kindOf } from "../ir/expr.ts";
import { type OpName, ops } from "../ir/ops.ts";
import { maxOutcomes } from "./decide.ts";
import { type Behaviour, behaviours, rounded } from "./error.ts";
import type { Machine, Run } from "./evaluate.ts";

/** An operation on numbers with their bounds; those that decide something may come out either way. */
export function compileOp(m: Machine, e: Extract<Expr, { kind: "op" }>, slot: number): Run {
  const runs = e.args.map((arg) => m.compile(arg));
  const slots = e.args.map((arg) => m.slot(arg));
  const [a, b] = [slots[0]!, slots[1] ?? slots[0]!];
  const { value, bound } = m;
  const compute: (...x: readonly number[]) => number = ops[e.op].value;
  const operands = (): void => {
    for (let i = 0; i < runs.length; i++) runs[i]!();
  };
  const row: Behaviour = behaviours[e.op];
  const ints = e.args.every((arg) => kindOf(arg) === "int" || kindOf(arg) === "bool");
  if (row.kind === "exact" || ints) {
    if (slots.length > 2)
      return () => {
        operands();
        m.set(slot, compute(...slots.map((s) => value[s]!)), 0);
      };
    return () => {
      operands();
      value[slot] = compute(value[a]!, value[b]!);
      bound[slot] = 0;
    };
  }
  if (row.kind === "step") return compileStep(m, e.op, m.deps(e), runs[0]!, a, slot);
  if (row.kind === "test") {
    const { yes, no } = row.outcomes;
    const deps = m.deps(e);
    return () => {
      operands();
      const [x, ex, y, ey] = [value[a]!, bound[a]!, value[b]!, bound[b]!];
      const plain = compute(x, y);
      const sure = (ex === 0 && ey === 0) || Number.isNaN(x) || Number.isNaN(y);
      const open = !sure && yes(x, ex, y, ey) && no(x, ex, y, ey);
      m.set(slot, open && m.frames.choose(2, deps) === 1 ? 1 - plain : plain, 0);
    };
  }
  const { moves, rounds } = row;
  const bends = bendOf(e.op);
  const factors = e.op === "mul" && m.terms.has(e) ? m.rules.factors : undefined;
  return () => {
    operands();
    const [x, ex, y, ey] = [value[a]!, bound[a]!, value[b]!, bound[b]!];
    if (bends?.(x, ex, y, ey)) m.frames.opened++;
    const v = compute(x, y);
    const moved = moves(v, x, ex, y, ey) + (factors ? ofFactors(factors, x, ex, y, ey) : 0);
    m.set(slot, v, rounded(v, moved, rounds, m.rules, x));
  };
}

/** How far a product moves whose factors are rounded, each by at most its share of it. */
function ofFactors(roundoff: number, x: number, ex: number, y: number, ey: number): number {
  const size = (Math.abs(x) + ex) * (Math.abs(y) + ey);
  return size > 0 ? size * roundoff * (2 + roundoff) : 0;
}

/** Where a continuous operation has a bend, which decides its slope: is it within the error of its operands? */
function bendOf(name: OpName) {
  const meet = (x: number, ex: number, y: number, ey: number): boolean =>
    ex + ey > 0 && Math.abs(x - y) <= ex + ey;
  if (name === "minimum" || name === "maximum") return meet;
  return name === "abs" ? (x: number, ex: number) => meet(x, ex, 0, 0) : undefined;
}

/** Real to whole: every whole number between what the ends of the interval give may come out. */
function compileStep(
  m: Machine,
  name: OpName,
  deps: readonly number[],
  run: Run,
  from: number,
  slot: number,
): Run {
  const compute = ops[name].value as (a: number) => number;
  const whole = ops[name].takes === "toInt";
  return () => {
    run();
    const [x, e] = [m.value[from]!, m.bound[from]!];
    const v = compute(x);
    if (e === 0 || Number.isNaN(x) || (whole && m.plain)) return m.set(slot, v, 0);
    const [low, high] = [compute(x - e), compute(x + e)];
    const count = high - low + 1;
    if (count === 1) m.set(slot, v, 0);
    // Real results far from exact are an interval of their own; an int must be decided.
    else if (!whole && !(count <= maxOutcomes)) {
      m.frames.opened++;
      m.set(slot, v, Math.max(high - v, v - low));
    } else {
      const choice = m.frames.choose(Number.isNaN(count) ? 1 : count, deps);
      // Outcome 0 is the plain one, the rest follow from the lowest.
      m.set(slot, choice === 0 ? v : low + choice - (low + choice - 1 < v ? 1 : 0), 0);
    }
  };
}
