// How long the sums of a kernel are for a call, from which errors follow.

import type { Loop, Reduce } from "../../ir/expr.ts";
import type { Kernel, Stage } from "../../ir/kernel.ts";
import { visit } from "../../ir/walk.ts";
import type { Extent } from "../../tune/measure/compare.ts";

/** The roundings of one element, one stage after another, and the longest axis. */
export function extentOf(kernel: Kernel, sizes: Readonly<Record<string, number>>): Extent {
  const whole = kernel.axes.map(({ axis }) => sizes[axis]);
  const given = kernel.tensors.flatMap(({ dims }) => dims.flat().map((name) => sizes[name]));
  const axis = Math.max(1, ...[...whole, ...given].map((size) => size ?? 1));
  // Steps whose number depends on data are at most as many as an axis has elements.
  const count = (loops: readonly Loop[]): number =>
    loops.reduce((product, loop) => product * (sizes[loop.axis] ?? axis), 1);
  const termsOf = (stage: Stage): number => {
    const sums = new Set<Reduce>();
    visit(stage.kind === "gather" ? stage.parts : stage.values, (e) => {
      if (e.kind === "part") sums.add(e.of);
    });
    // A sum of sums is off by the roundings of both.
    const terms = [...sums].reduce((all, { over }) => all + count(over), 1);
    // In a scatter each element is added to by its share of all that is added.
    const added = stage.kind === "gather" ? 1 : Math.ceil(count(stage.domain) / count(stage.shape));
    return terms + added;
  };
  return { terms: kernel.stages.reduce((sum, stage) => sum + termsOf(stage), 0), axis };
}
