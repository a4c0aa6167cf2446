// What a plan's expressions over sizes and attributes are before anything is launched.

import { unreachable } from "./expr.ts";
import type { NestExpr, Scalar } from "./nest.ts";
import { computeOf, fitTo } from "./nestInterpretNumbers.ts";

/** A number known before a launch. */
export interface Known {
  readonly value: number;
  readonly type: Scalar;
}

/** The value of an expression over numbers known before a launch. */
export function evaluate(e: NestExpr, numbers: ReadonlyMap<string, Known>): number {
  switch (e.kind) {
    case "const":
      return fitTo(e.type, "f64")(e.value);
    case "var": {
      const found = numbers.get(e.name);
      if (!found) throw new Error(`${e.name} is used, but nothing defines it here`);
      if (found.type !== e.type)
        throw new Error(`${e.name} is a ${found.type}, but is used as ${e.type}`);
      return found.value;
    }
    case "op":
      return fitTo(e.type, "f64")(computeOf(e.op)(...e.args.map((arg) => evaluate(arg, numbers))));
    case "cast": {
      const value = evaluate(e.arg, numbers);
      return e.to === "bool" ? Number(value !== 0) : fitTo(e.to, "f64")(value);
    }
    case "select": {
      const [then, otherwise] = [evaluate(e.then, numbers), evaluate(e.else, numbers)];
      return evaluate(e.cond, numbers) !== 0 ? then : otherwise;
    }
    case "load":
      throw new Error(`${e.buffer} is loaded where only sizes are known`);
    case "lane":
      throw new Error("a vector's lane is taken where only sizes are known");
    default:
      return unreachable(e);
  }
}
