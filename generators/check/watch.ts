// Which inputs an evaluation reads: those of elements whose decisions are open are the culprits that a case
// draws again. And what is left to do where there are too many decisions: the plain float64 value.

import type { Machine } from "./evaluate.ts";

/** The elements read, by the name of what they are elements of. */
export type Touched = ReadonlyMap<string, Set<number>>;

/** Notes from now on what is read. */
export function watch(machine: Machine): Touched {
  const touched = new Map<string, Set<number>>();
  for (const [name, source] of machine.sources) {
    source.touched = new Set();
    touched.set(name, source.touched);
  }
  return touched;
}

/** Ends the noting; what was read is added to `culprits`, where given. */
export function unwatch(
  machine: Machine,
  culprits: Map<string, Set<number>> | undefined,
  touched: Touched,
): void {
  for (const source of machine.sources.values()) source.touched = undefined;
  if (!culprits) return;
  for (const [name, set] of touched) {
    const all = culprits.get(name) ?? new Set();
    for (const flat of set) all.add(flat);
    culprits.set(name, all);
  }
}

/** Takes the plain outcome of every decision of an element that has too many; notes what it reads. */
export function giveUp(
  machine: Machine,
  evaluate: () => void,
  loops: readonly number[],
  culprits: Map<string, Set<number>>,
): void {
  machine.frames.reset();
  machine.frames.open(loops);
  machine.frames.plain = true;
  for (const loop of loops) machine.move(loop, machine.at[loop]!);
  const touched = watch(machine);
  evaluate();
  unwatch(machine, culprits, touched);
  machine.frames.plain = false;
  machine.plain = false;
  machine.frames.reset();
  // Nothing of this evaluation is valid for the next element.
  for (const loop of loops) machine.move(loop, machine.at[loop]!);
}
