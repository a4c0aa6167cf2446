// Sizes of the tiles of a contraction on devices with groups of threads, and what they ask of a device.

import type { Limits, Refused } from "../draft.ts";
import { type Algebra, findBroken, numbers, type Own, type Rule } from "../rules.ts";

/** How groups of threads share out a contraction: one tile of its output each, made over blocks of its sum. */
export interface Tiles {
  /** Elements of a group's tile along the axes of F, of S, and steps of the sum between two barriers. */
  readonly BM: number;
  readonly BP: number;
  readonly BK: number;
  /** Elements of a thread along the axes of F and of S. */
  readonly TM: number;
  readonly TP: number;
  /** Elements that rows of shared tiles are apart beyond their length, so that banks differ. */
  readonly pad: number;
  /** A thread's elements are stored in loops, and not written out one by one. */
  readonly rolled: boolean;
  /** Where F has fewer rows than this, a thread makes each element: `group` of them in a group. */
  readonly least: number;
  readonly group: number;
  /** The type to which factors are rounded so that warps multiply them; absent where threads do, in f32. */
  readonly product?: "f16" | "bf16";
}

/** The names of the sizes, in order. */
const sizeNames = ["BM", "BP", "BK", "TM", "TP", "least", "group"] as const;

type Sizes = Omit<Tiles, "rolled">;

/** How many threads a group has, as a formula. */
const threadsIn = <T>({ mul, div }: Algebra<T>, own: Own<T>): T =>
  mul(div(own("BM"), own("TM")), div(own("BP"), own("TP")));

/** How many threads a group has. */
export const threadsOf = (tiles: Sizes): number => threadsIn(numbers, readFrom(tiles));

/** How far apart rows are in tiles that warps multiply, so that what threads read lies in different banks. */
export const warpStride = ({ BK }: Pick<Tiles, "BK">): number => BK + beyondRow;

const beyondRow = 8;

/** What a group keeps on chip: a block of steps of both sides, as f32 or rounded. */
function sharedBytesIn<T>({ of, add, mul }: Algebra<T>, own: Own<T>, product: Tiles["product"]): T {
  const sides = add(own("BM"), own("BP"));
  if (product) return mul(mul(of(2), add(own("BK"), of(beyondRow))), sides);
  return mul(mul(of(4), own("BK")), add(sides, mul(of(2), own("pad"))));
}

/** The bytes that a group keeps on chip. */
export const sharedBytesOf = (tiles: Sizes): number =>
  sharedBytesIn(numbers, readFrom(tiles), tiles.product);

const readFrom =
  (tiles: Sizes): Own<number> =>
  (name) =>
    Number(tiles[name as keyof Sizes]);

/** What must hold of tiles that warps multiply. */
const warpRules: readonly Rule[] = [
  {
    why: "warps multiply 16 rows, 8 columns and 16 steps at a time",
    holds: (a, own) => {
      const divides = (by: number, of: string, times?: string) =>
        a.eq(a.rem(own(of), times ? a.mul(a.of(by), own(times)) : a.of(by)), a.of(0));
      return [
        divides(2, "TP"),
        divides(8, "BM", "TM"),
        divides(4, "BP", "TP"),
        divides(16, "BK"),
      ].reduce(a.and, divides(2, "TM"));
    },
    tell: ({ BM, BP, BK, TM, TP }) =>
      "warps multiply 16 rows, 8 columns and 16 steps at a time: TM and TP are even, 8 TM divides BM, " +
      `4 TP divides BP and 16 divides BK, which ${TM}, ${TP}, ${BM}, ${BP} and ${BK} do not allow`,
  },
];

/** More accumulators than this do not stay in registers. */
const mostOfThread = 128;

/** What must hold of the sizes of tiles on a device. */
export const tileRules = (product: Tiles["product"], limits: Limits): readonly Rule[] => [
  ...(["M", "P"] as const).map(
    (side): Rule => ({
      why: `T${side} divides B${side}`,
      holds: ({ of, rem, eq }, own) => eq(rem(own(`B${side}`), own(`T${side}`)), of(0)),
      tell: (p) => `T${side} divides B${side}, which ${p[`T${side}`]} and ${p[`B${side}`]} do not`,
    }),
  ),
  {
    why: `a thread keeps at most ${mostOfThread} elements`,
    holds: ({ of, mul, le }, own) => le(mul(own("TM"), own("TP")), of(mostOfThread)),
    tell: ({ TM, TP }) =>
      `a thread keeps at most ${mostOfThread} elements, not ${Number(TM) * Number(TP)}`,
  },
  ...(product ? warpRules : []),
  ...[
    <T>(a: Algebra<T>, own: Own<T>): T => threadsIn(a, own),
    <T>(_: Algebra<T>, own: Own<T>): T => own("group"),
  ].map(
    (count): Rule => ({
      why: `a group has at most ${limits.threads} threads`,
      holds: (a, own) => a.le(count(a, own), a.of(limits.threads)),
      tell: (p) => {
        const found = count(numbers, (name) => Number(p[name]));
        return `a group has at most ${limits.threads} threads here, not ${found}`;
      },
    }),
  ),
  ...(["BM", "BP"] as const).map(
    (side): Rule => ({
      why: `a group's threads make whole rows of ${side} elements, a block in equal turns`,
      holds: (a, own) => {
        const { of, mul, rem, eq } = a;
        const threads = threadsIn(a, own);
        const turns = eq(rem(mul(own("BK"), own(side)), threads), of(0));
        return a.and(eq(rem(threads, own(side)), of(0)), turns);
      },
      tell: (p) => {
        const threads = threadsIn(numbers, (name) => Number(p[name]));
        return (
          `a group's ${threads} threads make whole rows of ${side} elements, ` +
          `a block of ${p.BK} in equal turns, which ${p[side]} does not allow`
        );
      },
    }),
  ),
  {
    why: `a group has ${limits.sharedBytes} bytes on chip`,
    holds: (a, own) => a.le(sharedBytesIn(a, own, product), a.of(limits.sharedBytes)),
    tell: (p) => {
      const bytes = sharedBytesIn(numbers, (name) => Number(p[name]), product);
      return `a group has ${limits.sharedBytes} bytes on chip here, not ${bytes}`;
    },
  },
];

/** Why tiles cannot be used on a device, or nothing. */
export function refuseTiles(tiles: Tiles, limits: Limits): Refused | undefined {
  const { pad, product } = tiles;
  for (const name of sizeNames) {
    const size = tiles[name];
    if (!Number.isInteger(size) || size < 1)
      return { refused: `${name} is a positive whole number, not ${size}` };
  }
  if (!Number.isInteger(pad) || pad < 0)
    return { refused: `pad is a whole number from 0 up, not ${pad}` };
  if (product && !limits.products?.includes(product))
    return { refused: `no warp multiplies ${product} here` };
  const broken = findBroken(tileRules(product, limits), { ...tiles });
  return broken === undefined ? undefined : { refused: broken };
}
