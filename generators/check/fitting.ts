// Sizes that a demand all but gives: an axis that must equal something, or have room for it, is rarely hit by chance.

import { conjuncts } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { evaluateOutside, resolveSizes } from "../ir/interpret.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Random } from "./random.ts";
import { freeAxes } from "./sizes.ts";

type Numbers = Readonly<Record<string, number>>;

/** Free sizes with those replaced that demands of the form `A === …` or `… <= A` ask to be other. */
export function fitSizes(
  kernel: Kernel,
  free: Numbers,
  attrs: Numbers,
  options: Numbers,
  random: Random,
): Numbers {
  const axes = freeAxes(kernel);
  const fitted: Record<string, number> = { ...free };
  for (const test of kernel.demands.flatMap(({ holds }) => conjuncts(holds))) {
    if (test.kind !== "op" || (test.op !== "eq" && test.op !== "le")) continue;
    const [a, b] = test.args as [Expr, Expr];
    const [axis, other] = b.kind === "size" ? [b.axis, a] : [a.kind === "size" ? a.axis : "", b];
    if (!axes.includes(axis) || (test.op === "le" && b.kind !== "size")) continue;
    const sizes = resolveSizes(kernel, fitted, attrs, options);
    const needed = evaluateOutside(kernel, other, sizes, attrs, options);
    if (needed < 1) continue;
    if (test.op === "eq") fitted[axis] = needed;
    else if (fitted[axis]! < needed) fitted[axis] = needed + random.pick([0, 0, 1, 3]);
  }
  return fitted;
}
