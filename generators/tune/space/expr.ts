// Constraints as data: what is evaluated, printed, hashed and exported is one tree.

/** A value that a parameter takes. */
export type Value = number | boolean | string;

/**
 * Operators of two operands; `/` divides exactly, `//` rounds down, `%` has the sign of its right
 * side; `and` and `or` give an operand. Truth values are 1 and 0 in arithmetic.
 */
export type BinaryOp =
  | "+"
  | "-"
  | "*"
  | "/"
  | "//"
  | "%"
  | "**"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "and"
  | "or"
  | "min"
  | "max";

/** An expression over parameters. */
export type Expr =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "not" | "negate"; readonly of: Expr }
  | { readonly kind: "in"; readonly of: Expr; readonly values: readonly Value[] }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr };
