// A long sum in parts: a stage of its own holds what each part adds up to, and the element adds up the parts.

import { domain, freshLoop, make, partOf, reduce, select } from "../ir/build.ts";
import {
  constant,
  type Expr,
  index,
  int,
  kindOf,
  type Loop,
  type Reduce,
  read,
} from "../ir/expr.ts";
import type { Gather, Kernel } from "../ir/kernel.ts";
import { rewrite, substitute } from "../ir/walk.ts";
import { isShared } from "./site.ts";

/** Which sum to split, and into how many numbers in all: few elements get many parts. */
export interface Splitting {
  readonly stage: Gather;
  readonly of: Reduce;
  /** A loop of the sum. */
  readonly along: Loop;
  readonly most: number;
  /** A part has at least so many terms, or the sum is one part. */
  readonly least: number;
}

/** What the stage of the parts is called. */
export const partsOf = (stage: string): string => `${stage}_parts`;

/** `kernel` with the sum of one stage in parts along one of its loops. */
export function splitSum(kernel: Kernel, { stage, of, along, most, least }: Splitting): Kernel {
  const names = new Map(kernel.names);
  const zero = constant(0, "acc");
  const count = (loops: readonly Loop[]): Expr =>
    loops.map(({ hi }) => hi).reduce((a, b) => make("mul", a, b), int(1));
  const affordable = make("idiv", int(most), make("add", count(stage.domain), int(1)));
  const worthwhile = make("idiv", count(of.over.filter(isShared)), int(least));
  const few = make("minimum", affordable, worthwhile);
  const parts = make("maximum", int(1), make("minimum", along.hi, few));
  const each = make("idiv", make("sub", make("add", along.hi, parts), int(1)), parts);

  const part = freshLoop(`${along.axis}_part`, int(0), parts);
  const inside = freshLoop(along.axis, int(0), each);
  const at = make("add", make("mul", index(part), each), index(inside));
  // The last part may be shorter.
  const exists = make("lt", at, along.hi);
  const moved = new Map<Loop, Loop | Expr>([[along, select(exists, at, int(0))]]);
  const outer = stage.domain.map((l) => {
    const own = freshLoop(l.axis, l.lo, l.hi);
    moved.set(l, own);
    return own;
  });
  const over = of.over.map((l) => {
    if (l === along) return inside;
    const [lo, hi] = substitute([l.lo, l.hi], moved) as [Expr, Expr];
    const own = freshLoop(l.axis, lo, hi, l.cover);
    moved.set(l, own);
    return own;
  });
  const keep = (from: Expr, to: Expr): void => {
    const name = names.get(from);
    if (name !== undefined && !names.has(to)) names.set(to, name);
  };
  const body = select(exists, substitute(of.bodies, moved, keep)[0]!, zero);
  const sum = partOf(reduce("sum", over, [body], [zero], keep), 0);
  const made = domain([part, ...outer], [sum], keep);
  for (const [d, l] of stage.domain.entries()) {
    const author = kernel.names.get(l);
    if (author !== undefined) names.set(made.domain[d + 1]!, author);
  }
  const name = partsOf(stage.name);
  const first: Gather = { kind: "gather", name, ...made, dims: made.domain.map(() => 1) };

  const again = freshLoop(part.axis, int(0), parts);
  const kind = kindOf(sum);
  if (kind === "bool") throw new Error(`the sum of ${stage.name} is a test`);
  const places = [index(again), ...stage.domain.map(index)];
  const one = read({ from: name, type: kind, axes: [], at: places, border: "inside", part: 0 });
  const all = partOf(reduce("sum", [again], [one], of.from), 0);
  const whole = partOf(of, 0);
  const [element] = rewrite([stage.parts[0]!], (e) => (e === whole ? all : e)) as [Expr];
  const stages = kernel.stages.flatMap((other) =>
    other === stage ? [first, { ...stage, parts: [element] }] : [other],
  );
  return { ...kernel, stages, names };
}
