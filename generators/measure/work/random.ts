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

/** Refuses tensors of more than 1 GiB, before anything is done for the call `call`. */
export function checkSizes(
  call: string,
  shapes: Readonly<Record<string, readonly number[]>>,
): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const count = shape.reduce((n, size) => n * size, 1);
    if (count <= most) continue;
    throw new UserError(
      `the tensor ${name} of ${call} would have ${count} elements (${shape.join(", ")}); ` +
        `tensors of up to ${most} are taken`,
    );
  }
}

/** An array of so many drawn numbers. */
export const fillArray = (count: number, draw: () => number): Float32Array =>
  Float32Array.from({ length: count }, draw);
