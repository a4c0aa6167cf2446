// Comparing what an executor returned with what the judge allows.

import type { Verdict } from "./judge.ts";

/** What a case expects to be unusual; anything else unusual is a failure. */
export interface Expects {
  /** The result has no elements. */
  readonly empty?: boolean;
  /** Every element is 0. */
  readonly zero?: boolean;
  /** The result has no elements, or all are 0: gradients of a result without elements. */
  readonly vanishes?: boolean;
  /** Elements may be NaN or infinite. */
  readonly nonfinite?: boolean;
}

/** The outcome of one comparison. */
export interface Comparison {
  readonly passed: boolean;
  /** The largest error as a share of what is allowed, and where; an error where none is allowed is Infinity. */
  readonly worst: { readonly error: number; readonly index: number };
  readonly compared: number;
  /** Elements with more than one acceptable value, or none that can be told. */
  readonly ambiguous: number;
  /** One sentence; empty where it passed. */
  readonly message: string;
}

/** The share of ambiguous elements a case may have (one element always may be). */
export const ambiguousShare = 0.01;

/** How many elements have several acceptable values, or none that can be told. */
export const countAmbiguous = ({ alternatives, undecided }: Verdict): number =>
  new Set([...alternatives.keys(), ...undecided]).size;

/** Do more elements hang on open decisions than a comparison may leave open? */
export const isTooAmbiguous = (verdict: Verdict): boolean =>
  verdict.value.length > 0 &&
  (verdict.undecided.size === verdict.value.length ||
    countAmbiguous(verdict) > Math.max(1, ambiguousShare * verdict.value.length));

/** Does `actual` agree with the verdict? */
export function compare(
  verdict: Verdict,
  actual: { readonly shape?: readonly number[]; readonly data: ArrayLike<number> },
  expects: Expects = {},
): Comparison {
  const { value, shape, undecided } = verdict;
  const ambiguous = countAmbiguous(verdict);
  const count = value.length;
  const fail = (message: string, worst = { error: Number.POSITIVE_INFINITY, index: 0 }) => ({
    passed: false,
    worst,
    compared: 0,
    ambiguous,
    message,
  });
  if (actual.shape && actual.shape.join() !== shape.join())
    return fail(`the result has shape [${actual.shape}], but must have [${shape}]`);
  if (actual.data.length !== count)
    return fail(`the result has ${actual.data.length} elements, but must have ${count}`);
  const unusual = refuse(verdict, expects);
  if (unusual) return fail(unusual);
  if (undecided.size > 0 && undecided.size === count)
    return fail("no element of this case can be compared: every one hangs on open decisions");
  if (isTooAmbiguous(verdict))
    return fail(`${ambiguous} of ${count} elements have several acceptable values (1 % may)`);
  const worst = { error: 0, index: 0 };
  for (let i = 0; i < count; i++) {
    if (undecided.has(i)) continue;
    const error = shareOf(verdict, i, actual.data[i]!);
    if (error > worst.error) Object.assign(worst, { error, index: i });
  }
  const compared = count - undecided.size;
  if (worst.error <= 1) return { passed: true, worst, compared, ambiguous, message: "" };
  return { ...fail(describe(verdict, worst.index, actual.data[worst.index]!), worst), compared };
}

/** Why an expectation proves nothing, unless the case says so. */
function refuse({ value, vanishes }: Verdict, expects: Expects): string | undefined {
  if (expects.vanishes)
    return value.every((v) => v === 0)
      ? undefined
      : "the result was to be 0 everywhere, but is not";
  if (value.length === 0)
    return expects.empty ? undefined : "the expected result is empty, which proves nothing";
  if (expects.empty) return `the result was to be empty, but has ${value.length} elements`;
  if (!expects.nonfinite && !value.every(Number.isFinite))
    return "the expected result holds NaN or infinity, which this case does not declare";
  if (!expects.zero && !vanishes && value.every((v) => v === 0))
    return "the expected result is 0 everywhere, which proves nothing";
  return undefined;
}

/** The error of an element as a share of what is allowed, by the alternative that suits it best. */
function shareOf({ value, bound, alternatives }: Verdict, i: number, actual: number): number {
  const all = alternatives.get(i) ?? [{ value: value[i]!, bound: bound[i]! }];
  return Math.min(...all.map((one) => share(one.value, one.bound, actual)));
}

function share(value: number, bound: number, actual: number): number {
  if (Number.isNaN(value)) return Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  const error = Math.abs(actual - value);
  if (actual === value || error === 0) return 0;
  return Number.isNaN(error) || bound === 0 ? Number.POSITIVE_INFINITY : error / bound;
}

function describe({ shape, value, bound, alternatives }: Verdict, i: number, got: number): string {
  const at: number[] = [];
  let rest = i;
  for (const size of shape.toReversed()) {
    at.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  const others = (alternatives.get(i) ?? []).slice(1).map((one) => ` or ${one.value}`);
  const allowed = `${value[i]} ± ${bound[i]!.toPrecision(3)}${others.join("")}`;
  return `element [${at}] is ${got}, but must be ${allowed}`;
}
