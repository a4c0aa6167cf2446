import type { Formula } from "../../targets/contract/program.ts";
import type { NestExpr } from "../ir/nest.ts";

interface Part {
  readonly text: string;
  /** 1 a sum, 2 a product, 3 a factor. */
  readonly level: number;
}

const bracket = (part: Part, atLeast: number): string =>
  part.level >= atLeast ? part.text : `(${part.text})`;

/** An integer expression over scalars as a formula of the manifest (see targets/contract/formula.ts). */
export function printFormula(e: NestExpr): Formula {
  return print(e).text;
}

function print(e: NestExpr): Part {
  switch (e.kind) {
    case "const":
      return { text: String(e.value), level: e.value < 0 ? 2 : 3 };
    case "var":
      return { text: e.name, level: 3 };
    case "op":
      return printOp(e);
    default:
      throw new Error(`A size cannot be written as a formula: it holds a ${e.kind}.`);
  }
}

function printOp(e: Extract<NestExpr, { kind: "op" }>): Part {
  const [a, b] = e.args;
  const infix = (symbol: string, level: number, right: number): Part => ({
    text: `${bracket(print(a!), level)} ${symbol} ${bracket(print(b!), right)}`,
    level,
  });
  const call = (name: string): Part => ({
    text: `${name}(${e.args.map((arg) => print(arg).text).join(", ")})`,
    level: 3,
  });
  switch (e.op) {
    case "add":
      return b?.kind === "const" && b.value < 0
        ? { text: `${bracket(print(a!), 1)} - ${-b.value}`, level: 1 }
        : infix("+", 1, 1);
    case "sub":
      return infix("-", 1, 2);
    case "mul":
      return infix("*", 2, 2);
    case "neg":
      return { text: `-${bracket(print(a!), 3)}`, level: 2 };
    case "quot":
    case "idiv": {
      const whole = ceilOf(a!, b!);
      if (whole) return { text: `ceilDiv(${print(whole).text}, ${print(b!).text})`, level: 3 };
      return call("idiv");
    }
    case "minimum":
      return call("min");
    case "maximum":
      return call("max");
    default:
      throw new Error(`A size cannot be written as a formula: it holds the operation ${e.op}.`);
  }
}

/** x, where `a` is x + (b - 1): then the division rounds up. */
function ceilOf(a: NestExpr, b: NestExpr): NestExpr | undefined {
  if (a.kind !== "op" || a.op !== "add" || b.kind !== "const") return undefined;
  const [x, more] = a.args;
  return more?.kind === "const" && more.value === b.value - 1 ? x : undefined;
}
