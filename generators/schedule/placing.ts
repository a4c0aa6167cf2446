// What the parts of placement share: the options of a nest, and how values get names and scopes.

import type { Expr, Kind, Loop } from "../ir/expr.ts";
import type { Facts } from "../ir/facts.ts";
import type { NestExpr, NestOp, Scalar } from "../ir/nest.ts";
import type { Contexts } from "./contexts.ts";
import type { Names } from "./names.ts";
import type { Placed, Scope } from "./scope.ts";

/** Expressions of one kind. */
export type Case<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

/** What reads refer to. */
export interface Source {
  /** The buffer that holds a part of its elements. */
  readonly buffer: (part: number) => string;
  readonly dtype: (part: number) => Exclude<Scalar, "bool">;
  /** Its axes and their extents, where a read does not name them (stages). */
  readonly axes: readonly string[];
  readonly extents: readonly Expr[];
  /** Which of a stage's dimensions memory has. */
  readonly held: readonly boolean[];
}

/** Makes the nest's value of an expression, with the statements that compute it. */
export interface Placer {
  /** The value of `e`, usable anywhere in `here`; what it needs is added to `here` and scopes around it. */
  readonly lower: (e: Expr, here: Scope) => NestExpr;
  /** Opens `loops` inside `here`, innermost last; `close` appends them. */
  readonly openLoops: (loops: readonly Loop[], here: Scope) => { scope: Scope; close: () => void };
  readonly declare: (scope: Scope, hint: string, value: NestExpr) => NestExpr;
  /** Makes it known in `scope` that a test holds (1) or does not (0). */
  readonly assume: (test: Expr, holds: 0 | 1, scope: Scope) => void;
}

/** What placing depends on, of the launch and of the target. */
export interface PlacerOptions {
  readonly root: Scope;
  readonly names: Names;
  readonly contexts: Contexts;
  readonly facts: Facts;
  readonly sources: ReadonlyMap<string, Source>;
  /** Whether elements are read side by side that differ in outer positions only. */
  readonly beside?: boolean;
  readonly types: Readonly<Record<Exclude<Kind, "data">, Scalar>>;
  /** Called for each launch-time scalar and build-time constant that is used. */
  readonly onScalar: (name: string, type: "i32" | "f32") => void;
  readonly onConstant: (name: string) => void;
}

/** What the conditions around tell of a test: whether it holds, in `scope` and all inside it. */
export interface Known {
  readonly holds: 0 | 1;
  readonly scope: Scope;
}

/** Placement as its parts see it. */
export interface Placing {
  readonly options: PlacerOptions;
  /** What to call values that the author did not name. */
  readonly hints: Map<Expr, string>;
  readonly typeFor: (kind: Kind) => Scalar;
  /** The value of `e` if it has been computed in `here` or around it. */
  readonly find: (e: Expr, here: Scope) => Placed | undefined;
  /** Whether a test holds in `here`, where the conditions around tell. */
  readonly knownTest: (e: Expr, here: Scope) => Known | undefined;
  /** The value of `e`, computed in the outermost scope where that may be. */
  readonly place: (e: Expr, here: Scope) => Placed;
  /** Gives the value of `e` a name in `scope`. */
  readonly define: (e: Expr, value: NestExpr, scope: Scope, hint?: string) => Placed;
}

/** The 0 of a type. */
export const zeroOf = (type: Scalar): NestExpr => ({ kind: "const", type, value: 0 });

/** An operation whose type is known. */
export const operation = (op: NestOp, type: Scalar, ...args: readonly NestExpr[]): NestExpr => ({
  kind: "op",
  op,
  args,
  type,
});
