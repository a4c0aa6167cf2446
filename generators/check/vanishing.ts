// Results that are 0 whatever is given, as the gradient by a position is that only chooses the nearest pixel.

import { bindKernel } from "../ir/bind.ts";
import type { Expr } from "../ir/expr.ts";
import { type Kernel, valuesOf } from "../ir/kernel.ts";

const known = new WeakMap<Kernel, Map<string, ReadonlySet<string>>>();

/** The results that under these options are the number 0 as an expression, so that cases need not show more. */
export function vanishingResults(
  kernel: Kernel,
  options: Readonly<Record<string, number>>,
): ReadonlySet<string> {
  const key = JSON.stringify(options);
  const all = known.get(kernel) ?? new Map<string, ReadonlySet<string>>();
  known.set(kernel, all);
  const found = all.get(key) ?? findVanishing(kernel, options);
  all.set(key, found);
  return found;
}

const isZero = (e: Expr): boolean =>
  (e.kind === "const" && e.value === 0) || (e.kind === "cast" && isZero(e.arg));

function findVanishing(
  kernel: Kernel,
  options: Readonly<Record<string, number>>,
): ReadonlySet<string> {
  const { stages } = bindKernel(kernel, { options });
  const parts = (name: string) => stages.filter((s) => s.name === name).flatMap(valuesOf);
  return new Set(kernel.outputs.filter((name) => parts(name).every(isZero)));
}
