// Formulas of the manifest as callers write them in C: over ints, where positive ones divide as a formula does.

import { gapAt } from "../../generators/emit/wrap.ts";
import { type FormulaFunction, formulaFunctions } from "../contract/formula.ts";
import type { Formula } from "../contract/program.ts";
import { safe } from "./reserved.ts";

/** A part of an expression, and how tightly it binds. */
interface Part {
  readonly text: string;
  readonly level: number;
}

/** Loosest first. */
const operators = [["||"], ["&&"], ["<", "<=", "=="], ["+", "-"], ["*", "/"]] as const;
const [sum, product, unary, whole] = [3, 4, 5, 6];

const within = ({ text, level }: Part, least: number): string =>
  level >= least ? text : `(${text})`;

const infix = (symbol: string, level: number, a: Part, b: Part): Part => ({
  text: `${within(a, level)} ${symbol}${gapAt(level)}${within(b, level + 1)}`,
  level,
});

const choose = (test: string, then: Part, otherwise: Part): Part => ({
  text: `(${test} ? ${then.text} : ${otherwise.text})`,
  level: whole,
});

const one: Part = { text: "1", level: whole };

type Write = (...args: readonly [Part, Part, Part]) => Part;

const call =
  (name: string): Write =>
  (a) => ({ text: `${name}(${a.text})`, level: whole });

const functions: Readonly<Record<FormulaFunction, Write>> = {
  ceilDiv: (a, b) => infix("/", product, infix("-", sum, infix("+", sum, a, b), one), b),
  idiv: (a, b) => infix("/", product, a, b),
  mod: (a, b) => infix("%", product, a, b),
  min: (a, b) => choose(infix("<", 2, b, a).text, b, a),
  max: (a, b) => choose(infix("<", 2, a, b).text, b, a),
  select: (test, a, b) => choose(within(test, whole), a, b),
  abs: call("fabs"),
  floor: call("floor"),
  ceil: call("ceil"),
  round: call("round"),
  rint: call("rint"),
  sqrt: call("sqrt"),
  exp: call("exp"),
  log: call("log"),
  sin: call("sin"),
  cos: call("cos"),
  tanh: call("tanh"),
};

const isFunction = (name: string): name is FormulaFunction =>
  (formulaFunctions as readonly string[]).includes(name);

const token = /[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|&&|\|\||[<>=!]=|\S/g;

/** A formula as an expression of C, with marks where its line may be broken. */
export function formulaAsInts(formula: Formula): string {
  const tokens = formula.match(token) ?? [];
  let at = 0;
  const factor = (): Part => {
    const text = tokens[at++] ?? "";
    if (text === "-" || text === "!")
      return { text: `${text}${within(factor(), unary)}`, level: unary };
    if (text === "(") {
      const inner = read(0);
      at++;
      return inner;
    }
    if (tokens[at] !== "(" || !isFunction(text)) return { text: safe(text), level: whole };
    const args: Part[] = [];
    do {
      at++;
      args.push(read(0));
    } while (tokens[at] === ",");
    at++;
    const [a = one, b = one, c = one] = args;
    return functions[text](a, b, c);
  };
  const read = (level: number): Part => {
    const here: readonly string[] | undefined = operators[level];
    if (!here) return factor();
    let left = read(level + 1);
    while (here.includes(tokens[at] ?? "")) {
      const symbol = tokens[at++]!;
      const right = read(level + 1);
      // Formulas divide real numbers by this sign.
      left =
        symbol === "/"
          ? infix("/", level, { text: `(double)${within(left, unary)}`, level: unary }, right)
          : infix(symbol, level, left, right);
    }
    return left;
  };
  return read(0).text;
}
