// Numbers by chance that are the same for the same seed.

import type { Random } from "./strategy.ts";

/** The state of a generator, mixed from a seed of any size. */
function mix(seed: number): () => number {
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/** A generator by xoshiro128++; seeds are whole numbers. */
export function createRandom(seed: number): Random {
  const next = mix(seed);
  const s = Uint32Array.from({ length: 4 }, next);
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  return () => {
    const [a, b, c, d] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const result = (rotate((a + d) | 0, 7) + a) >>> 0;
    s[2] = c ^ a;
    s[3] = d ^ b;
    s[1] = b ^ s[2]!;
    s[0] = a ^ s[3]!;
    s[2] ^= b << 9;
    s[3] = rotate(s[3]!, 11);
    return result / 2 ** 32;
  };
}

/** A whole number from 0 to below `count`. */
export const pick = (random: Random, count: number): number => Math.floor(random() * count);

/** Puts items in an order by chance, in place. */
export function shuffle<T extends { length: number; [index: number]: unknown }>(
  items: T,
  random: Random,
): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = pick(random, i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/** Different numbers from 0 to below `count`, each as likely as any other. */
export function sampleIndices(count: number, wanted: number, random: Random): readonly number[] {
  // Floyd's way, which needs no list of all.
  const chosen = new Set<number>();
  for (let top = Math.max(0, count - wanted); top < count; top++) {
    const candidate = pick(random, top + 1);
    chosen.add(chosen.has(candidate) ? top : candidate);
  }
  return shuffle([...chosen], random);
}
