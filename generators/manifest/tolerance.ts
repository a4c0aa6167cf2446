// How far results of a kernel may be from the exact ones, in a form that a backend's own tests can use.

import type { Accuracy, Approximate, Promised } from "../../targets/contract/accuracy.ts";
import type { Narrow } from "../../targets/contract/half.ts";
import { type Kernel, rootsOf } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";

/** What an error bound of a kernel on a target is made of; the schema says how. */
export interface Tolerance {
  readonly method: "running error";
  /** The relative error of an addition, a subtraction, a multiplication and of a stored value. */
  readonly unitRoundoff: number;
  /** Results that are smaller may come out as 0. */
  readonly smallestNormal: number;
  /** Of the other inexact operations, those that the kernel has. */
  readonly operations: Readonly<Partial<Record<Approximate, readonly Promised[]>>>;
  /** How results of 16 bits are rounded at the end; absent where they are f32. */
  readonly storage?: { readonly type: Narrow; readonly ulps: number };
}

/** The tolerance of kernels on a target that promises this accuracy, and rounds what it stores like this. */
export function describeTolerance(
  kernels: readonly Kernel[],
  accuracy: Accuracy,
  storage?: Tolerance["storage"],
): Tolerance {
  const used = new Set<string>();
  visit(
    kernels.flatMap((kernel) => kernel.stages.flatMap(rootsOf)),
    (e) => {
      if (e.kind === "op") used.add(e.op);
    },
  );
  const operations = Object.entries(accuracy).filter(([name]) => used.has(name));
  return {
    method: "running error",
    unitRoundoff: 2 ** -24,
    smallestNormal: 2 ** -126,
    operations: Object.fromEntries(operations),
    ...(storage && { storage }),
  };
}
