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
}

/**
 * Where the trailing positions begin that stay while one before them changes: those inside fewer loops than the
 * innermost of them. What they add to the address is then computed outside; 0 where that saves nothing.
 */
function findSteady(depths: readonly number[]): number {
  const most = Math.max(...depths);
  const last = depths.lastIndexOf(most);
  return last + 2 < depths.length ? last + 1 : 0;
}

/**
 * Where the trailing positions begin that are bound inside all that are before them: what they add to the address is
 * one value for elements that differ in the others alone; 0 where there are not several.
 */
function findInner(depths: readonly number[]): number {
  const first = depths.findIndex(
    (_, d) => d > 0 && Math.min(...depths.slice(d)) > Math.max(...depths.slice(0, d)),
  );
  return first > 0 && first + 2 <= depths.length ? first : 0;
}

/** Whoever asks for addresses: it names what they are made of, and knows in how many loops a position is bound. */
export interface Asking {
  readonly hint: (part: Expr, name: string) => void;
  readonly depthOf: (position: Expr) => number;
  /** Whether elements are read side by side that differ in outer positions only. */
  readonly beside: boolean;
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
  { hint, depthOf, beside }: Asking,
): Access {
  const tests: Expr[] = [];
  const safe = at.map((p, d) => {
    const extent = extents[d]!;
    if (isWithin(p, extent, facts)) return p;
    const axis = axisWord(axes[d]!);
    const test = make("and", make("le", int(0), p), make("lt", p, extent));
    const moved = make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
    hint(test, `in_${axis}`);
    hint(moved, `safe_${axis}`);
    hint(p, axis);
    if (!isWithinAsReal(p, extent, facts)) tests.push(test);
    return moved;
  });
  const exists = tests.length === 0 ? undefined : tests.reduce((a, b) => make("and", a, b));
  const depths = safe.map(depthOf);
  const steady = findSteady(depths) || (beside ? findInner(depths) : 0);
  if (steady > 0) {
    const [before, within] = [
      flatten(safe.slice(0, steady), extents.slice(0, steady)),
      flatten(safe.slice(steady), extents.slice(steady)),
    ];
    const apart = extents.slice(steady).reduce((a, b) => make("mul", a, b));
    hint(within, axes.slice(steady).map(axisWord).join("_"));
    hint(apart, axes.slice(steady).map(axisWord).join("_").toUpperCase());
    const address = make("add", make("mul", before, apart), within);
    hint(address, `${from}_at`);
    return { address, exists };
  }
  for (let d = 2; d <= safe.length; d++) {
    const prefix = flatten(safe.slice(0, d), extents.slice(0, d));
    hint(prefix, d === safe.length ? `${from}_at` : `${axisWord(axes[d - 1]!)}_at`);
  }
  return { address: flatten(safe, extents), exists };
}

/** An axis in a name; a fixed size is no name. */
const axisWord = (axis: string): string => (/^\d/.test(axis) ? "part" : axis.toLowerCase());
