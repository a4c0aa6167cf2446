// A maximum is often needed twice in a gradient: what it is, and where it was reached. One walk gives both.

import { partOf } from "../ir/build.ts";
import type { Expr, Reduce } from "../ir/expr.ts";
import { type Moved, rewrite, visit } from "../ir/walk.ts";

/** `roots` with each reduction left out whose numbers another one has too, in the same walk. */
export function shareWalks(roots: readonly Expr[], moved: Moved): readonly Expr[] {
  const found = new Set<Reduce>();
  visit(roots, (e) => void (e.kind === "part" && found.add(e.of)));
  const wider = new Map<Reduce, Reduce>();
  for (const of of found)
    for (const other of found) if (other !== of && beginsWith(other, of)) wider.set(of, other);
  if (wider.size === 0) return roots;
  const shared = rewrite(roots, (e) => {
    const other = e.kind === "part" ? wider.get(e.of) : undefined;
    if (e.kind !== "part" || !other) return e;
    const same = partOf(other, e.part);
    moved(e, same);
    return same;
  });
  // What was inside of others may have become equal to more.
  return shared.every((e, i) => e === roots[i]) ? roots : shareWalks(shared, moved);
}

/** Does `wide` walk as `of` does, and end in its numbers and more? */
const beginsWith = (wide: Reduce, of: Reduce): boolean =>
  wide.op === of.op &&
  wide.bodies.length > of.bodies.length &&
  wide.over.length === of.over.length &&
  wide.over.every((l, d) => l === of.over[d]) &&
  of.bodies.every((body, i) => body === wide.bodies[i]) &&
  of.from.every((from, i) => from === wide.from[i]);
