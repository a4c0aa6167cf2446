// Sizes at which kernels that are made in tiles have several of them in each direction, with something left over.

import type { Expr, Loop } from "../ir/expr.ts";
import { type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { children, visit } from "../ir/walk.ts";

type Numbers = Readonly<Record<string, number>>;

/** A sum of products: axes of the result on which one factor alone depends, the other alone, and those of the sum. */
export interface Product {
  readonly rows: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
  /** How many elements the result has, axis by axis. */
  readonly domain: readonly Loop[];
}

/** The first sum of products of a kernel whose factors have axes of their own, where it has one. */
export function findProduct(kernel: Kernel): Product | undefined {
  for (const stage of kernel.stages) {
    const found = productOf(stage);
    if (found) return found;
  }
  return undefined;
}

function productOf(stage: Stage): Product | undefined {
  let found: Product | undefined;
  visit(rootsOf(stage), (e) => {
    const body = e.kind === "part" && e.of.op === "sum" ? e.of.bodies[e.part] : undefined;
    if (e.kind !== "part" || body?.kind !== "op" || body.op !== "mul") return;
    const domain = new Set(stage.domain);
    const [a, b] = body.args.map((factor) => loopsOf(factor, domain));
    const axes = (own: ReadonlySet<Loop>, other: ReadonlySet<Loop>) =>
      new Set([...own].filter((l) => !other.has(l)).map((l) => l.axis));
    const [one, two] = [axes(a!, b!), axes(b!, a!)];
    const [rows, columns] = one.size <= two.size ? [one, two] : [two, one];
    if (rows.size === 0 || columns.size === 0) return;
    found ??= { rows, columns, steps: new Set(e.of.over.map((l) => l.axis)), domain: stage.domain };
  });
  return found;
}

/** The loops of a domain that an expression follows step by step, not only block by block. */
function loopsOf(e: Expr, domain: ReadonlySet<Loop>): ReadonlySet<Loop> {
  const found = new Set<Loop>();
  const seen = new Set<Expr>();
  const look = (x: Expr): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (x.kind === "index" && domain.has(x.loop)) found.add(x.loop);
    // Which block an index is in is the same for all of a tile.
    if (x.kind !== "op" || x.op !== "owner") children(x).forEach(look);
  };
  look(e);
  return found;
}

/** No tile is longer than `side` along either factor, and none takes more than `steps` steps of a sum at once. */
const tile = { side: 64, steps: 16 } as const;

/** Sizes to draw an axis from: just beyond a tile, or as small as may be; `divided` ones must divide one another. */
export function tiledSizes(
  { rows, columns, steps }: Product,
  axis: string,
  divided: ReadonlySet<string>,
): readonly number[] {
  if (rows.has(axis)) return [67, 70, 134];
  if (columns.has(axis)) return [1, 2, 3];
  const isLong = divided.has(axis) || [...steps].every((step) => !divided.has(step));
  if (steps.has(axis)) return isLong ? [17, 18] : [1, 2];
  return divided.has(axis) ? [1, 2, 17, 18, 34, 36] : [1, 2, 3, 5, 9, 12];
}

/** In how many of its three directions a product of these sizes, of axes cut into `groups`, is beyond a tile. */
export function countBeyond(
  { rows, columns, steps, domain }: Product,
  sizes: Numbers,
  groups: number,
): number {
  const extent = (axes: ReadonlySet<string>) =>
    domain.reduce((n, l) => (axes.has(l.axis) ? n * (sizes[l.axis] ?? 1) : n), 1);
  const longest = Math.max(...[...steps].map((axis) => sizes[axis] ?? 1));
  return [
    extent(rows) / groups > tile.side,
    extent(columns) > tile.side,
    longest > tile.steps,
  ].filter(Boolean).length;
}
