// What neighbours along an axis have in common: how default schedules find the axes whose elements are worth
// computing several at once.

import { type Expr, type Loop, size } from "../ir/expr.ts";
import { elementsOf, type Gather, type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { children, freeLoops } from "../ir/walk.ts";
import { axisNames } from "./domain.ts";

/** An axis along which neighbours share much of their work, and how many of them to compute at once. */
export interface Sharing {
  readonly axis: string;
  readonly by: number;
}

/** So much less work for each element makes a jam worth its text. */
const leastGain = 1.5;

/** Text that may be written for the elements of a step, as weight. */
export const mostText = 160;

/** Roughly what a value costs, as a weight. */
export function weigh(e: Expr): number {
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
}

/** A weight, and the loops of the domain along which the values differ that have it. */
interface Share {
  readonly weight: number;
  readonly differs: ReadonlySet<Loop>;
}

/** What default schedules know of where a stage runs. */
export interface Setting {
  /** Axes that are not looked at: batches, which may be of one, and those around panels. */
  readonly except: ReadonlySet<string>;
  /** Most elements of a step. */
  readonly most: number;
  /** Threads run side by side, whose neighbours along the innermost axis should stay neighbours in memory. */
  readonly beside: boolean;
}

/**
 * The axes of a stage that are best jammed; none where none is worth it. Of equal choices the innermost axis is
 * left: memory is contiguous along it.
 */
export function findSharing(stage: Gather, setting: Setting): readonly Sharing[] {
  const { except, most, beside } = setting;
  const shares = sharesOf(stage, true);
  const axes = stage.domain.filter((l) => l.hi === size(l.axis) && !except.has(l.axis));
  if (beside && axes.at(-1) === stage.domain.at(-1)) axes.pop();
  const all = costOf(shares, new Map());
  let best: { readonly gain: number; readonly jams: ReadonlyMap<Loop, number> } | undefined;
  for (const jams of choices(axes, most)) {
    const elements = [...jams.values()].reduce((a, b) => a * b, 1);
    const cost = costOf(shares, jams);
    const text = costOf(
      shares.filter(({ differs }) => [...jams.keys()].some((l) => differs.has(l))),
      jams,
    );
    const gain = (all * elements) / cost;
    if (text > 0 && text <= mostText && gain >= (best?.gain ?? leastGain) + 0.01)
      best = { gain, jams };
  }
  const names = axisNames(stage.domain);
  return [...(best?.jams ?? [])].map(([l, by]) => ({ axis: names[stage.domain.indexOf(l)]!, by }));
}

/** The axes of a kernel that stand first wherever they stand. */
export function findBatches({ tensors, stages, outputs }: Kernel): ReadonlySet<string> {
  const results = stages.filter(({ name }) => outputs.includes(name)).map(elementsOf);
  const all = [
    ...tensors.map(({ dims }) => dims.flat()),
    ...results.map((loops) => loops.map(({ axis }) => axis)),
  ];
  const inside = new Set(all.flatMap((axes) => axes.slice(1)));
  return new Set(all.flatMap(([first]) => (first && !inside.has(first) ? [first] : [])));
}

/** Along one axis, or where a step may compute many elements a few along one for each two along another. */
function* choices(axes: readonly Loop[], most: number): Generator<ReadonlyMap<Loop, number>> {
  for (let by = most; by >= 2; by /= 2) for (const l of axes) yield new Map([[l, by]]);
  if (most < 8) return;
  for (const a of axes)
    for (const b of axes)
      if (a !== b)
        yield new Map([
          [a, most / 2],
          [b, 2],
        ]);
}

/** What a step costs that computes so many elements along these loops. */
export const costOf = (shares: readonly Share[], jams: ReadonlyMap<Loop, number>): number =>
  shares.reduce((sum, { weight, differs }) => {
    const copies = [...jams].reduce((n, [l, by]) => (differs.has(l) ? n * by : n), 1);
    return sum + weight * copies;
  }, 0);

/** What a stage computes: in the steps of its sums, or all of it. */
export function sharesOf(stage: Stage, inSums: boolean): readonly Share[] {
  const found: Share[] = [];
  const seen = new Set<Expr>();
  const known = new Map<Expr, ReadonlySet<Loop>>();
  /** The loops of the domain along which `e` differs; owners are taken to be the same for all neighbours. */
  const differs = (e: Expr): ReadonlySet<Loop> => {
    const before = known.get(e);
    if (before) return before;
    const block = e.kind === "op" && e.op === "owner" && e.args[0]!.kind === "index";
    const loops = block
      ? []
      : e.kind === "index"
        ? [e.loop]
        : children(e).flatMap((x) => [...differs(x)]);
    const result = new Set(loops.filter((l) => stage.domain.includes(l)));
    known.set(e, result);
    return result;
  };
  const all: ReadonlySet<Loop> = new Set(stage.domain);
  const look = (e: Expr, walked: ReadonlySet<Loop>, apart: boolean): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "part") {
      const inner = new Set([...walked, ...e.of.over]);
      for (const from of e.of.from) look(from, walked, apart);
      // Maxima, and sums of other lengths, are walked one by one and share nothing.
      const alone =
        e.of.op === "max" || e.of.over.some((l) => differs(l.lo).size + differs(l.hi).size > 0);
      for (const body of e.of.bodies) look(body, inner, apart || alone);
      return;
    }
    const steps = inSums ? [...freeLoops(e)].some((l) => walked.has(l)) : freeLoops(e).size > 0;
    if (steps) found.push({ weight: weigh(e), differs: apart ? all : differs(e) });
    for (const child of children(e)) look(child, walked, apart);
  };
  for (const root of rootsOf(stage)) look(root, new Set(), false);
  return found;
}
