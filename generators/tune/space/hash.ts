// What a space means, in 16 letters: results of another space are not its results.

import { createHash } from "node:crypto";
import type { Expr, Value } from "./expr.ts";
import type { Space } from "./space.ts";

const commutative: ReadonlySet<string> = new Set(["+", "*", "==", "!=", "and", "or", "min", "max"]);

/** Numbers and texts that look alike differ. */
const valueKey = (value: Value): string => JSON.stringify(value);

function exprKey(expr: Expr): string {
  switch (expr.kind) {
    case "value":
      return valueKey(expr.value);
    case "parameter":
      return `[${JSON.stringify(expr.name)}]`;
    case "not":
    case "negate":
      return `(${expr.kind} ${exprKey(expr.of)})`;
    case "in":
      return `(in ${exprKey(expr.of)} ${expr.values.map(valueKey).sort().join(" ")})`;
    case "binary": {
      const sides = [exprKey(expr.left), exprKey(expr.right)];
      if (commutative.has(expr.op)) sides.sort();
      return `(${expr.op} ${sides.join(" ")})`;
    }
    default:
      return expr satisfies never;
  }
}

/**
 * A hash of parameters, values and constraints; neither the names of spaces, nor the reasons given,
 * nor the order in which things are listed count.
 */
export function hashSpace(space: Space): string {
  const parameters = space.parameters
    .map(({ name, values }) => [name, ...values.map(valueKey).sort()])
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  const constraints = [...new Set(space.constraints.map(({ holds }) => exprKey(holds)))].sort();
  const text = JSON.stringify({ parameters, constraints });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
