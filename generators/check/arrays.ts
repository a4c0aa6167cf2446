// Drawing the elements of tensors. What a tensor of coordinates means is read off its shape and meta: one
// with a column of indices holds boxes (index, then left, top, right, bottom, then whatever else); any other
// holds shifts and points.

import type { Kernel, TensorDecl } from "../ir/kernel.ts";
import type { Random } from "./random.ts";
import { drawShift, type Map2, odd, type Spread } from "./shifts.ts";
import { unitOf } from "./units.ts";

export { type Map2, type Spread, spreads } from "./shifts.ts";

/** How data may be drawn. */
export const valueKinds = ["random", "dyadic", "negative"] as const;

/** What values are drawn from. */
export type Values = (typeof valueKinds)[number];

type Numbers = Readonly<Record<string, number>>;

/** The map of a kernel: the last two axes of its first tensor of data; a scale attribute sets the unit. */
export function findMap(kernel: Kernel, sizes: Numbers, attrs: Numbers): Map2 {
  const data = kernel.tensors.find((t) => t.type === "data" && t.dims.flat().length >= 2);
  const [y, x] = (data?.dims.flat() ?? []).slice(-2);
  const size = (axis: string | undefined) => sizes[axis ?? ""] ?? 8;
  const scale = Object.entries(attrs).find(([name]) => name.includes("scale"))?.[1] ?? 1;
  return { height: size(y), width: size(x), unit: scale > 0 ? 1 / scale : 1 };
}

/** An element of data. */
export function drawValue(values: Values, random: Random): number {
  switch (values) {
    case "random":
      return Math.fround(2 * random() - 1);
    case "dyadic":
      return random.whole(-16, 16) / 16;
    case "negative":
      return Math.fround(-1 - random());
    default:
      return values satisfies never;
  }
}

/** Draws elements of a tensor of coordinates again, in place: all, or the rows (or elements) named. */
export function drawCoords(
  data: Float32Array,
  tensor: TensorDecl,
  kernel: Kernel,
  sizes: Numbers,
  map: Map2,
  spread: Spread,
  random: Random,
  only?: ReadonlySet<number>,
): void {
  const columns = kernel.indices.filter((c) => c.tensor === tensor.name);
  if (columns.length === 0) {
    const draw = unitOf(kernel, tensor, sizes, map);
    for (let i = 0; i < data.length; i++)
      if (!only || only.has(i))
        data[i] = draw ? draw(spread, random, i) : drawShift(spread, map, random, i === 0);
    return;
  }
  const width = Number(tensor.dims.at(-1)!.at(-1));
  for (let row = 0; row < data.length / width; row++) {
    const touched =
      !only || Array.from({ length: width }, (_, c) => row * width + c).some((i) => only.has(i));
    if (!touched) continue;
    const box = drawBox(spread, map, random, row);
    let next = 0;
    for (let c = 0; c < width; c++) {
      const column = columns.find((i) => i.column === c);
      data[row * width + c] = column
        ? drawIndex(sizes[column.axis]!, spread === "indices" && row % 2 === 0, random)
        : (box[next++] ?? drawFurther(spread, random, row));
    }
  }
}

/** An index of an axis, or (`wrong`) a number that is none. */
function drawIndex(size: number, wrong: boolean, random: Random): number {
  if (!wrong) return random.whole(0, Math.max(0, size - 1));
  return random.pick([-1, -0.25, 0.5, size - 0.75, size, size + 3, 1e30, Number.NaN]);
}

/** A column after a box's four, such as an angle: odd in turn with these, often 0 where edges matter. */
function drawFurther(spread: Spread, random: Random, row: number): number {
  const usual = () => (2 * random() - 1) * random.pick([1, 4, 200]);
  switch (spread) {
    case "nan":
    case "infinite":
    case "huge":
      return row % 10 === 4 ? random.pick<number>(odd[spread]) : usual();
    case "zero":
      return 0;
    case "whole":
    case "edge":
      return random.pick([0, 0, 1, 90, -180]);
    case "random":
    case "outside":
    case "degenerate":
    case "far":
    case "indices":
      return usual();
    default:
      return spread satisfies never;
  }
}

/** left, top, right, bottom in coordinate units. */
function drawBox(spread: Spread, map: Map2, random: Random, row: number): readonly number[] {
  const certain = row === 0;
  const sides = [map.width, map.height].map((size) => {
    const from = (random() * 1.2 - 0.2) * size;
    return [from, from + 0.3 + random() * size];
  });
  const usual = [sides[0]![0]!, sides[1]![0]!, sides[0]![1]!, sides[1]![1]!];
  const scaled = (box: readonly number[]) => box.map((v) => v * map.unit);
  switch (spread) {
    case "random":
    case "indices":
      return scaled(usual);
    case "whole":
      return scaled(usual.map(Math.round));
    case "zero":
      return [0, 0, 0, 0];
    case "nan":
    case "infinite":
    case "huge": {
      // Every column in turn, so that few boxes try them all; every fifth box is an ordinary one.
      const at = row % 5 === 4 ? -1 : row % 5;
      const box = scaled(usual).map((v, i) => (i === at ? random.pick(odd[spread]) : v));
      // Some are of no extent in the other direction: 0 samples times infinitely many.
      const flat = at >= 0 && random() < 0.3 ? 1 - (at % 2) : -1;
      return box.map((v, i) => (i === flat + 2 ? box[flat]! : v));
    }
    case "outside": {
      if (!certain && random() < 0.5) return scaled(usual);
      const [dx, dy] = [random.pick([-2, 0, 2]) * map.width, random.pick([-2, 2]) * map.height];
      return scaled([usual[0]! + dx, usual[1]! + dy, usual[2]! + dx, usual[3]! + dy]);
    }
    case "degenerate": {
      const [l, t, r, b] = usual as [number, number, number, number];
      const near = (v: number) => Math.round(4 * v) / 4;
      return scaled(
        random.pick([
          [l, t, l, t],
          [r, b, l, t],
          [l, b, r, t],
          [l, t, r, b],
          [l, t, l + 2 ** -12, b],
          // One unit less than nothing: of no width where the last pixel counts.
          [near(l), t, near(l) - 1 / map.unit, b],
          [l, near(t), r, near(t) - 1 / map.unit],
        ]),
      );
    }
    case "edge": {
      const close = random() < 0.5;
      const [x, y] = [map.width, map.height].map((size) => {
        const from = random.whole(close ? -4 : -2 * size, close ? 4 : size) / 2;
        return [from, from + random.whole(close ? -8 : 1, close ? 8 : 6 * size) / 2];
      });
      return scaled([x![0]!, y![0]!, x![1]!, y![1]!]);
    }
    case "far": {
      // Powers of two, so that f32 places the samples exactly.
      const reach = 2 ** random.whole(12, 19);
      return !certain && random() < 0.4 ? scaled(usual) : scaled([-reach, -reach, reach, reach]);
    }
    default:
      return spread satisfies never;
  }
}
