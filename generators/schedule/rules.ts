// What must hold between the parameters of a transform, written once: with numbers it says yes or no to a schedule, with
// expressions it is data that a tuner can enumerate, print and export.

/** What formulas are made of; `T` are numbers, or expressions over parameters. */
export interface Algebra<T> {
  readonly of: (value: number) => T;
  readonly add: (a: T, b: T) => T;
  readonly mul: (a: T, b: T) => T;
  /** Exact where the operands divide. */
  readonly div: (a: T, b: T) => T;
  readonly rem: (a: T, b: T) => T;
  readonly max: (a: T, b: T) => T;
  /** Truth values, which are of the same kind. */
  readonly le: (a: T, b: T) => T;
  readonly eq: (a: T, b: T) => T;
  readonly and: (a: T, b: T) => T;
  readonly or: (a: T, b: T) => T;
}

/** The parameters of a step, by name. */
export type Own<T> = (name: string) => T;

/** A condition on the parameters of a step. */
export interface Rule {
  /** `others` are the steps before it of the same transform on the same stage. */
  readonly holds: <T>(algebra: Algebra<T>, own: Own<T>, others: readonly Own<T>[]) => T;
  /** In words: `TM divides BM`. */
  readonly why: string;
  /** What is said of parameters that break it; `why` where absent. */
  readonly tell?: (params: Readonly<Record<string, unknown>>) => string;
  /** A schedule that breaks it is legal, and never worth measuring. */
  readonly advice?: true;
}

/** Formulas of numbers; truth is 1 or 0. */
export const numbers: Algebra<number> = {
  of: (value) => value,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  rem: (a, b) => a % b,
  max: Math.max,
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  and: (a, b) => Math.min(a, b),
  or: (a, b) => Math.max(a, b),
};

/** Why the parameters of a step break a rule that is no advice, or nothing. */
export function findBroken(
  rules: readonly Rule[],
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  const own = (name: string): number => Number(params[name]);
  const broken = rules.find((rule) => !rule.advice && rule.holds(numbers, own, []) !== 1);
  return broken && (broken.tell?.(params) ?? broken.why);
}
