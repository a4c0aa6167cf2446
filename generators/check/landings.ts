// Where contributions of scatters land. The outer loops of a domain, whose sizes are known, are elements of
// their own; the inner ones walk a range that follows from data, as a reduction does, each index a step.

import type { Loop } from "../ir/expr.ts";
import { visit } from "../ir/walk.ts";
import { type Alternative, maxPaths, merge, Undecided } from "./decide.ts";
import type { Machine } from "./evaluate.ts";
import { compileRange, type Range, remainingPaths, walkRanges } from "./reduce.ts";
import { type Outcome, sumUp, type Totals } from "./totals.ts";
import { giveUp } from "./watch.ts";

/** What one path adds for one stage: to which element, or to none (-1). */
export interface Landing extends Alternative {
  readonly flat: number;
}

/** Nothing is added. */
export const nowhere: Landing = { flat: -1, value: [], bound: [] };

/** A stage, compiled: where it adds, and what. */
export interface Adder {
  /** Its number among the stages of the name. */
  readonly order: number;
  readonly place: () => number;
  readonly land: () => Landing;
}

/** The inner loops of a domain, and the numbers of the loops of an element and of a step. */
interface Walk {
  readonly ranges: readonly Range[];
  readonly outer: readonly number[];
  readonly inner: readonly number[];
}

/** For each path of an element: for each step, what each of its paths gives. The first are the plain ones. */
type Paths<T> = readonly (readonly (readonly T[])[])[];

/** Adds what stages over one domain contribute. */
export function addContributions(
  machine: Machine,
  domain: readonly Loop[],
  adders: readonly Adder[],
  totals: Totals,
  culprits: Map<string, Set<number>>,
): void {
  const known = domain.findIndex((l) => followsFromData(l));
  const split = known < 0 ? domain.length : known;
  const ranges = domain.map((l) => compileRange(machine, l));
  const walk: Walk = {
    ranges: ranges.slice(split),
    outer: [0, ...ranges.slice(0, split).map(({ loop }) => loop)],
    inner: ranges.slice(split).map(({ loop }) => loop),
  };
  const landAll = (): readonly Landing[] => adders.map(({ land }) => land());
  const plainSteps = (): (readonly Landing[])[] => {
    const steps: (readonly Landing[])[] = [];
    walkRanges(machine, walk.ranges, () => steps.push(landAll()));
    return steps;
  };
  const add = ({ order }: Adder, { flat, value, bound }: Landing): void => {
    if (flat >= 0) totals.add(order, flat, { value, bound });
  };
  walkRanges(machine, ranges.slice(0, split), () => {
    const found = follow(machine, walk, landAll);
    if (found) {
      const several = addPaths(found, adders, totals);
      if (several) giveUp(machine, plainSteps, walk.outer, culprits);
      return;
    }
    let steps: readonly (readonly Landing[])[] = [];
    giveUp(
      machine,
      () => {
        steps = plainSteps();
      },
      walk.outer,
      culprits,
    );
    for (const step of steps) for (const [i, one] of step.entries()) add(adders[i]!, one);
    // Where all places are known, only those elements are in doubt.
    const places = follow(machine, walk, () => adders.map(({ place }) => place()));
    machine.frames.reset();
    for (const loop of walk.outer) machine.move(loop, machine.at[loop]!);
    if (places) for (const flat of places.flat(3)) totals.doubt(flat);
    else totals.doubtAll();
  });
}

/** Does a loop's range follow from what is read? */
function followsFromData({ lo, hi }: Loop): boolean {
  let found = false;
  visit([lo, hi], (e) => {
    if (e.kind === "read" || e.kind === "part" || e.kind === "index") found = true;
  });
  return found;
}

/** All paths of an element, or nothing where they are too many. */
function follow<T>(machine: Machine, walk: Walk, take: () => T): Paths<T> | undefined {
  const frame = machine.frames.openElement(walk.outer);
  const evaluate = () => followSteps(machine, walk, take);
  try {
    const first = evaluate();
    const all =
      frame.path.length === 0
        ? [first]
        : remainingPaths(machine, frame, walk.outer, first, evaluate);
    machine.frames.close();
    return all;
  } catch (error) {
    if (error instanceof Undecided) return undefined;
    throw error;
  }
}

function followSteps<T>(machine: Machine, { ranges, inner }: Walk, take: () => T) {
  // Without inner loops, the decisions are those of the element.
  if (inner.length === 0) return [[take()]];
  const steps: (readonly T[])[] = [];
  walkRanges(machine, ranges, () => {
    // What a step gives is kept, so that a walk without end must be given up earlier.
    machine.walked += 9;
    const frame = machine.frames.open(inner);
    const first = take();
    steps.push(
      frame.path.length === 0 ? [first] : remainingPaths(machine, frame, inner, first, take),
    );
    machine.frames.close();
  });
  return steps;
}

/** Adds what the paths of an element contribute; do some of what it adds to have several values by that? */
function addPaths(
  paths: Paths<readonly Landing[]>,
  adders: readonly Adder[],
  totals: Totals,
): boolean {
  const [plain] = paths;
  let several = false;
  if (paths.length > 1) {
    for (const [first] of plain!) logPlain(first!, adders, totals);
    for (const flat of landedOn(paths.flat())) {
      const outcomes = paths.map((steps) => combine(totals.parts, steps, flat));
      if (outcomes.some((all) => all.length > maxPaths)) totals.doubt(flat);
      several = totals.addOneOf(flat, outcomes.flat()) || several;
    }
    return several;
  }
  for (const step of plain!) {
    if (step.length === 1) {
      step[0]!.forEach(({ flat, value, bound }, i) => {
        if (flat >= 0) totals.add(adders[i]!.order, flat, { value, bound });
      });
      continue;
    }
    logPlain(step[0]!, adders, totals);
    for (const flat of landedOn([step]))
      several = totals.addOneOf(flat, combine(totals.parts, [step], flat)) || several;
  }
  return several;
}

function logPlain(landings: readonly Landing[], adders: readonly Adder[], totals: Totals): void {
  landings.forEach(({ flat, value }, i) => {
    if (flat >= 0) totals.log(adders[i]!.order, flat, value);
  });
}

const landedOn = (steps: readonly (readonly (readonly Landing[])[])[]): ReadonlySet<number> =>
  new Set(steps.flat(2).flatMap(({ flat }) => (flat >= 0 ? [flat] : [])));

/** What some steps may add to one element together, the plain outcome first; beyond `maxPaths` not all. */
function combine(
  parts: number,
  steps: readonly (readonly (readonly Landing[])[])[],
  flat: number,
): readonly Outcome[] {
  let all: readonly Outcome[] = [];
  for (const step of steps) {
    const sums = step.map((path) =>
      sumUp(
        parts,
        path.filter((l) => l.flat === flat),
      ),
    );
    const next =
      all.length === 0
        ? sums
        : all.flatMap((a) => sums.map((b) => sumUp(parts, [a, b], a.terms + b.terms)));
    const terms = Math.max(...next.map((one) => one.terms));
    all = merge(next).map((one) => ({ ...one, terms }));
    if (all.length > maxPaths) return all;
  }
  return all.length === 0 ? [sumUp(parts, [])] : all;
}
