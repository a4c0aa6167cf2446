// Seeded random numbers: the same on every machine, from a text that names what they are for.

/** Numbers in [0, 1), reproducible. */
export interface Random {
  (): number;
  /** A whole number in [lo, hi]. */
  whole(lo: number, hi: number): number;
  pick<T>(from: readonly T[]): T;
}

/** A generator for `name`: FNV-1a makes the seed, mulberry32 the numbers. */
export function randomFor(name: string): Random {
  let state = 2166136261;
  for (let i = 0; i < name.length; i++)
    state = Math.imul(state ^ name.charCodeAt(i), 16777619) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (lo: number, hi: number) => lo + Math.floor(next() * (hi - lo + 1));
  return Object.assign(next, {
    whole,
    pick: <T>(from: readonly T[]): T => from[whole(0, from.length - 1)]!,
  });
}
