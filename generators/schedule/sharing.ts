// What neighbours along an axis have in common: how default schedules find the axis whose elements are worth
// computing several at once.

import { type Expr, type Loop, size } from "../ir/expr.ts";
import type { Gather } from "../ir/kernel.ts";
import { children, freeLoops } from "../ir/walk.ts";
import { axisNames } from "./domain.ts";

/** What a stage's sums cost for each step of their walks, as rough weights. */
interface Cost {
  /** Of all that changes from step to step. */
  readonly all: number;
  /** Of what of that is other for each index of the axis. */
  readonly own: number;
}

const weigh = (e: Expr): number => {
  switch (e.kind) {
    case "read":
      return e.border === "inside" ? 3 : 8;
    case "op":
    case "cast":
      return 1;
    case "select":
      return 2;
    default:
      return 0;
  }
};

/** An axis along which neighbours share most of their cost, and how many of them to compute at once. */
export interface Sharing {
  readonly axis: string;
  readonly by: number;
}

/**
 * The axis of a stage that is best jammed, by at most `most`; nothing where no axis is worth it. Of equal axes
 * one inside is taken: the outermost is often a batch of one, and along the innermost memory is contiguous.
 */
export function findSharing(stage: Gather, most: number): Sharing | undefined {
  const axes = axisNames(stage.domain);
  let best: (Sharing & { readonly gain: number }) | undefined;
  const [first, ...inside] = stage.domain.entries();
  const last = inside.pop();
  for (const [d, l] of [...inside, ...(last ? [last] : []), ...(first ? [first] : [])]) {
    if (l.hi !== size(l.axis)) continue;
    const { all, own } = costAlong(stage, l);
    const by = [8, 4, 2].find((n) => n <= most && n * own <= largest);
    if (by === undefined || all === 0) continue;
    const gain = (by * all) / (all - own + by * own);
    if (gain >= least && gain > (best?.gain ?? 0)) best = { axis: axes[d]!, by, gain };
  }
  return best && { axis: best.axis, by: best.by };
}

/** So much less work for each element makes a jam worth its text. */
const least = 1.5;

/** Text that may be written for the elements of a step, as weight. */
const largest = 160;

function costAlong(stage: Gather, l: Loop): Cost {
  let [all, own] = [0, 0];
  const seen = new Set<Expr>();
  const dependent = new Map<Expr, boolean>();
  /** Does `e` differ between neighbours along the axis? Blocks of it are taken to be the same. */
  const differs = (e: Expr): boolean => {
    const known = dependent.get(e);
    if (known !== undefined) return known;
    const block = e.kind === "op" && e.op === "owner" && isIndexOf(e.args[0]!, l);
    const result =
      freeLoops(e).has(l) &&
      !block &&
      (e.kind === "index" ? e.loop === l : children(e).some(differs));
    dependent.set(e, result);
    return result;
  };
  const look = (e: Expr, walked: ReadonlySet<Loop>, single: boolean): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "part") {
      const inner = new Set([...walked, ...e.of.over]);
      for (const from of e.of.from) look(from, walked, single);
      // Maxima, and sums of other lengths, are walked one by one and share nothing.
      const apart = e.of.op === "max" || e.of.over.some(({ lo, hi }) => differs(lo) || differs(hi));
      for (const body of e.of.bodies) look(body, inner, single || apart);
      return;
    }
    if ([...freeLoops(e)].some((loop) => walked.has(loop))) {
      all += weigh(e);
      if (single || differs(e)) own += weigh(e);
    }
    for (const child of children(e)) look(child, walked, single);
  };
  for (const part of stage.parts) look(part, new Set(), false);
  return { all, own };
}

const isIndexOf = (e: Expr, l: Loop): boolean => e.kind === "index" && e.loop === l;
