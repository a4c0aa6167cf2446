// Reductions without the parts that nothing reads: a gradient often needs one number of several, which then
// depends on less and can be computed further out.

import { freshLoops, partOf, reduce } from "../ir/build.ts";
import type { Expr, Reduce } from "../ir/expr.ts";
import { type Moved, rewrite, substitute, visit } from "../ir/walk.ts";

/** `e` with each reduction cut down to the parts that are read in it; a maximum keeps what it compares. */
export function narrow(e: Expr, moved: Moved): Expr {
  let result = e;
  for (;;) {
    const needed = partsRead(result);
    const wide = [...needed].filter(([of, parts]) => parts.size < of.bodies.length);
    if (wide.length === 0) return result;
    const cut = new Map(wide.map(([of, parts]) => [of, cutDown(of, parts, moved)]));
    result = rewrite([result], (x) => {
      const found = x.kind === "part" ? cut.get(x.of) : undefined;
      return x.kind === "part" && found ? found(x.part) : x;
    })[0]!;
  }
}

function partsRead(e: Expr): ReadonlyMap<Reduce, ReadonlySet<number>> {
  const parts = new Map<Reduce, Set<number>>();
  visit([e], (x) => {
    if (x.kind !== "part") return;
    const read = parts.get(x.of) ?? new Set(x.of.op === "max" ? [0] : []);
    parts.set(x.of, read.add(x.part));
  });
  return parts;
}

/** A reduction of some parts only, through the numbers that these had. */
function cutDown(of: Reduce, parts: ReadonlySet<number>, moved: Moved): (part: number) => Expr {
  const kept = [...parts].sort((a, b) => a - b);
  const to = freshLoops(of.over, moved);
  const bodies = substitute(
    kept.map((part) => of.bodies[part]!),
    to,
    moved,
  );
  const from = kept.map((part) => of.from[part]!);
  const narrowed = reduce(of.op, [...to.values()], bodies, from, moved);
  return (part) => partOf(narrowed, kept.indexOf(part));
}
