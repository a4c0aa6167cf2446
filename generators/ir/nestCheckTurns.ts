// Checks the repetitions of a plan: their steps stand together, and memory that holds what one turn needs is made in
// each turn before it is read, and read nowhere else. All other memory that a repetition changes it only adds to or
// fills: what reads it would find what the turns so far have made.

import type { NestExpr } from "./nest.ts";
import { type Plan, type PlanStep, turn } from "./plan.ts";

type Known = (e: NestExpr, what: string, more?: ReadonlySet<string>) => void;

const none: ReadonlySet<string> = new Set();

/** The numbers that a step knows beside those of the call. */
export const turnNumbersOf = ({ repeats = [] }: Plan, step: PlanStep): ReadonlySet<string> =>
  step.kind === "launch" && step.repeat !== undefined
    ? new Set(repeats[step.repeat]?.numbers.map(({ name }) => name))
    : none;

/** Says what is wrong with the repetitions of a plan; `taken` are the names of the numbers of a call. */
export function checkTurns(
  plan: Plan,
  taken: ReadonlySet<string>,
  known: Known,
  wrong: (what: string) => void,
): void {
  const { repeats = [], steps, buffers } = plan;
  for (const [at, { times, numbers }] of repeats.entries()) {
    known(times, `how often repetition ${at} runs`);
    const own = new Set([turn]);
    for (const { name, is } of numbers) {
      known(is, `${name} of a turn`, own);
      if (taken.has(name) || own.has(name)) wrong(`${name} of a turn is another number already`);
      own.add(name);
    }
  }
  const ofTurn = new Set(buffers.flatMap((b) => (b.ofTurn ? [b.name] : [])));
  for (const b of buffers)
    if (b.ofTurn && b.role !== "workspace")
      wrong(`${b.name} is no workspace, so it cannot hold one turn only`);
  const ended = new Set<number>();
  let [now, made]: [number | undefined, Set<string>] = [undefined, new Set()];
  for (const step of steps) {
    if (step.kind === "fill") {
      if (ofTurn.has(step.buffer)) wrong(`${step.buffer}, which holds one turn, is filled outside`);
      if (now !== undefined) ended.add(now);
      now = undefined;
      continue;
    }
    const { repeat, nest } = step;
    if (repeat !== now) {
      if (now !== undefined) ended.add(now);
      [now, made] = [repeat, new Set()];
      if (repeat !== undefined && !repeats[repeat])
        wrong(`${nest.name} is part of repetition ${repeat}, which the plan does not have`);
      if (repeat !== undefined && ended.has(repeat))
        wrong(`the steps of repetition ${repeat} do not stand together`);
    }
    const changed = repeat === undefined ? none : changedIn(steps, repeat);
    for (const { name, access, place } of nest.buffers) {
      if (place === "global" && access === "read" && changed.has(name) && !ofTurn.has(name))
        wrong(`${nest.name} reads ${name}, which turns of its repetition change`);
      if (!ofTurn.has(name)) continue;
      if (repeat === undefined)
        wrong(`${nest.name} uses ${name}, which holds one turn of a repetition only`);
      else if (access !== "write" && !made.has(name))
        wrong(`${nest.name} reads ${name} before its turn has made it`);
      made.add(name);
    }
  }
}

/** The memory that the steps of a repetition change. */
const changedIn = (steps: readonly PlanStep[], repeat: number): ReadonlySet<string> =>
  new Set(
    steps.flatMap((step) => {
      if (step.kind !== "launch" || step.repeat !== repeat) return [];
      const changed = step.nest.buffers.filter((b) => b.place === "global" && b.access !== "read");
      return changed.map(({ name }) => name);
    }),
  );
