// Sizes of the tiles of a contraction on devices with groups of threads, and what they ask of a device.

import type { Limits, Refused } from "../draft.ts";

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

/** How many threads a group has. */
export const threadsOf = ({ BM, BP, TM, TP }: Omit<Tiles, "rolled">): number =>
  (BM / TM) * (BP / TP);

/** How far apart rows are in tiles that warps multiply, so that what threads read lies in different banks. */
export const warpStride = ({ BK }: Pick<Tiles, "BK">): number => BK + 8;

/** What a group keeps on chip: a block of steps of both sides, as f32 or rounded. */
export function sharedBytesOf(tiles: Omit<Tiles, "rolled">): number {
  const { BM, BP, BK, pad, product } = tiles;
  return product ? 2 * warpStride(tiles) * (BM + BP) : 4 * BK * (BM + pad + BP + pad);
}

/** Why warps cannot multiply these tiles, or nothing. */
function refuseProduct(
  { BM, BP, BK, TM, TP, product }: Tiles,
  limits: Limits,
): Refused | undefined {
  if (product === undefined) return undefined;
  if (!limits.products?.includes(product)) return { refused: `no warp multiplies ${product} here` };
  const even = TM % 2 === 0 && TP % 2 === 0;
  if (even && BM % (8 * TM) === 0 && BP % (4 * TP) === 0 && BK % 16 === 0) return undefined;
  return {
    refused:
      "warps multiply 16 rows, 8 columns and 16 steps at a time: TM and TP are even, 8 TM divides BM, " +
      `4 TP divides BP and 16 divides BK, which ${TM}, ${TP}, ${BM}, ${BP} and ${BK} do not allow`,
  };
}

/** More accumulators than this do not stay in registers. */
const mostOfThread = 128;

/** Why tiles cannot be used on a device, or nothing. */
export function refuseTiles(tiles: Tiles, limits: Limits): Refused | undefined {
  const { BM, BP, BK, TM, TP, pad, group } = tiles;
  for (const name of sizeNames) {
    const size = tiles[name];
    if (!Number.isInteger(size) || size < 1)
      return { refused: `${name} is a positive whole number, not ${size}` };
  }
  if (!Number.isInteger(pad) || pad < 0)
    return { refused: `pad is a whole number from 0 up, not ${pad}` };
  if (BM % TM !== 0) return { refused: `TM divides BM, which ${TM} and ${BM} do not` };
  if (BP % TP !== 0) return { refused: `TP divides BP, which ${TP} and ${BP} do not` };
  if (TM * TP > mostOfThread)
    return { refused: `a thread keeps at most ${mostOfThread} elements, not ${TM * TP}` };
  const unfit = refuseProduct(tiles, limits);
  if (unfit) return unfit;
  const threads = threadsOf(tiles);
  for (const count of [threads, group])
    if (count > limits.threads)
      return { refused: `a group has at most ${limits.threads} threads here, not ${count}` };
  for (const [name, size] of [
    ["BM", BM],
    ["BP", BP],
  ] as const)
    if (threads % size !== 0 || (BK * size) % threads !== 0)
      return {
        refused:
          `a group's ${threads} threads make whole rows of ${name} elements, ` +
          `a block of ${BK} in equal turns, which ${size} does not allow`,
      };
  const bytes = sharedBytesOf(tiles);
  if (bytes > limits.sharedBytes)
    return { refused: `a group has ${limits.sharedBytes} bytes on chip here, not ${bytes}` };
  return undefined;
}
