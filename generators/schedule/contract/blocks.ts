// How a contraction is cut where there are no groups of threads: which of its sum's axes are made in chunks, what
// of the second factor is held in a panel, and the first factor packed for vectors along the output.

import { domain, freshLoop, make, select } from "../../ir/build.ts";
import { constant, type Expr, index, int, type Loop } from "../../ir/expr.ts";
import { type Facts, factsOf } from "../../ir/facts.ts";
import type { Gather, Kernel } from "../../ir/kernel.ts";
import { freeLoops, substitute, visit } from "../../ir/walk.ts";
import { copyTo } from "../copies.ts";
import type { Refused } from "../draft.ts";
import { findSplits, settleTest, splitNodes } from "../splits.ts";
import { type Contraction, withBatch } from "./recognise.ts";
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
  /** The place of the panel that is walked with the output. */
  | { readonly is: "place"; readonly loop: Loop }
  /** Walked by the sum alone, at that loop, in chunks. */
  | { readonly is: "tap"; readonly loop: Loop }
  /** Held whole for each place and tap; the sum reads it where it likes. */
  | { readonly is: "row" };

/** A contraction with its factors where the product finds them. */
export interface Blocked {
  readonly contraction: Contraction;
  readonly blocks: Blocks;
  /** The second factor as a stage of which one panel at a time is made. */
  readonly panel: Gather;
  readonly roles: readonly Role[];
  /** What is walked for each place and tap of the panel. */
  readonly row: Row;
  /** The place in the panel's stage that a term reads. */
  readonly at: readonly Expr[];
  /** The loops of the sum: those in chunks, and those inside each step of them. */
  readonly taps: readonly Loop[];
  readonly steps: readonly Loop[];
  /** The first factor, with `blocks.columns` neighbours along the last of `m` side by side; 0 beyond. */
  readonly pack: Gather;
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
  given: Contraction,
  blocks: Blocks,
  held: Gather | undefined,
  nameOf: (hint: string) => string,
  names: Map<Expr | Loop, string>,
): Blocked | Refused {
  const contraction = alongMemory(given);
  const { stage, k, b, m, p, f } = contraction;
  const facts = factsOf(kernel);
  const loose = k.find((l) => l.lo !== int(0) || freeLoops(l.hi).size > 0);
  if (loose) return { refused: `how far the sum of ${stage.name} runs over ${loose.axis} varies` };
  const own = held && readsOnly(contraction, held);
  const { panel, at } = own ?? makePanel(contraction, nameOf(stage.name), names);
  if (panel.parts.length > 1)
    return { refused: `an element of ${panel.name} is made of several numbers` };
  const roles = findRoles(panel, at, contraction, facts);
  const places = roles.filter((role) => role.is === "place").map(({ loop }) => loop);
  if (places.length !== p.length || p.some((l) => !places.includes(l)))
    return { refused: `${panel.name} is not read at the places of ${stage.name}` };
  const taps = k.filter((l) => roles.some((role) => role.is === "tap" && role.loop === l));
  const steps = k.filter((l) => !taps.includes(l));
  const packBatch = b.filter((l) => freeLoops(f.value).has(l));
  const last = m.at(-1);
  if (!last) return { refused: `${stage.name} has no axis of its first factor alone` };
  const pack = packFactor(
    contraction,
    packBatch,
    [...taps, ...steps],
    blocks.columns,
    nameOf,
    names,
  );
  const row = walkRow(panel, roles, facts, names);
  return { contraction, blocks, panel, roles, row, at, taps, steps, pack, packBatch };
}

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

function findRoles(
  panel: Gather,
  at: readonly Expr[],
  { b, p, k }: Contraction,
  facts: Facts,
): readonly Role[] {
  const plain = panel.domain.map((l, d): Loop | undefined => {
    const position = at[d]!;
    return position.kind === "index" &&
      facts.same(position.loop.hi, l.hi) &&
      at.filter((other) => freeLoops(other).has(position.loop)).length === 1
      ? position.loop
      : undefined;
  });
  const summed = plain.filter((l): l is Loop => l !== undefined && k.includes(l));
  // Where every dimension is one of the sum alone, that along which least changes is held whole.
  const must = panel.domain.some((_, d) => plain[d] === undefined);
  const costs = new Map(panel.domain.map((l, d) => [plain[d], costAlong(panel.parts, l)] as const));
  const whole = must
    ? undefined
    : summed.reduce<Loop | undefined>(
        (best, l) => (best && costs.get(best)! < costs.get(l)! ? best : l),
        undefined,
      );
  return plain.map((l): Role => {
    if (l && b.includes(l)) return { is: "batch", loop: l };
    if (l && p.includes(l)) return { is: "place", loop: l };
    if (l && l !== whole && k.includes(l)) return { is: "tap", loop: l };
    return { is: "row" };
  });
}

/** Copies the first factor into the order in which the product reads it. */
function packFactor(
  { m, f }: Contraction,
  batch: readonly Loop[],
  sum: readonly Loop[],
  columns: number,
  nameOf: (hint: string) => string,
  names: Map<Expr | Loop, string>,
): Gather {
  const last = m.at(-1)!;
  const outer = [...batch, ...m.slice(0, -1)];
  const fresh = new Map<Loop, Loop | Expr>(
    [...outer, ...sum].map((l) => [l, renamed(l, names)] as const),
  );
  const blocks = make("idiv", make("add", last.hi, int(columns - 1)), int(columns));
  const block = freshLoop(`${last.axis}_block`, int(0), blocks);
  const column = freshLoop("column", int(0), int(columns));
  const place = make("add", make("mul", index(block), int(columns)), index(column));
  fresh.set(last, make("minimum", place, make("sub", last.hi, int(1))));
  const [value] = substitute([f.value], fresh);
  const exists = make("lt", place, last.hi);
  const loopOf = (l: Loop): Loop => fresh.get(l) as Loop;
  const over = [...outer.map(loopOf), block, ...sum.map(loopOf), column];
  const made = domain(over, [select(exists, value!, constant(0, "acc"))], moveNames(names));
  const reads = new Set<string>();
  visit([f.value], (e) => void (e.kind === "read" && reads.add(e.from)));
  const from = reads.size === 1 ? [...reads][0]! : "factor";
  return {
    kind: "gather",
    name: nameOf(`${from}_packed`),
    domain: made.domain,
    dims: over.map(() => 1),
    parts: made.parts,
  };
}

function renamed(l: Loop, names: Map<Expr | Loop, string>): Loop {
  const next = freshLoop(l.axis, l.lo, l.hi);
  const author = names.get(l);
  if (author !== undefined) names.set(next, author);
  return next;
}

const moveNames =
  (names: Map<Expr | Loop, string>) =>
  (from: Expr | Loop, to: Expr | Loop): void => {
    const author = names.get(from);
    if (author !== undefined && !names.has(to)) names.set(to, author);
  };
