// The steps of a call as they run: those of a repetition all together, once for each slab of the work.

import { evaluateFormula } from "./formula.ts";
import type { Entry, RepeatInfo, Step } from "./program.ts";

/** Steps that run one after another, once or as one repetition. */
export interface Stretch<S extends Step = Step> {
  readonly repeat: number | undefined;
  readonly steps: readonly S[];
}

/** Of which repetition a step is a part. */
export const repeatOf = (step: Step): number | undefined =>
  step.kind === "launch" ? step.repeat : undefined;

/** Steps in stretches: each alone, but for those of one repetition. */
export function stretchesOf(steps: readonly Step[]): readonly Stretch[] {
  const found: { repeat: number | undefined; steps: Step[] }[] = [];
  for (const step of steps) {
    const repeat = repeatOf(step);
    const last = found.at(-1);
    if (last && repeat !== undefined && last.repeat === repeat) last.steps.push(step);
    else found.push({ repeat, steps: [step] });
  }
  return found;
}

type Numbers = Readonly<Record<string, number>>;

/** The numbers of each turn of a repetition, with those of the call. */
export function turnsOf({ times, numbers }: RepeatInfo, scalars: Numbers): readonly Numbers[] {
  const count = evaluateFormula(times, scalars);
  return Array.from({ length: count }, (_, turn) => {
    const all: Record<string, number> = { ...scalars, turn };
    for (const { name, is } of numbers) all[name] = evaluateFormula(is, all);
    return all;
  });
}

/** A step as it runs, with the numbers of the call and of its turn. */
export interface Run {
  readonly step: Step;
  readonly scalars: Numbers;
}

/** All that steps of an entry run, in order. */
export function listRuns(
  { repeats = [] }: Pick<Entry, "repeats">,
  steps: readonly Step[],
  scalars: Numbers,
): readonly Run[] {
  return stretchesOf(steps).flatMap(({ repeat, steps: own }) => {
    const turns = repeat === undefined ? [scalars] : turnsOf(repeats[repeat]!, scalars);
    return turns.flatMap((numbers) => own.map((step) => ({ step, scalars: numbers })));
  });
}

/** The sizes that an entry computes for itself, of which its kernel knows nothing. */
export const ownSizes = ({ sizes, scalars }: Pick<Entry, "sizes" | "scalars">): Entry["sizes"] =>
  sizes.filter(({ name }) => !scalars.some((scalar) => scalar.name === name));

/** The numbers that launches take beside those of the call. */
export const turnNumbers = ({ repeats = [] }: Pick<Entry, "repeats">): ReadonlySet<string> =>
  new Set(repeats.flatMap(({ numbers }) => numbers.map(({ name }) => name)));
