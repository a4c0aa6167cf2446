// Scatter stages: contributions added to elements in any order. All stages of one name add to the same
// elements, so those over one domain are evaluated together: a floor that is open moves a contribution from
// one corner's stage to another's, and only both together are what a target may have done.
//
// The bound of an element covers every order of addition, and additions in fixed point whose step is 2^-30 of
// the largest contribution: that is below the rounding of f32 for each of them.

import type { Scatter } from "../ir/kernel.ts";
import { extents } from "./domain.ts";
import type { Machine, Run } from "./evaluate.ts";
import { type Adder, addContributions, type Landing, nowhere } from "./landings.ts";
import type { Source } from "./reading.ts";
import { Totals } from "./totals.ts";

/** Judges all scatter stages of one name; those over one domain are evaluated together. */
export function judgeScatter(
  machine: Machine,
  stages: readonly [Scatter, ...Scatter[]],
  culprits: Map<string, Set<number>>,
): Source {
  const [{ shape: elements, values }] = stages;
  const shape = extents(machine, elements);
  const totals = new Totals(
    shape.reduce((n, size) => n * size, 1),
    values.length,
    stages.length,
  );
  const adders = stages.map((stage, order) => compileAdder(machine, stage, order, shape));
  const walked = new Set<Scatter>();
  for (const stage of stages) {
    if (walked.has(stage)) continue;
    const together = stages.filter((other) => isSameDomain(stage, other));
    for (const other of together) walked.add(other);
    const those = adders.filter(({ order }) => together.includes(stages[order]!));
    addContributions(machine, stage.domain, those, totals, culprits);
  }
  return { shape, ...totals.close(machine), touched: undefined };
}

const isSameDomain = (a: Scatter, b: Scatter): boolean =>
  a.domain.length === b.domain.length && a.domain.every((l, d) => l === b.domain[d]);

function compileAdder(
  machine: Machine,
  stage: Scatter,
  order: number,
  shape: readonly number[],
): Adder {
  const compile = (e: Scatter["when"]): { run: Run; slot: number } => ({
    run: machine.compile(e),
    slot: machine.slot(e),
  });
  const when = compile(stage.when);
  const at = stage.at.map(compile);
  const values = stage.values.map(compile);
  const place = (): number => {
    when.run();
    if (machine.value[when.slot] === 0) return -1;
    return at.reduce((flat, { run, slot }, d) => {
      run();
      const p = machine.value[slot]!;
      if (!(Number.isInteger(p) && p >= 0 && p < shape[d]!))
        throw new RangeError(`${stage.name} is added to at ${p} of dimension ${d} [${shape}]`);
      return flat * shape[d]! + p;
    }, 0);
  };
  const land = (): Landing => {
    const flat = place();
    if (flat < 0) return nowhere;
    for (const { run } of values) run();
    return {
      flat,
      value: values.map(({ slot }) => machine.value[slot]!),
      bound: values.map(({ slot }) => machine.bound[slot]!),
    };
  };
  return { order, place, land };
}
