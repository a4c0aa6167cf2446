// Reads with border rules become addresses and tests, written as tensor-IR expressions so that they are
// shared and hoisted like any other.

import { make } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import { isWithin } from "./ranges.ts";

/** The place of an element in row-major order. */
export function flatten(at: readonly Expr[], extents: readonly Expr[]): Expr {
  return at.reduce((address, p, d) =>
    d === 0 ? p : make("add", make("mul", address, extents[d]!), p),
  );
}

export interface Access {
  readonly address: Expr;
  /** Whether the element exists; absent where that is certain. */
  readonly exists: Expr | undefined;
}

/**
 * The address of a read at `at`. A position not known to be in range is moved into it, so that no address
 * leaves the buffer; `exists` says whether that changed anything.
 */
export function access(at: readonly Expr[], extents: readonly Expr[]): Access {
  const tests: Expr[] = [];
  const safe = at.map((p, d) => {
    const extent = extents[d]!;
    if (isWithin(p, extent)) return p;
    tests.push(make("and", make("le", int(0), p), make("lt", p, extent)));
    return make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
  });
  return {
    address: flatten(safe, extents),
    exists: tests.length === 0 ? undefined : tests.reduce((a, b) => make("and", a, b)),
  };
}
