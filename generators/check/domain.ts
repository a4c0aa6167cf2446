// The domain of a stage: its shape, and a walk over it.

import type { Loop } from "../ir/expr.ts";
import type { Machine } from "./evaluate.ts";

/** The sizes of loops that run from 0. */
export function extents(machine: Machine, loops: readonly Loop[]): readonly number[] {
  return loops.map((l) => {
    machine.compile(l.hi)();
    return Math.max(0, machine.value[machine.slot(l.hi)]!);
  });
}

/** Visits a domain in row-major order. */
export function walkDomain(
  machine: Machine,
  domain: readonly Loop[],
  shape: readonly number[],
  visit: () => void,
): void {
  const loops = domain.map((l) => machine.loop(l));
  const walk = (d: number): void => {
    if (d === loops.length) visit();
    else
      for (let i = 0; i < shape[d]!; i++) {
        machine.move(loops[d]!, i);
        walk(d + 1);
      }
  };
  walk(0);
}
