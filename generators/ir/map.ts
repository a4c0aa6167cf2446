// Rewriting a whole kernel in one go: loops and everything under them change together, and the
// author's names move along.

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
import type { Kernel, Stage } from "./kernel.ts";
import { sameNodes } from "./walk.ts";

/**
 * How a mapper changes what it meets. Everything is given, and gives, nodes that are already
 * mapped.
 */
export interface Rules {
  /** What becomes of a node whose operands have been mapped. */
  readonly node: (e: Expr) => Expr;
  /** The level of the loop that replaces this one. */
  readonly level?: (l: Loop) => number;
  /**
   * What stands for a loop's index, and the loops that are walked instead; absent: the mapped loop.
   */
  readonly replace?: (l: Loop, mapped: Loop) => Replacement | undefined;
}

/** The loops that take the place of one loop, and its index in terms of theirs. */
export interface Replacement {
  readonly loops: readonly Loop[];
  readonly index: Expr;
}

/** Maps nodes, each once; the same loop becomes the same loop everywhere. */
export interface Mapper {
  readonly expr: (e: Expr) => Expr;
  readonly loops: (l: Loop) => readonly Loop[];
}

/** A function over expressions that rewrites by rules, once for each node however often it is shared. */
export function makeMapper(rules: Rules): Mapper {
  const done = new Map<Expr, Expr>();
  const reductions = new Map<Reduce, Reduce>();
  const replacements = new Map<Loop, Replacement>();

  const replaced = (l: Loop): Replacement => {
    const known = replacements.get(l);
    if (known) return known;
    const level = rules.level?.(l) ?? l.level;
    const mapped = loop({ ...l, lo: expr(l.lo), hi: expr(l.hi), level });
    const result = rules.replace?.(l, mapped) ?? { loops: [mapped], index: index(mapped) };
    replacements.set(l, result);
    return result;
  };
  const loops = (l: Loop): readonly Loop[] => replaced(l).loops;

  const reduction = (r: Reduce): Reduce => {
    const known = reductions.get(r);
    if (known) return known;
    const mapped = reduceNode({
      kind: "reduce",
      op: r.op,
      over: r.over.flatMap(loops),
      bodies: r.bodies.map(expr),
      from: r.from.map(expr),
    });
    reductions.set(r, mapped);
    return mapped;
  };

  const rebuild = (e: Expr): Expr => {
    switch (e.kind) {
      case "const":
      case "attr":
      case "option":
      case "size":
        return e;
      case "index":
        return replaced(e.loop).index;
      case "read": {
        const at = e.at.map(expr);
        return sameNodes(at, e.at) ? e : read({ ...e, at });
      }
      case "op": {
        const args = e.args.map(expr);
        return sameNodes(args, e.args) ? e : op(e.op, ...args);
      }
      case "cast": {
        const arg = expr(e.arg);
        return arg === e.arg ? e : cast(e.to, arg);
      }
      case "select":
        return select(expr(e.cond), expr(e.then), expr(e.else));
      case "part":
        return part(reduction(e.of), e.part);
      default:
        return unreachable(e);
    }
  };

  function expr(e: Expr): Expr {
    const known = done.get(e);
    if (known) return known;
    const result = rules.node(rebuild(e));
    done.set(e, result);
    return result;
  }
  return { expr, loops };
}

/**
 * A stage with its expressions and loops mapped; a dimension whose loop is replaced by two has one
 * more.
 */
export function mapStage(stage: Stage, { expr, loops }: Mapper): Stage {
  switch (stage.kind) {
    case "gather":
      return {
        ...stage,
        domain: stage.domain.flatMap(loops),
        dims: mapDims(stage.domain, stage.dims, loops),
        parts: stage.parts.map(expr),
      };
    case "scatter":
      return {
        ...stage,
        domain: stage.domain.flatMap(loops),
        shape: stage.shape.flatMap(loops),
        dims: mapDims(stage.shape, stage.dims, loops),
        at: stage.at.map(expr),
        when: expr(stage.when),
        values: stage.values.map(expr),
      };
    default:
      return unreachable(stage);
  }
}

function mapDims(
  of: readonly Loop[],
  dims: readonly number[],
  loops: (l: Loop) => readonly Loop[],
): readonly number[] {
  let at = 0;
  return dims.map((n) => {
    at += n;
    return of.slice(at - n, at).flatMap(loops).length;
  });
}

/** The author's names of what has been mapped; the first name of a node wins. */
export function mapNames(kernel: Kernel, mapper: Mapper): ReadonlyMap<Expr | Loop, string> {
  const names = new Map<Expr | Loop, string>();
  for (const [node, name] of kernel.names) {
    const loops = "kind" in node ? [] : mapper.loops(node);
    const mapped = "kind" in node ? mapper.expr(node) : loops.length === 1 ? loops[0] : undefined;
    // A value that has become a constant is better read as a number.
    if (!mapped || ("kind" in mapped && mapped.kind === "const") || names.has(mapped)) continue;
    names.set(mapped, name);
  }
  return names;
}
