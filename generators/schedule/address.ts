// Reads with border rules become addresses and tests, written as tensor-IR expressions so that they are
// shared and hoisted like any other.

import { make } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import type { Facts } from "../ir/facts.ts";
import { isWithin, isWithinAsReal } from "../ir/ranges.ts";

/** The place of an element in row-major order; of what has no dimensions there is one. */
export const flatten = (at: readonly Expr[], extents: readonly Expr[]): Expr =>
  at.length === 0
    ? int(0)
    : at.reduce((address, p, d) => make("add", make("mul", address, extents[d]!), p));

/** Where a read or a store goes in memory, and when that is inside. */
export interface Access {
  readonly address: Expr;
  /** Whether the element exists; absent where that is certain. */
  readonly exists: Expr | undefined;
  /** What to call the parts, in generated code. */
  readonly hints: ReadonlyMap<Expr, string>;
}

/**
 * The address of a read at `at`. A position not known to be in range is moved into it, so that no address
 * leaves the buffer; `exists` says whether that changed anything.
 */
export function access(
  from: string,
  at: readonly Expr[],
  extents: readonly Expr[],
  axes: readonly string[],
  facts: Facts,
): Access {
  const hints = new Map<Expr, string>();
  const tests: Expr[] = [];
  const safe = at.map((p, d) => {
    const extent = extents[d]!;
    if (isWithin(p, extent, facts)) return p;
    const axis = axisWord(axes[d]!);
    const test = make("and", make("le", int(0), p), make("lt", p, extent));
    const moved = make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
    hints.set(test, `in_${axis}`).set(moved, `safe_${axis}`).set(p, axis);
    if (!isWithinAsReal(p, extent, facts)) tests.push(test);
    return moved;
  });
  for (let d = 2; d <= safe.length; d++) {
    const prefix = flatten(safe.slice(0, d), extents.slice(0, d));
    hints.set(prefix, d === safe.length ? `${from}_at` : `${axisWord(axes[d - 1]!)}_at`);
  }
  return {
    address: flatten(safe, extents),
    exists: tests.length === 0 ? undefined : tests.reduce((a, b) => make("and", a, b)),
    hints,
  };
}

/** An axis in a name; a fixed size is no name. */
const axisWord = (axis: string): string => (/^\d/.test(axis) ? "part" : axis.toLowerCase());
