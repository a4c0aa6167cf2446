// The error of each target's f32 operations as functions, made of what the target's record promises.

import type { Accuracy, Approximate } from "../../targets/contract/accuracy.ts";
import { type TargetName, targetsByName } from "../../targets/registry.ts";
import { largestF32 } from "../ir/ops.ts";

export type { Approximate };

/** The absolute error of an operation: of its value `v` for operand `x`, both in float64. */
export type ErrorOf = (v: number, x: number) => number;

/** What a target promises of its arithmetic. */
export interface Rules {
  readonly name: string;
  /** The unit roundoff of a sum or product; constants are rounded alike. */
  readonly unit: number;
  readonly errors: Readonly<Record<Approximate, ErrorOf>>;
  /** The unit roundoff of the factors of products that a sum adds up, where those are rounded first. */
  readonly factors?: number;
}

/** The unit roundoff of f32, and a hair more for the float64 arithmetic of the judge itself. */
export const unit = 2 ** -24 * (1 + 2 ** -20);

/** The smallest normal f32; below it a target may flush to zero. */
export const tiny = 2 ** -126;

/** The largest finite f32; results half a step beyond it become infinite. */
export const huge = largestF32;

/** Without a promise that covers the operand, any result is allowed. */
function errorBy(accuracy: Accuracy, op: Approximate, roundoff: number): ErrorOf {
  return (v, x) => {
    for (const promised of accuracy[op]) {
      const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = promised;
      const { ulps = 0, ulpsPerUnit = 0, absolute = 0 } = promised;
      const everywhere = promised.from === undefined && promised.to === undefined;
      if (!everywhere && !(x >= from && x <= to)) continue;
      const perUnit = ulpsPerUnit === 0 ? 0 : ulpsPerUnit * Math.abs(x);
      // A unit in the last place is at most two unit roundoffs.
      const relative = 2 * (ulps + perUnit) * roundoff * Math.abs(v);
      return absolute === 0 ? relative : Math.max(absolute, relative);
    }
    return Number.POSITIVE_INFINITY;
  };
}

function rulesFrom(name: string, accuracy: Accuracy, roundoff: number): Rules {
  const operations = Object.keys(accuracy) as readonly Approximate[];
  const errors = operations.map((op) => [op, errorBy(accuracy, op, roundoff)]);
  return { name, unit: roundoff, errors: Object.fromEntries(errors) };
}

/** The rules by target, of the promises in the targets' records. */
export const rulesOf = Object.fromEntries(
  Object.entries(targetsByName).map(([name, { accuracy }]) => [
    name,
    rulesFrom(name, accuracy, unit),
  ]),
) as Readonly<Record<TargetName, Rules>>;

/** JavaScript's own arithmetic, of which the rules of `js` are what is left in f32. */
export const float64: Rules = rulesFrom("float64", targetsByName.js.accuracy, 2 ** -53);

/** No rounding at all: only what inputs are off is passed on. */
export const exactly: Rules = rulesFrom("exact", targetsByName.js.accuracy, 0);

/** The rules that every target keeps: the loosest of all. */
export const loosest: Rules = rulesOf.wgsl;
