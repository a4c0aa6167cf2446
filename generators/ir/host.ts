// Sizes and group counts as the host computes them: int expressions without loops, as nest expressions.

import { make } from "./build.ts";
import { type Expr, kindOf } from "./expr.ts";
import { i32, type NestExpr, variable } from "./nest.ts";
import { isNonNegative } from "./ranges.ts";

/** An int expression over sizes and attributes. */
export function hostExpr(e: Expr): NestExpr {
  switch (e.kind) {
    case "const":
      return { kind: "const", type: e.type === "int" ? "i32" : "f32", value: e.value };
    case "size":
      return variable(e.axis);
    case "attr":
      return variable(e.name.replaceAll(".", "_"), e.type === "int" ? "i32" : "f32");
    case "option":
      return variable(e.name.toUpperCase());
    case "op": {
      const [a, b, c, d] = e.args;
      if (e.op === "owner") return hostExpr(make("idiv", a!, make("idiv", b!, c!)));
      if (e.op === "member")
        return hostExpr(make("add", make("mul", a!, make("idiv", c!, d!)), b!));
      const plain = e.args.every(isNonNegative);
      const op = plain && e.op === "idiv" ? "quot" : plain && e.op === "mod" ? "rem" : e.op;
      const kind = kindOf(e);
      const type = kind === "int" ? "i32" : kind === "bool" ? "bool" : "f32";
      return { kind: "op", op, args: e.args.map(hostExpr), type };
    }
    case "select":
      return {
        kind: "select",
        cond: hostExpr(e.cond),
        then: hostExpr(e.then),
        else: hostExpr(e.else),
      };
    case "cast":
      return { kind: "cast", to: e.to === "int" ? "i32" : "f32", arg: hostExpr(e.arg) };
    case "index":
    case "read":
    case "part":
      throw new Error(`a size depends on sizes and attributes only, not on a ${e.kind}`);
    default:
      return e satisfies never;
  }
}

/** The product of int expressions; 1 of none. */
export const product = (factors: readonly NestExpr[]): NestExpr =>
  factors.length === 0
    ? i32(1)
    : factors.reduce((a, b) => ({ kind: "op", op: "mul", args: [a, b], type: "i32" }));
