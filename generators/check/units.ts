// Drawing coordinates that are neither pixels nor boxes: shares of a picture, and maps of several sizes that
// lie one after another along an axis.

import type { Kernel, TensorDecl, Unit } from "../ir/kernel.ts";
import type { Random } from "./random.ts";
import { drawShift, type Map2, type Spread } from "./shifts.ts";

type Numbers = Readonly<Record<string, number>>;

/** How element `i` of a tensor is drawn, where the kernel says what its coordinates are. */
export function unitOf(
  kernel: Kernel,
  { name, dims }: TensorDecl,
  sizes: Numbers,
  map: Map2,
): ((spread: Spread, random: Random, i: number) => number) | undefined {
  const unit = kernel.units?.find((u) => u.tensor === name || ("starts" in u && u.starts === name));
  if (!unit) return undefined;
  if (!("along" in unit))
    return (spread, random, i) => drawShare(unit, spread, map, random, i === 0);
  const [levels] = dims.flat();
  const count = sizes[levels ?? ""] ?? 1;
  const size = sizes[unit.along]!;
  const room = Math.floor(size / Math.max(1, count));
  return (spread, random, i) => {
    const usual = name === unit.starts ? i * room : drawSide(room, i % 2 === 0, random);
    if (!isOdd(spread) || random() < 0.7) return usual;
    // What nearly is a size or a start; or far from any.
    return random() < 0.5
      ? random.pick([usual - 0.5, usual + 0.5, -1, 0])
      : random.pick([size, size + 1, 1e30, -1e30, Number.NaN, Infinity]);
  };
}

/** Do coordinates of this kind try sizes and starts that are none? */
const isOdd = (spread: Spread): boolean =>
  spread === "nan" || spread === "infinite" || spread === "huge" || spread === "indices";

/** Rows or columns of a map of at most `room` pixels; a map may be a few times as wide as tall. */
function drawSide(room: number, rows: boolean, random: Random): number {
  const most = Math.floor(Math.sqrt(Math.max(1, room) / 3));
  return random.whole(1, Math.max(1, rows ? most : 3 * most));
}

/** A position on the picture or a little beyond, or what the spread asks for. */
function drawShare(
  { from, to }: Exclude<Unit, { readonly along: string }>,
  spread: Spread,
  map: Map2,
  random: Random,
  certain: boolean,
): number {
  const at = (share: number): number => from + (to - from) * share;
  const usual = () => at(1.3 * random() - 0.15);
  /** Multiples of half a pixel, whichever its size and wherever its centre. */
  const halves = (): number => {
    const size = random.pick([map.height, map.width, random.whole(1, 6)]);
    const whole = random.pick([size, Math.max(1, size - 1)]);
    return at(random.whole(-3, 2 * whole + 3) / (2 * whole));
  };
  switch (spread) {
    case "random":
    case "indices":
      return usual();
    case "whole":
    case "edge":
      return halves();
    case "zero":
      return 0;
    case "nan":
    case "infinite":
    case "huge":
      return certain || random() < 0.2 ? drawShift(spread, map, random, true) : usual();
    case "outside":
    case "far":
      if (!certain && random() < 0.5) return usual();
      return at(random() < 0.5 ? 1.5 + 3 * random() : -0.5 - 3 * random());
    case "degenerate":
      return at(random.pick([0, 0.5, 1])) + (2 * random() - 1) * 2 ** -20;
    default:
      return spread satisfies never;
  }
}
