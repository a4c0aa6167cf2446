// Searches that look at nothing but what was tried: all in order, or by chance.

import type { Points } from "../space/space.ts";
import { pick } from "./random.ts";
import type { Random, Strategy } from "./strategy.ts";

/** Numbers that are still untried; taking one is as fast for a million as for ten. */
export interface Untried {
  readonly left: number;
  has(index: number): boolean;
  remove(index: number): void;
  /** One by chance; there must be some. */
  any(random: Random): number;
}

/** All points of a space, untried. */
export function createUntried({ size }: Points): Untried {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const places = order.slice();
  let left = size;
  return {
    get left() {
      return left;
    },
    has: (index) => places[index]! < left,
    remove(index) {
      const place = places[index]!;
      if (place >= left) return;
      left--;
      const last = order[left]!;
      [order[place], order[left]] = [last, index];
      [places[last], places[index]] = [place, left];
    },
    any: (random) => order[pick(random, left)]!,
  };
}

/** Every point, the seeds first and the others in their order. */
export const exhaustive: Strategy = {
  name: "exhaustive",
  doc: "every configuration, in order",
  start(points, _random, { seeds }) {
    const queue = [...new Set(seeds)];
    const tried = new Set(queue);
    let at = 0;
    return {
      next() {
        const seed = queue.shift();
        if (seed !== undefined) return seed;
        while (tried.has(at)) at++;
        return at < points.size ? at++ : undefined;
      },
      tell() {},
    };
  },
};

/** Points by chance, the seeds first. */
export const random: Strategy = {
  name: "random",
  doc: "configurations by chance, each at most once",
  start(points, draw, { seeds }) {
    const queue = [...new Set(seeds)];
    const untried = createUntried(points);
    return {
      next() {
        if (untried.left === 0) return undefined;
        const index = queue.shift() ?? untried.any(draw);
        untried.remove(index);
        return index;
      },
      tell() {},
    };
  },
};
