// What can be chosen, and which choices go together.

import type { Expr, Value } from "./expr.ts";

/** Something to choose, with the values there are, in their natural order. */
export interface Parameter {
  readonly name: string;
  readonly values: readonly Value[];
}

/** What must hold of a choice, and why, in words. */
export interface Constraint {
  readonly holds: Expr;
  readonly why?: string;
}

/** A value for each parameter of a space. */
export type Configuration = Readonly<Record<string, Value>>;

/** Parameters with the constraints between them. */
export interface Space {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly constraints: readonly Constraint[];
}

/** The valid configurations of a space, each with a number. */
export interface Points {
  readonly space: Space;
  readonly size: number;
  at(index: number): Configuration;
  /** Which of its values a parameter has at a point; both counted from 0. */
  choice(index: number, parameter: number): number;
  /** The number of a configuration; undefined where it is not valid. */
  find(configuration: Configuration): number | undefined;
  /**
   * Valid points that differ in one parameter; `adjacent`: by one step of its values (of the valid
   * ones, in their order).
   */
  neighbours(index: number, kind: "hamming" | "adjacent"): readonly number[];
}
