// What must hold of gradients beyond the agreement of those who compute them. A wrong rule of differentiation
// agrees with itself on every target; it does not agree with the result's own differences.

import type { Case } from "./cases.ts";

/** An output as somebody computed it. */
export interface Result {
  readonly shape?: readonly number[];
  readonly data: ArrayLike<number>;
  /** It was rounded to 16 bits where it was stored. */
  readonly narrow?: boolean;
}

/** Outputs of one run by name. */
export type Results = Readonly<Record<string, Result>>;

/** What a law finds of one case. */
export interface Finding {
  /** Elements that were compared, and those left out because nothing is claimed of them. */
  readonly compared: number;
  readonly excluded: number;
  /** The largest error as a share of what is allowed, and where. */
  readonly worst: { readonly error: number; readonly at: string };
  /** What is wrong, a sentence each. */
  readonly messages: readonly string[];
  /** Why the law says nothing of this case, where it does not. */
  readonly silent?: string;
}

/** A demand on gradients, asked of the cases that it applies to. */
export interface Law {
  readonly name: string;
  /** How it is asked, and of which elements it says nothing. */
  readonly how: string;
  appliesTo(of: Case): boolean;
  /** Holds it of what the first oracle gives? */
  check(of: Case, results: Results): Finding;
}
