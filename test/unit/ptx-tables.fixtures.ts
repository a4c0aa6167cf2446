// All test vectors of PTX.

import { compareVectors, convertVectors, moveVectors } from "./ptx-converts.fixtures.ts";
import { doubleVectors, floatVectors, halfVectors } from "./ptx-floats.fixtures.ts";
import { bitVectors, integerVectors } from "./ptx-integers.fixtures.ts";
import { sequences } from "./ptx-sequences.fixtures.ts";

/** Vectors by kinds of instructions. */
export const tables = {
  integers: integerVectors,
  bits: bitVectors,
  float32: floatVectors,
  float64: doubleVectors,
  "float16 and bfloat16": halfVectors,
  comparisons: compareVectors,
  moves: moveVectors,
  conversions: convertVectors,
};

/** Instructions, with their modifiers, that a vector tests. */
export const vectorOps: ReadonlySet<string> = new Set([
  ...Object.values(tables).flatMap((vectors) => vectors.map(({ op }) => op)),
  ...sequences.flatMap(({ ops }) => ops),
]);
