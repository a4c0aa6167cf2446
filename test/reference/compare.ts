// Comparing results in a way that cannot pass by accident.

import type { Array64 } from "./array.ts";

/**
 * What is wrong with `got` in one sentence, or undefined if it has the expected shape and no element
 * is farther off than the tolerance. NaN on either side, and an expectation that is empty or zero
 * everywhere, do not pass.
 */
export function explainDifference(
  got: Array64,
  expected: Array64,
  tolerance: number,
): string | undefined {
  if (String(got.shape) !== String(expected.shape)) {
    return `Shape [${got.shape}] instead of [${expected.shape}].`;
  }
  if (!expected.data.some((value) => value !== 0)) return "The expectation has no value but 0.";
  let worst = -1;
  let where = 0;
  for (const [i, value] of expected.data.entries()) {
    const difference = Math.abs((got.data[i] ?? Number.NaN) - value);
    if (Number.isNaN(difference)) return `Element ${i} is ${got.data[i]} instead of ${value}.`;
    if (difference > worst) {
      worst = difference;
      where = i;
    }
  }
  if (worst <= tolerance) return undefined;
  const values = `${got.data[where]} instead of ${expected.data[where]}`;
  return `Element ${where} is ${values}: off by ${worst}, allowed ${tolerance}.`;
}
