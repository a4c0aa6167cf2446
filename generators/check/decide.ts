// Discrete decisions. Where a floor, a comparison or an argmax lies within its own error, any acceptable
// outcome may be what a target computed. An evaluation is then replayed with every combination of outcomes
// (a path); paths whose results overlap are one. Decisions belong to the innermost frame (an element, or
// one step of a reduction) whose loops they depend on, so that far-apart ones do not multiply.

/** Too many combinations to enumerate; such an element is counted as ambiguous, never as agreeing. */
export class Undecided extends Error {}

/** Paths of one frame, and outcomes of one decision. */
export const maxPaths = 64;
/** How many outcomes of an element's open decisions are followed before it counts as undecided. */
export const maxOutcomes = 8;
/** Evaluations of one element, steps of its reductions included, that open decisions may ask for. */
const maxReplays = 4000;

interface Decision {
  choice: number;
  readonly count: number;
}

/** One element or one step of a reduction, in which decisions are enumerated. */
export interface Frame {
  /** The loops that are bound here, by number. */
  loops: readonly number[];
  readonly path: Decision[];
  cursor: number;
}

/** What one path, or several that overlap, allow: for each part a value and how far off it may be. */
export interface Alternative {
  readonly value: readonly number[];
  readonly bound: readonly number[];
}

/** The frames that are open, outermost first. */
export class Frames {
  readonly #pool: Frame[] = [];
  #depth = 0;
  #replays = 0;
  /** True while an element is evaluated without forking: every decision takes its plain outcome. */
  plain = false;
  /** How many decisions were found open so far. */
  opened = 0;

  /** Opens a frame whose decisions are those on values that depend on `loops`. */
  open(loops: readonly number[]): Frame {
    this.#pool[this.#depth] ??= { loops, path: [], cursor: 0 };
    const frame = this.#pool[this.#depth++]!;
    frame.loops = loops;
    frame.path.length = 0;
    frame.cursor = 0;
    return frame;
  }

  close(): void {
    this.#depth--;
  }

  /** Starts an element: what was replayed before no longer counts. */
  openElement(loops: readonly number[]): Frame {
    this.#replays = 0;
    return this.open(loops);
  }

  /** Counts one more evaluation of an element or a step. */
  replayed(): void {
    if (++this.#replays > maxReplays) throw new Undecided();
  }

  /** Closes everything, after an evaluation was given up. */
  reset(): void {
    this.#depth = 0;
  }

  /** Which of `count` outcomes to take now, for a value that depends on the loops `deps`. */
  choose(count: number, deps: readonly number[]): number {
    this.opened++;
    if (this.plain) return 0;
    if (count > maxOutcomes) throw new Undecided();
    let at = this.#depth - 1;
    while (at > 0 && !deps.some((loop) => this.#pool[at]!.loops.includes(loop))) at--;
    const frame = this.#pool[at]!;
    frame.path[frame.cursor] ??= { choice: 0, count };
    return frame.path[frame.cursor++]!.choice;
  }
}

/** Moves a frame to its next path; false where all were taken. */
export function advance({ path }: Frame): boolean {
  while (path.length > 0) {
    const last = path.at(-1)!;
    if (++last.choice < last.count) return true;
    path.pop();
  }
  return false;
}

const overlap = (a: Alternative, b: Alternative): boolean =>
  a.value.every((v, i) => {
    const w = b.value[i]!;
    if (Object.is(v, w)) return true;
    return Math.abs(v - w) <= a.bound[i]! + b.bound[i]!;
  });

const join = (a: Alternative, b: Alternative): Alternative => ({
  value: a.value,
  bound: a.bound.map((e, i) => {
    const far = Math.abs(a.value[i]! - b.value[i]!);
    return Math.max(e, (Number.isFinite(far) ? far : 0) + b.bound[i]!);
  }),
});

/**
 * The alternatives with those that overlap made one. Overlapping intervals have an interval as their union,
 * so a continuous function (interpolation, where floor is near its jump) stays one alternative.
 */
export function merge(all: readonly Alternative[]): readonly Alternative[] {
  const merged: Alternative[] = [];
  for (const next of all) {
    let joined = next;
    for (let i = merged.length - 1; i >= 0; i--)
      if (overlap(merged[i]!, joined)) joined = join(merged.splice(i, 1)[0]!, joined);
    // The first stays first: it is the plain float64 path.
    if (merged.length > 0 && !Object.is(joined.value, all[0]!.value)) merged.push(joined);
    else merged.unshift(joined);
  }
  return merged;
}
