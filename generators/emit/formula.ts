// What the host computes as a formula of the manifest; see targets/contract/formula.ts.

import type { FormulaFunction } from "../../targets/contract/formula.ts";
import type { Formula } from "../../targets/contract/program.ts";
import type { NestExpr, PlainOp } from "../ir/nest.ts";

interface Part {
  readonly text: string;
  readonly level: number;
}

/** How tightly the parts of a formula bind. */
const level = { or: 1, and: 2, compare: 3, sum: 4, product: 5, factor: 6 } as const;

const bracket = (part: Part, atLeast: number): string =>
  part.level >= atLeast ? part.text : `(${part.text})`;

/** An expression over scalars as a formula of the manifest. */
export function printFormula(e: NestExpr): Formula {
  return print(e).text;
}

function print(e: NestExpr): Part {
  switch (e.kind) {
    case "const":
      return { text: String(e.value), level: e.value < 0 ? level.product : level.factor };
    case "var":
      return { text: e.name, level: level.factor };
    case "op":
      return printOp(e);
    case "select":
      return printCall("select", [e.cond, e.then, e.else]);
    case "cast":
      return print(e.arg); // a test is 0 or 1, and whole numbers are real ones
    case "load":
      throw new Error(`What the host computes is over scalars; it cannot load ${e.buffer}.`);
    case "lane":
      throw new Error("What the host computes is over scalars, not over vectors.");
    default:
      return e satisfies never;
  }
}

function printCall(name: FormulaFunction, args: readonly NestExpr[]): Part {
  return {
    text: `${name}(${args.map((arg) => print(arg).text).join(", ")})`,
    level: level.factor,
  };
}

type Spelled =
  | { readonly call: FormulaFunction }
  /** The least levels of the two sides. */
  | { readonly infix: string; readonly at: number; readonly sides: readonly [number, number] }
  | { readonly prefix: string; readonly at: number };

const call = (name: FormulaFunction): Spelled => ({ call: name });
const infix = (symbol: string, at: number, left: number, right: number): Spelled => ({
  infix: symbol,
  at,
  sides: [left, right],
});

const spell: Readonly<Record<PlainOp, Spelled>> = {
  add: infix("+", level.sum, level.sum, level.sum),
  sub: infix("-", level.sum, level.sum, level.product),
  mul: infix("*", level.product, level.product, level.product),
  div: infix("/", level.product, level.product, level.factor),
  neg: { prefix: "-", at: level.product },
  quot: call("idiv"), // its operands are not negative
  idiv: call("idiv"),
  rem: call("mod"),
  mod: call("mod"),
  minimum: call("min"),
  maximum: call("max"),
  abs: call("abs"),
  floor: call("floor"),
  ceil: call("ceil"),
  round: call("round"),
  floorf: call("floor"),
  ceilf: call("ceil"),
  roundf: call("round"),
  rintf: call("rint"),
  sqrt: call("sqrt"),
  exp: call("exp"),
  log: call("log"),
  sin: call("sin"),
  cos: call("cos"),
  tanh: call("tanh"),
  lt: infix("<", level.compare, level.sum, level.sum),
  le: infix("<=", level.compare, level.sum, level.sum),
  eq: infix("==", level.compare, level.sum, level.sum),
  and: infix("&&", level.and, level.and, level.and),
  or: infix("||", level.or, level.or, level.or),
  not: { prefix: "!", at: level.factor },
};

function printOp({ op, args }: Extract<NestExpr, { kind: "op" }>): Part {
  const [a, b] = args;
  if (!a) throw new Error(`The operation ${op} has no operand.`);
  if (op === "add" && b?.kind === "const" && b.value < 0)
    return { text: `${bracket(print(a), level.sum)} - ${-b.value}`, level: level.sum };
  if ((op === "quot" || op === "idiv") && b) {
    const whole = ceilOf(a, b);
    if (whole) return printCall("ceilDiv", [whole, b]);
  }
  if (op === "total") throw new Error("What the host computes is over scalars, not over sums.");
  const spelled = spell[op];
  if ("call" in spelled) return printCall(spelled.call, args);
  if ("prefix" in spelled)
    return { text: spelled.prefix + bracket(print(a), level.factor), level: spelled.at };
  const [left, right] = spelled.sides.map((least, i) => side(op, print(args[i]!), least));
  return { text: `${left} ${spelled.infix} ${right}`, level: spelled.at };
}

/** An operand; compilers of C warn of `&&` within `||` without brackets. */
const side = (op: PlainOp, part: Part, least: number): string =>
  bracket(part, op === "or" && part.level === level.and ? level.compare : least);

/** x, where `a` is x + (b - 1): then the division rounds up. */
function ceilOf(a: NestExpr, b: NestExpr): NestExpr | undefined {
  if (a.kind !== "op" || a.op !== "add" || b.kind !== "const") return undefined;
  const [x, more] = a.args;
  return more?.kind === "const" && more.value === b.value - 1 ? x : undefined;
}
