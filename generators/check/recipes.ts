// The kinds of cases: by which rules sizes, coordinates and values are drawn.

import type { Spread, Values } from "./arrays.ts";
import type { Expects } from "./compare.ts";
import type { SizeRule } from "./shapes.ts";
import type { Subject } from "./variants.ts";

interface Recipe {
  readonly sizes: SizeRule;
  readonly coords: Spread;
  readonly values: Values;
  readonly expects: Expects;
}

const recipe = (
  sizes: SizeRule,
  coords: Spread = "random",
  values: Values = "random",
  expects: Expects = {},
): Recipe => ({ sizes, coords, values, expects });

const mayBeZero: Expects = { zero: true };

/** The kinds of cases. The odd ones may give 0 everywhere: that is their defined answer. */
export const recipes = {
  sample: recipe("sample"),
  random: recipe("random"),
  ones: recipe("ones", "random", "random", mayBeZero),
  primes: recipe("primes"),
  uneven: recipe("uneven"),
  groups: recipe("groups"),
  covering: recipe("covering"),
  empty: recipe("empty", "random", "random", { empty: true }),
  negative: recipe("random", "random", "negative"),
  whole: recipe("random", "whole", "dyadic"),
  zero: recipe("random", "zero", "dyadic", mayBeZero),
  nan: recipe("many", "nan", "random", mayBeZero),
  infinite: recipe("many", "infinite", "random", mayBeZero),
  huge: recipe("random", "huge", "random", mayBeZero),
  outside: recipe("random", "outside", "random", mayBeZero),
  degenerate: recipe("many", "degenerate", "random", mayBeZero),
  indices: recipe("many", "indices", "random", mayBeZero),
  far: recipe("random", "far", "random", mayBeZero),
  edge: recipe("many", "edge", "dyadic", mayBeZero),
  negativeEdge: recipe("many", "edge", "negative", mayBeZero),
  differences: recipe("tiny"),
  tiled: recipe("tiled"),
} as const satisfies Readonly<Record<string, Recipe>>;

/** A kind of case. */
export type CaseKind = keyof typeof recipes;

/**
 * The kinds that each variant is drawn in and that say something of an operator: odd coordinates and indices
 * need a tensor of such.
 */
export function kindsFor(subject: Subject): readonly CaseKind[] {
  const hasCoords = subject.tensors.some((t) => t.type === "coord");
  return (Object.keys(recipes) as CaseKind[]).filter(
    (kind) =>
      (hasCoords || recipes[kind].coords === "random") &&
      (subject.indices.length > 0 || kind !== "indices") &&
      kind !== "tiled" &&
      // Differences are compared with gradients.
      (subject.forward !== undefined || kind !== "differences"),
  );
}
