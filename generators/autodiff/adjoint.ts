// Reverse mode through one stage's expression: from the adjoint of its value to a list of contributions, one
// for each read of a tensor that has a gradient.

import { convert, freshLoops, make, partOf, reduce, select } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop, type Reduce } from "../ir/expr.ts";
import type { Stage } from "../ir/kernel.ts";
import { children, freeLoops, type Moved, substitute, visit } from "../ir/walk.ts";
import { narrow } from "./narrow.ts";
import type { Places } from "./places.ts";
import { slopes } from "./slopes.ts";

type Read = Extract<Expr, { kind: "read" }>;
type Part = Extract<Expr, { kind: "part" }>;

/** For each index of `loops`, `value` is added to the gradient of what `read` reads. */
export interface Contribution {
  /** Outermost first; bounds of later ones may depend on earlier ones. */
  readonly loops: readonly Loop[];
  readonly read: Read;
  readonly value: Expr;
}

/** A gradient that cannot be said; the message is a sentence for the author. */
export class GradientError extends Error {
  /** What stands in the way, where it is one tensor or stage. */
  readonly from: string | undefined;

  constructor(message: string, from?: string) {
    super(message);
    this.from = from;
  }
}

const zero = int(0);
const noGradient = new Set(["int", "bool"]);

/** The contributions of a value of `stage` whose adjoint is `seed`, to what has a place. */
export function findContributions(
  root: Expr,
  seed: Expr,
  stage: Stage,
  places: Places,
  moved: Moved,
): readonly Contribution[] {
  const found: Contribution[] = [];
  const depends = dependence(
    (r) => places.of(r.from, r.part) !== undefined,
    (l) => boundFollowed(l) !== undefined,
  );
  for (const l of stage.domain) checkBound(l);
  propagate(new Map([[root, seed]]), stage.domain, undefined);
  return found;

  /**
   * Passes adjoints down from `seeds`. Inside a walk over `own`, what does not depend on its indices is left
   * to the outside: its adjoint there is returned.
   */
  function propagate(
    seeds: ReadonlyMap<Expr, Expr>,
    around: readonly Loop[],
    own: ReadonlySet<Loop> | undefined,
  ): ReadonlyMap<Expr, Expr> {
    const adjoints = new Map(seeds);
    const outside = new Map<Expr, Expr>();
    const keep = (e: Expr, d: Expr): void => {
      const known = outside.get(e);
      outside.set(e, known ? make("add", known, d) : d);
    };
    const add = (e: Expr, d: Expr | undefined): void => {
      if (!d || noGradient.has(kindOf(e)) || !depends(e)) return;
      const known = adjoints.get(e);
      adjoints.set(e, known ? make("add", known, d) : d);
    };
    for (const e of usersFirst([...seeds.keys()])) {
      const d = adjoints.get(e);
      if (!d || !depends(e)) continue;
      if (own && ![...freeLoops(e)].some((l) => own.has(l))) {
        keep(e, d);
        continue;
      }
      switch (e.kind) {
        case "op":
          slopes[e.op](d, e.args, e, depends).forEach((slope, i) => {
            add(e.args[i]!, slope);
          });
          break;
        case "cast":
          add(e.arg, d);
          break;
        case "select":
          add(e.then, select(e.cond, d, zero));
          add(e.else, select(e.cond, zero, d));
          break;
        case "read":
          found.push({ loops: around, read: e, value: narrow(d, moved) });
          break;
        case "part":
          e.of.over.forEach(checkBound);
          add(e.of.from[e.part]!, e.of.op === "sum" ? d : onlyWhereEmpty(e, d, moved));
          for (const [operand, slope] of through(e, d, around, own))
            if (own && ![...freeLoops(operand)].some((l) => own.has(l))) keep(operand, slope);
            else add(operand, slope);
          break;
        default:
      }
    }
    return outside;
  }

  /** Where a walk ends has no slope, so what decides it must not be asked for one. */
  function checkBound(l: Loop): void {
    const from = boundFollowed(l);
    if (from === undefined) return;
    throw new GradientError(
      `in ${stage.name}, how far ${l.axis} is walked depends on ${from}, which has no slope`,
      from,
    );
  }

  /** What is asked for a slope and decides how far a loop goes. */
  function boundFollowed(l: Loop): string | undefined {
    let found: string | undefined;
    if (l.cover) return found;
    visit([l.lo, l.hi], (e) => {
      if (e.kind === "read" && places.follows(e.from)) found ??= e.from;
    });
    return found;
  }

  /** The adjoints that a reduction's walk hands to what does not change in it. */
  function through(e: Part, d: Expr, around: readonly Loop[], own: ReadonlySet<Loop> | undefined) {
    if (e.of.op === "max") {
      const { body, exists } = keptElement(e, moved);
      return propagate(new Map([[body, select(exists, d, zero)]]), around, own);
    }
    const { over, body } = freshened(e.of, e.part, moved);
    const outside = propagate(new Map([[body, d]]), [...around, ...over], new Set(over));
    // Each index adds to the adjoint of what does not change in the walk: a sum again.
    return new Map(
      [...outside].map(([operand, slope]) => {
        const start = convert(kindOf(slope), zero);
        return [operand, partOf(reduce("sum", over, [slope], [start], moved), 0)] as const;
      }),
    );
  }
}

const onlyWhereEmpty = (e: Part, d: Expr, moved: Moved): Expr =>
  select(keptElement(e, moved).exists, zero, d);

/** A maximum's value is its body at the index that was kept, the first of the largest. */
function keptElement(e: Part, moved: Moved): { readonly body: Expr; readonly exists: Expr } {
  const { of } = e;
  const places = of.over.map(index);
  const from = [...of.from, ...places.map(() => int(-1))];
  const withPlace = reduce("max", of.over, [...of.bodies, ...places], from, moved);
  const kept = of.over.map((_, i) => partOf(withPlace, of.bodies.length + i));
  const at = new Map(of.over.map((l, i) => [l, make("maximum", zero, kept[i]!)]));
  return {
    body: substitute([of.bodies[e.part]!], at, moved)[0]!,
    exists: make("le", zero, kept[0]!),
  };
}

/** The body of a reduction over loops of its own, so that it can be taken apart without capture. */
function freshened(
  of: Reduce,
  which: number,
  moved: Moved,
): { readonly over: readonly Loop[]; readonly body: Expr } {
  const to = freshLoops(of.over, moved);
  return { over: [...to.values()], body: substitute([of.bodies[which]!], to, moved)[0]! };
}

/** Does an expression's value follow anything that has a gradient, if only by how far it is walked? */
function dependence(
  active: (read: Read) => boolean,
  bounded: (loop: Loop) => boolean,
): (e: Expr) => boolean {
  const known = new Map<Expr, boolean>();
  return (e) => {
    visit([e], (x) => {
      if (known.has(x)) return;
      // Where something is read has no slope: positions are ints.
      const own =
        x.kind === "read"
          ? active(x)
          : children(x).some((child) => known.get(child)) ||
            (x.kind === "part" && x.of.over.some(bounded));
      known.set(x, own && !noGradient.has(kindOf(x)));
    });
    return known.get(e)!;
  };
}

/** Everything inside `roots`, each before what it uses. */
function usersFirst(roots: readonly Expr[]): readonly Expr[] {
  const order: Expr[] = [];
  visit(roots, (e) => void order.push(e));
  return order.toReversed();
}
