// What a name can stand for while a declaration is evaluated symbolically.

import type { ts } from "ts-morph";
import { type Expr, int, isFixedSize, size } from "../ir/expr.ts";
import type { AttrDecl, Dimension } from "../ir/kernel.ts";

/** The kinds of number a stored element can be. */
export type Stored = "data" | "coord" | "acc" | "int";

/** A tensor argument or a stage, as it is read. */
export interface Source {
  readonly name: string;
  readonly stage: boolean;
  /** The axes in the order of a read's positions, in their dimensions; a numeral is a fixed size. */
  readonly dims: readonly Dimension[];
  readonly sizes: ReadonlyMap<string, Expr>;
  /** The kind of each part of an element. */
  readonly parts: readonly Stored[];
  /** Is an element a tuple (perhaps of one)? */
  readonly tuple: boolean;
}

/** Names in scope, innermost first. */
export interface Scope {
  readonly values: Map<string, Value>;
  readonly parent: Scope | undefined;
  /** The `const` names of this scope whose values are still being evaluated. */
  readonly pending: Set<string>;
}

/** What an expression of a declaration means before any number is known. */
export type Value =
  | { readonly is: "scalar"; readonly expr: Expr }
  | { readonly is: "tensor"; readonly source: Source }
  | { readonly is: "axis"; readonly axis: string; readonly size: Expr }
  | {
      readonly is: "range";
      readonly axis: string;
      readonly lo: Expr;
      readonly hi: Expr;
      readonly cover: boolean;
    }
  | { readonly is: "list"; readonly items: readonly Value[] }
  | {
      readonly is: "record";
      readonly fields: ReadonlyMap<string, Value>;
      /** Why a field that TypeScript knows may be missing here. */
      readonly missing?: string;
    }
  | { readonly is: "text"; readonly text: string }
  /** An attribute that is one of several names; it is compared, never computed with. */
  | { readonly is: "choice"; readonly attr: AttrDecl }
  | {
      readonly is: "closure";
      readonly of: ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression;
      readonly scope: Scope | undefined;
    }
  | { readonly is: "primitive"; readonly name: string }
  | { readonly is: "method"; readonly of: Value; readonly name: string }
  /** An optional tensor that is not given, or `undefined`. */
  | { readonly is: "absent"; readonly name: string };

/** A named axis with its length. */
export type Axis = Extract<Value, { is: "axis" }>;
/** Consecutive indices of an axis, over which reductions run. */
export type Range = Extract<Value, { is: "range" }>;

/** A number that the kernel computes. */
export const scalar = (expr: Expr): Value => ({ is: "scalar", expr });
/** An array whose items are known one by one. */
export const list = (items: readonly Value[]): Value => ({ is: "list", items });
/** An object whose fields are known by name. */
export const record = (fields: Iterable<readonly [string, Value]>, missing?: string): Value =>
  missing === undefined
    ? { is: "record", fields: new Map(fields) }
    : { is: "record", fields: new Map(fields), missing };
/** The axis of a name, as long as the tensors make it. */
export const axisOf = (axis: string): Axis => ({ is: "axis", axis, size: sizeOf(axis) });

/** The size of an axis by its name; a numeral is its own size. */
export const sizeOf = (axis: string): Expr => (isFixedSize(axis) ? int(Number(axis)) : size(axis));

/** The dimensions of an axes string: `N (G 2) H` is [[N], [G, 2], [H]]. */
export function parseDims(names: string): readonly Dimension[] | undefined {
  const words = /^\s*(?:\w+|\((?:\s*\w+)+\s*\))(?:\s+(?:\w+|\((?:\s*\w+)+\s*\)))*\s*$/;
  if (!words.test(names)) return undefined;
  return [...names.matchAll(/\(([^)]*)\)|(\w+)/g)].map((m) =>
    (m[1] ?? m[2] ?? "").trim().split(/\s+/),
  );
}

/** What an author would call such a value. */
export function describe(v: Value): string {
  switch (v.is) {
    case "scalar":
      return "a number";
    case "tensor":
      return `${v.source.stage ? "the stage" : "the tensor"} ${v.source.name}`;
    case "axis":
      return `the axis ${v.axis}`;
    case "range":
      return "a range";
    case "list":
      return "an array";
    case "record":
      return "an object";
    case "text":
      return "a string";
    case "choice":
      return `the option ${v.attr.name}`;
    case "closure":
    case "primitive":
    case "method":
      return "a function";
    case "absent":
      return v.name === "undefined" ? "undefined" : `${v.name}, which may be absent,`;
    default:
      return v satisfies never;
  }
}
