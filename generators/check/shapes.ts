// Which sizes and attributes a case has: rules that look for the awkward ones.

import { axesWithin, dimensionsOf, type Kernel } from "../ir/kernel.ts";
import { fitSizes } from "./fitting.ts";
import type { Random } from "./random.ts";
import {
  type Attributes,
  completeSizes,
  dividedAxes,
  divisors,
  drawNumber,
  freeAxes,
  makeAttributes,
  movesOf,
  workOf,
} from "./sizes.ts";
import { countBeyond, findProduct, type Product, tiledSizes } from "./tiles.ts";
import type { Subject } from "./variants.ts";

/** Which sizes a case has. */
export type SizeRule =
  /** As `meta` gives them. */
  | "sample"
  | "random"
  /** As many 1s as the demands allow. */
  | "ones"
  | "primes"
  /** One axis just beyond a power of two, so that no tile divides it. */
  | "uneven"
  /** Group counts that do not divide one another. */
  | "groups"
  /** Computed axes of size 1: a window as large as what it slides over. */
  | "covering"
  /** No elements along the first axis of the result. */
  | "empty"
  /** Small maps, and many boxes where the operator takes boxes. */
  | "many"
  /** So small that every element of every tensor can be moved, one after another. */
  | "tiny"
  /** Beyond one tile of a kernel that is made in tiles, in each direction, with something left over. */
  | "tiled";

type Numbers = Readonly<Record<string, number>>;

/** Sizes and attributes of a case. */
export interface Shape {
  readonly sizes: Numbers;
  readonly attributes: Attributes;
}

/** Work beyond which a drawn case is too slow to judge hundreds of times; gradients are a multiple of it. */
const mostWork = { forward: 20000, backward: 8000 } as const;

/** The same for cases of several tiles, of which there are few. */
const mostTiledWork = 150_000;

/** Work times elements beyond which a case is too slow to be run for each element. */
export const mostMoves = 60_000;

/** The rules for which the best of several shapes is taken. */
const scored: readonly SizeRule[] = ["ones", "uneven", "groups", "covering", "tiny", "tiled"];

/** Sizes and attributes by a rule; undefined where none were found that the operator accepts. */
export function drawShape(
  kernel: Kernel,
  subject: Subject,
  options: Numbers,
  rule: SizeRule,
  number: number,
  random: Random,
): Shape | undefined {
  if (rule === "sample") return sampleShape(kernel, subject, options, number, random);
  const product = rule === "tiled" ? findProduct(kernel) : undefined;
  if (rule === "tiled" && !product) return undefined;
  let best: Shape | undefined;
  let most = Number.NEGATIVE_INFINITY;
  let accepted = 0;
  // Few shapes are beyond a tile in each direction and still small enough to judge.
  const wanted = rule === "tiled" ? 300 : scored.includes(rule) ? 30 : 1;
  const usual = subject.forward ? mostWork.backward : mostWork.forward;
  const limit = rule === "tiled" ? mostTiledWork : usual;
  for (let attempt = 0; attempt < 3000 && accepted < wanted; attempt++) {
    const attributes = makeAttributes(subject.attrs, options, (attr) =>
      rule === "ones" && random() < 0.7
        ? (attr.min ?? (Number(attr.default) || 0))
        : drawNumber(attr, random),
    );
    const drawn = product
      ? drawTiled(kernel, product, random)
      : drawFree(kernel, rule as Exclude<SizeRule, "sample" | "tiled">, random);
    const free = fitSizes(kernel, drawn, attributes.attrs, options, random);
    const sizes = completeSizes(kernel, free, attributes.attrs, options);
    if (!sizes || workOf(kernel, sizes) > limit) continue;
    if (rule === "tiny" && movesOf(kernel, sizes) > mostMoves) continue;
    accepted++;
    const value = score(kernel, rule, sizes, attributes.attrs, options, product);
    if (value > most) [best, most] = [{ sizes, attributes }, value];
  }
  return best && rule === "empty" ? emptied(kernel, best, options) : best;
}

function sampleShape(
  kernel: Kernel,
  subject: Subject,
  options: Numbers,
  number: number,
  random: Random,
): Shape | undefined {
  const sample = subject.samples[number];
  if (!sample) return undefined;
  const attributes = makeAttributes(subject.attrs, options, (attr, part) => {
    const given = sample.attrs[attr.name] ?? attr.default ?? 0;
    const value = typeof given === "object" ? (given as Numbers)[part] : given;
    return Number(value);
  });
  const { attrs } = attributes;
  // With other options than its own, a sample may have to be of other sizes.
  const sizes =
    completeSizes(kernel, sample.sizes, attrs, options) ??
    completeSizes(kernel, fitSizes(kernel, sample.sizes, attrs, options, random), attrs, options);
  return sizes && { sizes, attributes };
}

const pools = {
  random: [1, 2, 3, 4, 5, 7, 8],
  ones: [1, 1, 1, 1, 1, 1, 2],
  primes: [2, 3, 5, 7, 11, 13],
  uneven: [1, 2, 3, 5, 9, 17, 33],
  groups: [1, 2, 3, 6],
  covering: [2, 3, 4, 5],
  empty: [1, 2, 3],
  many: [1, 2, 2, 3],
  tiny: [1, 2, 2, 3, 4],
} as const;

/** So many boxes meet most of what can happen at the border of a small map. */
const manyBoxes = 41;

/** So many pixels are several rows and columns of several maps. */
const pixelsOfMaps = 40;

/** Sizes in which divisors are likely, for axes that something must divide. */
const divisible = [1, 2, 2, 3, 4, 6, 6, 12];

function drawFree(
  kernel: Kernel,
  rule: Exclude<SizeRule, "sample" | "tiled">,
  random: Random,
): Numbers {
  const divided = dividedAxes(kernel);
  const boxes = kernel.indices.length > 0 ? emptiableAxis(kernel) : undefined;
  const maps = new Set(kernel.units?.map((u) => ("along" in u ? u.along : undefined)));
  return Object.fromEntries(
    freeAxes(kernel).map((axis) => {
      if (rule === "many" && axis === boxes) return [axis, manyBoxes];
      if ((rule === "many" || rule === "random") && maps.has(axis))
        return [axis, random.whole(3, pixelsOfMaps)];
      const likely = divided.has(axis) && rule !== "primes" && rule !== "ones";
      return [axis, random.pick<number>(likely ? divisible : pools[rule])];
    }),
  );
}

function drawTiled(kernel: Kernel, product: Product, random: Random): Numbers {
  const divided = dividedAxes(kernel);
  return Object.fromEntries(
    freeAxes(kernel).map((axis) => [axis, random.pick(tiledSizes(product, axis, divided))]),
  );
}

/** How well sizes serve the rule; the best of several is taken. */
function score(
  kernel: Kernel,
  rule: SizeRule,
  sizes: Numbers,
  attrs: Numbers,
  options: Numbers,
  product: Product | undefined,
): number {
  const free = freeAxes(kernel).map((axis) => sizes[axis]!);
  const total = (of: readonly number[]) => of.reduce((n, size) => n + size, 0);
  switch (rule) {
    case "ones":
      return -total(free);
    case "uneven":
      return Math.max(...kernel.axes.map((a) => sizes[a.axis]!), ...free) % 16 === 1 ? 1 : 0;
    case "groups": {
      const counts = divisors(kernel, sizes, attrs, options).filter((n) => n > 1);
      const apart = counts.flatMap((a) => counts.filter((b) => a < b && b % a !== 0));
      return apart.length * 10 + counts.length;
    }
    case "covering":
      return -total(kernel.axes.map((a) => sizes[a.axis]!)) + total(free) / 100;
    case "sample":
    case "random":
    case "primes":
    case "empty":
    case "many":
      return 0;
    case "tiny":
      // As much as the limit allows, and something to move across.
      return movesOf(kernel, sizes);
    case "tiled":
      // Of shapes that are beyond a tile in as many directions, the one with the least to compute.
      return (
        countBeyond(product!, sizes, Math.max(1, ...divisors(kernel, sizes, attrs, options))) -
        workOf(kernel, sizes) / (2 * mostTiledWork)
      );
    default:
      return rule satisfies never;
  }
}

/** The axis along which a kernel may have nothing to compute: the first of its first result, where it is free. */
export function emptiableAxis(kernel: Kernel): string | undefined {
  const results = kernel.stages.filter((s) => kernel.outputs.includes(s.name));
  const first = results.find((s) => s.name === kernel.outputs[0]);
  const [[axis] = []] = first ? dimensionsOf(first) : [];
  if (axis === undefined || !freeAxes(kernel).includes(axis)) return undefined;
  const shapes = [...kernel.tensors.map(({ dims }) => dims), ...results.map(dimensionsOf)];
  return axesWithin(shapes).has(axis) ? undefined : axis;
}

/** The same sizes with nothing along that axis. */
function emptied(kernel: Kernel, shape: Shape, options: Numbers): Shape | undefined {
  const axis = emptiableAxis(kernel);
  if (axis === undefined) return undefined;
  const free = Object.fromEntries(
    freeAxes(kernel).map((name) => [name, name === axis ? 0 : shape.sizes[name]!]),
  );
  const sizes = completeSizes(kernel, free, shape.attributes.attrs, options);
  return sizes && { sizes, attributes: shape.attributes };
}
