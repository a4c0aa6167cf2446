// Reproducible numbers, the same on every machine.

/** Draws numbers from a generator that starts at a seed. */
export interface Draw {
  /** In (0, 1). */
  uniform(): number;
  /** Normal with deviation 1. */
  normal(): number;
}

/** A linear congruential generator (Numerical Recipes, chapter 7.1), by Box and Muller for normals. */
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

/** An array of so many drawn numbers. */
export const fillArray = (count: number, draw: () => number): Float32Array =>
  Float32Array.from({ length: count }, draw);
