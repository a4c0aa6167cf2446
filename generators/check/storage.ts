// Data stored in 16 bits: cases whose data those hold exactly, and what of a result is right when it is rounded
// once more at the end.

import { type Narrow, narrow } from "../../targets/contract/half.ts";
import type { Case } from "./cases.ts";
import type { Verdict } from "./judge.ts";
import type { Subject } from "./variants.ts";

/** How a target stores data: in which type, and how far off what is stored may be, in units in the last place. */
export interface Storage {
  readonly type: Narrow;
  readonly ulps: number;
}

/** A case with its data as `type` holds them; positions stay what they are. */
export function roundCase(
  of: Case,
  { tensors }: Pick<Subject, "tensors">,
  type: Narrow,
): Case | { readonly unrounded: string } {
  const { encode, decode } = narrow[type];
  const inputs: Record<string, Case["inputs"][string]> = {};
  for (const [name, input] of Object.entries(of.inputs)) {
    const isData = tensors.some((tensor) => tensor.name === name && tensor.type === "data");
    const data = isData ? input.data.map((x) => decode(encode(x))) : input.data;
    const beyond = data.findIndex((x, i) => !Number.isFinite(x) && Number.isFinite(input.data[i]!));
    if (beyond >= 0)
      return { unrounded: `${name} holds ${input.data[beyond]}, which is beyond ${type}` };
    inputs[name] = { ...input, data };
  }
  return { ...of, inputs };
}

interface Acceptable {
  readonly value: number;
  readonly bound: number;
}

/** What is acceptable of a result that is stored as `type`. */
export function roundVerdict(verdict: Verdict, { type, ulps }: Storage): Verdict {
  const { value, bound, alternatives } = verdict;
  const all = Array.from(value, (v, i) => roundAcceptable({ value: v, bound: bound[i]! }));
  const undecided = new Set(verdict.undecided);
  for (const [i, one] of all.entries())
    if (one.bound === Number.POSITIVE_INFINITY) undecided.add(i);
  return {
    ...verdict,
    value: Float64Array.from(all, (one) => one.value),
    bound: Float64Array.from(all, (one) => one.bound),
    alternatives: new Map([...alternatives].map(([i, some]) => [i, some.map(roundAcceptable)])),
    undecided,
  };

  function roundAcceptable({ value: v, bound: e }: Acceptable): Acceptable {
    const { encode, decode, roundoff, smallestNormal, largest } = narrow[type];
    if (!Number.isFinite(v) || (e === 0 && decode(encode(v)) === v)) return { value: v, bound: e };
    const size = Math.abs(v);
    if (size - e > largest * (1 + roundoff))
      return { value: Math.sign(v) * Number.POSITIVE_INFINITY, bound: 0 };
    if (size + e > largest) return { value: v, bound: Number.POSITIVE_INFINITY };
    // A unit in the last place is at most two roundoffs; what is below the normal numbers may become 0.
    const unit = 2 * roundoff * Math.max(size + e, smallestNormal);
    return { value: v, bound: e + ulps * unit + (size - e < smallestNormal ? smallestNormal : 0) };
  }
}
