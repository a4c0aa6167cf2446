// How coordinates may be drawn, and shifts of a few pixels by these ways.

import type { Random } from "./random.ts";

/**
 * How coordinates may be drawn. `indices`: ordinary boxes whose index column holds no index; `edge`: multiples
 * of a half around the map's border, and boxes wider than the map, so that samples fall on the border and beyond.
 */
export const spreads = [
  "random",
  "whole",
  "zero",
  "nan",
  "infinite",
  "huge",
  "outside",
  "degenerate",
  "far",
  "indices",
  "edge",
] as const;

/** Where coordinates lie. */
export type Spread = (typeof spreads)[number];

/** Where coordinates point: the sizes of the map, and how many coordinate units a pixel is. */
export interface Map2 {
  readonly height: number;
  readonly width: number;
  readonly unit: number;
}

/** Numbers that lie nowhere, by the spread that tries them. */
export const odd = {
  nan: [Number.NaN],
  infinite: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  huge: [1e30, -1e30],
} as const;

/** Shifts beyond all maps: also to where an int still holds them, and where none holds their neighbour. */
const far = { ...odd, huge: [...odd.huge, 1.5 * 2 ** 30, 2 ** 31 - 128, -(2 ** 31)] } as const;

/** A shift of a few pixels, or what the spread asks for; odd ones (some, or `certain`ly) among ordinary ones. */
export function drawShift(spread: Spread, map: Map2, random: Random, certain: boolean): number {
  const usual = () => (2 * random() - 1) * random.pick([1, 2, 4]);
  switch (spread) {
    case "random":
    case "indices":
      return usual();
    case "whole":
      return random.whole(-3, 3);
    case "zero":
      return 0;
    case "nan":
    case "infinite":
    case "huge":
      return certain || random() < 0.2 ? random.pick<number>(far[spread]) : usual();
    case "outside":
    case "far":
      return !certain && random() < 0.5
        ? usual()
        : random.pick([-1, 1]) * (Math.max(map.height, map.width) + 3 * random());
    case "edge":
      return random.whole(-2 * map.height - 3, 2 * map.height + 3) / 2;
    case "degenerate":
      return random() < 0.5 ? random.whole(-2, 2) : usual() * 2 ** -20;
    default:
      return spread satisfies never;
  }
}
