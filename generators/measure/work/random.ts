// Reproducible numbers, the same on every machine.

import { UserError } from "../../messages/errors.ts";

/** Draws numbers from a generator that starts at a seed. */
export interface Draw {
  /** In (0, 1). */
  uniform(): number;
  /** Normal with deviation 1. */
  normal(): number;
}

/**
 * A linear congruential generator (Numerical Recipes, chapter 7.1), by Box and Muller for normals.
 */
export function startDraw(seed: number): Draw {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** What a file of one array and most machines' memory hold: 1 GiB. */
const most = 2 ** 28;

/** An array of so many drawn numbers; more than 1 GiB is refused. */
export function fillArray(count: number, draw: () => number): Float32Array {
  if (count <= most) return Float32Array.from({ length: count }, draw);
  throw new UserError(
    `a tensor of this call would have ${count} elements; tensors of up to ${most} are taken`,
  );
}
