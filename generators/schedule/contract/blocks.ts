// How a contraction is cut where there are no groups of threads: which of its sum's axes are made in chunks, what
// of the second factor is held in a panel, and the first factor packed for vectors along the output.

import { domain } from "../../ir/build.ts";
import { type Expr, index, int, type Loop } from "../../ir/expr.ts";
import { type Facts, factsOf } from "../../ir/facts.ts";
import type { Gather, Kernel } from "../../ir/kernel.ts";
import { freeLoops, substitute, visit } from "../../ir/walk.ts";
import { flatten } from "../address.ts";
import { copyTo } from "../copies.ts";
import type { Refused } from "../draft.ts";
import { findBatches } from "../sharing.ts";
import { findSplits, settleTest, splitNodes } from "../splits.ts";
import { moveNames, type Pack, packFactor, renamed } from "./pack.ts";
import { rowPosition } from "./panel.ts";
import { type Contraction, transposed, withBatch } from "./recognise.ts";
import { strideAlong } from "./stride.ts";
import { costAlong } from "./walkOrder.ts";

/** Sizes of the pieces in which a product is computed. */
export interface Blocks {
  /** Places of the second factor that a register block holds. */
  readonly rows: number;
  /** Neighbours along the output that it holds: a multiple of a vector's lanes. */
  readonly columns: number;
  /** Places of a panel: a multiple of `rows`. */
  readonly pixels: number;
  /** Neighbours of a panel's row that are made at once; 1 where vectors are of no use. */
  readonly lanes: number;
  /** What a panel is to take at most, where it can be cut. */
  readonly kibibytes: number;
}

/** What a dimension of the panel's stage is to the launch that makes and reads it. */
export type Role =
  /** Fixed for the panel: that loop of the batch. */
  | { readonly is: "batch"; readonly loop: Loop }
  /** A place of the panel: of the output in strips, else of the sum. */
  | { readonly is: "place"; readonly loop: Loop }
  /** Walked at that loop, which is one of the sum in strips, in chunks; else one of the output. */
  | { readonly is: "tap"; readonly loop: Loop }
  /** Held whole for each place and tap; the sum reads it where it likes. */
  | { readonly is: "row" };

/** A contraction with its factors where the product finds them. */
export interface Blocked {
  /** Are places those of the output, walked in strips; or those of the sum, swept over by each of its elements? */
  readonly by: "strips" | "sweeps";
  readonly contraction: Contraction;
  readonly blocks: Blocks;
  /** The second factor as a stage of which one panel at a time is made. */
  readonly panel: Gather;
  readonly roles: readonly Role[];
  /** What is walked for each place and tap of the panel. */
  readonly row: Row;
  /** The place in the panel's stage that a term reads. */
  readonly at: readonly Expr[];
  /** The loops of taps, and those inside each step of them. */
  readonly taps: readonly Loop[];
  readonly steps: readonly Loop[];
  /** The loop of the first factor along which neighbours are computed together. */
  readonly side: Loop;
  /** The first factor, with as many neighbours along `side` as a register block has side by side; 0 beyond. */
  readonly pack: Pack;
  /** The loops of the batch that it depends on. */
  readonly packBatch: readonly Loop[];
}

/** How the dimensions that are held whole are walked: those loops, the place in each dimension, the value there. */
export interface Row {
  readonly loops: readonly Loop[];
  readonly at: readonly Expr[];
  readonly value: Expr;
}

/** Cuts a contraction whose second factor is an element of `held`, where that is given; or says why it cannot. */
export function cutBlocks(
  kernel: Kernel,
  found: Contraction,
  blocks: Blocks,
  held: Gather | undefined,
  nameOf: (hint: string) => string,
  names: Map<Expr | Loop, string>,
): Blocked | Refused {
  const facts = factsOf(kernel);
  const batches = findBatches(kernel);
  const given = orient(found, batches);
  const { stage, k } = given;
  const loose = k.find((l) => l.lo !== int(0) || freeLoops(l.hi).size > 0);
  if (loose) return { refused: `how far the sum of ${stage.name} runs over ${loose.axis} varies` };
  const own = held && readsOnly(given, held);
  const { panel, at } = own ?? makePanel(given, nameOf(stage.name), names);
  if (panel.parts.length > 1)
    return { refused: `an element of ${panel.name} is made of several numbers` };
  const { plain, rows } = findRows(panel, at, given, facts, batches);
  const inRow = new Set(rows.flatMap((d) => [...freeLoops(at[d]!)]));
  const sweeps = given.p.filter((l) => inRow.has(l));
  const contraction = sweeps.length > 0 ? given : alongMemory(given);
  const { b, m, p, f } = contraction;
  const [places, taps] = sweeps.length > 0 ? [k, p] : [p, k];
  const roles = plain.map((l, d): Role => {
    if (!l || rows.includes(d)) return { is: "row" };
    if (b.includes(l)) return { is: "batch", loop: l };
    return { is: places.includes(l) ? "place" : "tap", loop: l };
  });
  const of = (is: "place" | "tap", loops: readonly Loop[]): readonly Loop[] =>
    loops.filter((l) => roles.some((role) => role.is === is && role.loop === l));
  if (of("place", places).length < places.length)
    return { refused: `${panel.name} is not read at the places of ${stage.name}` };
  const tapped = of("tap", taps);
  const steps = taps.filter((l) => !tapped.includes(l));
  const side = m.find((l) => isAlongMemory(contraction, l)) ?? m[0];
  if (!side) return { refused: `${stage.name} has no axis of its first factor alone` };
  const packBatch = b.filter((l) => freeLoops(f.value).has(l));
  const row = walkRow(panel, roles, facts, names);
  const common = { contraction, blocks, panel, roles, row, at, taps: tapped, steps, side };
  const pack = (sum: readonly Loop[], walked: readonly Loop[], columns: number): Pack =>
    packFactor(contraction, { batch: packBatch, side, sum, walked, columns }, nameOf, names);
  if (sweeps.length === 0) {
    // What lies side by side in memory is then read together, and written together.
    const packed = pack([...tapped, ...steps], [...steps, ...tapped], blocks.columns);
    return { ...common, by: "strips", pack: packed, packBatch };
  }
  const cut: Blocked = { ...common, by: "sweeps", pack: pack(k, k, blocks.rows), packBatch };
  const [along, ...more] = steps;
  const even = along && strideAlong(rowPosition(cut), along) === 1;
  return even && more.length === 0
    ? cut
    : { refused: `neighbours of ${stage.name} do not read neighbours of ${panel.name}` };
}

/**
 * The contraction with its sides so that the first factor is the one that does not differ within a batch, as weights
 * do not: it is packed once.
 */
function orient(c: Contraction, batches: ReadonlySet<string>): Contraction {
  const differs = (loops: readonly Loop[]) => loops.some(({ axis }) => batches.has(axis));
  return differs(c.m) && !differs(c.p) ? transposed(c) : c;
}

/** Do neighbours along a loop lie side by side in memory? */
export const isAlongMemory = ({ at, stage }: Contraction, l: Loop): boolean =>
  strideAlong(
    flatten(
      at,
      stage.domain.map((own) => own.hi),
    ),
    l,
  ) === 1;

/**
 * The contraction with only those loops as places that lie side by side in memory, so that a place is one number.
 */
function alongMemory(c: Contraction): Contraction {
  const last = c.p.at(-1);
  const end = last ? c.at.indexOf(index(last)) : -1;
  const isBeside = (l: Loop, from: number): boolean =>
    c.p.slice(from).every((later, i) => c.at[end - (c.p.length - 1 - from) + i] === index(later)) &&
    c.at.includes(index(l));
  const first = c.p.findIndex((l, d) => isBeside(l, d));
  return withBatch(c, new Set(c.p.slice(0, Math.max(0, first))));
}

/** The walk of the dimensions held whole, cut at their owners so that these run outside. */
function walkRow(
  panel: Gather,
  roles: readonly Role[],
  facts: Facts,
  names: Map<Expr | Loop, string>,
): Row {
  const own = panel.domain.filter((_, d) => roles[d]!.is === "row");
  const splits = findSplits(panel.parts, own, facts, names);
  const insideOf = (l: Loop): Expr => index(splits.get(l)?.within ?? l);
  const at = own.map((l) => splits.get(l)?.whole(insideOf(l)) ?? index(l));
  const copy = copyTo(
    {
      count: 1,
      indices: new Map(own.map((l, d) => [l, [at[d]!]])),
      nodes: splitNodes(splits, 1, (l) => [insideOf(l)]),
      settle: (e) => settleTest(e, facts),
      order: (over) => over,
    },
    moveNames(names),
  );
  const blocks = own.flatMap((l) => splits.get(l)?.block ?? []);
  const loops = [...blocks, ...own.map((l) => splits.get(l)?.within ?? l)];
  return { loops, at, value: copy(panel.parts[0]!)[0]! };
}

/** The second factor where it is one element of `held`. */
function readsOnly({ s }: Contraction, held: Gather) {
  const { value } = s;
  if (value.kind !== "read" || value.from !== held.name || value.border !== "inside")
    return undefined;
  return { panel: held, at: value.at };
}

/** A stage of the second factor over its own axes, those along which least changes innermost. */
function makePanel(
  { b, p, k, s }: Contraction,
  name: string,
  names: Map<Expr | Loop, string>,
): { readonly panel: Gather; readonly at: readonly Expr[] } {
  const free = freeLoops(s.value);
  const inner = k.at(-1);
  const outer = [...b, ...p].filter((l) => free.has(l));
  const loops = [...outer, ...k.filter((l) => l !== inner), ...(inner ? [inner] : [])];
  const fresh = new Map(loops.map((l) => [l, renamed(l, names)]));
  const made = domain([...fresh.values()], substitute([s.value], fresh), moveNames(names));
  const panel: Gather = {
    kind: "gather",
    name,
    domain: made.domain,
    dims: loops.map(() => 1),
    parts: made.parts,
  };
  return { panel, at: loops.map(index) };
}

/**
 * The loop that each dimension of a panel is read at, where it is read at one; and the dimensions held whole: those
 * that are not, or that along which least changes.
 */
function findRows(
  panel: Gather,
  at: readonly Expr[],
  { b, p, k }: Contraction,
  facts: Facts,
  batches: ReadonlySet<string>,
): { readonly plain: readonly (Loop | undefined)[]; readonly rows: readonly number[] } {
  const known = [...b, ...p, ...k];
  const plain = panel.domain.map((l, d): Loop | undefined => {
    const position = at[d]!;
    return position.kind === "index" &&
      known.includes(position.loop) &&
      facts.same(position.loop.hi, l.hi) &&
      at.filter((other) => freeLoops(other).has(position.loop)).length === 1
      ? position.loop
      : undefined;
  });
  const rows = plain.flatMap((l, d) => (l ? [] : [d]));
  if (rows.length > 0) return { plain, rows };
  const ranked = panel.domain
    .map((l, d) => ({ d, cost: costOfSteps(panel.parts, l), of: plain[d]! }))
    .filter(({ of }) => !b.includes(of) && !batches.has(of.axis))
    .toSorted((x, y) => x.cost - y.cost);
  const [best] = ranked;
  const summed = ranked.find(({ of }) => k.includes(of));
  // Terms that lie side by side are the better choice, unless much more has to be computed for each.
  const chosen = best && summed && summed.cost <= 2 * best.cost ? summed : best;
  return { plain, rows: chosen ? [chosen.d] : [] };
}

/** What changes with each step of a loop, with the border's tests of positions that do. */
function costOfSteps(parts: readonly Expr[], l: Loop): number {
  let tests = 0;
  visit(parts, (e) => {
    if (e.kind !== "read" || e.border === "inside") return;
    tests += e.at.filter((p) => p.kind === "op" && p.op !== "member" && freeLoops(p).has(l)).length;
  });
  return costAlong(parts, l) + 8 * tests;
}
