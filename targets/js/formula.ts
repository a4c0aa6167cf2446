// Formulas of the manifest in generated modules: names become members of an object, calls what JavaScript has.

import type { FormulaFunction } from "../contract/formula.ts";
import { helpers } from "./helpers.ts";

/** A function that a module then holds. */
interface Own {
  readonly name: string;
  readonly text: string;
}

const own = (name: string, args: string, value: string): Own => ({
  name,
  text: `function ${name}(${args}) {\n  return ${value};\n}`,
});

const calls: Readonly<Record<FormulaFunction, string | Own>> = {
  ceilDiv: own("ceilDiv", "a, b", "Math.ceil(a / b)"),
  idiv: own("idiv", "a, b", "Math.floor(a / b)"),
  mod: { name: "mod", text: helpers.mod.text },
  select: own("select", "test, a, b", "test ? a : b"),
  round: { name: "round_away", text: helpers.round_away.text },
  rint: { name: "round_even", text: helpers.round_even.text },
  min: "Math.min",
  max: "Math.max",
  abs: "Math.abs",
  floor: "Math.floor",
  ceil: "Math.ceil",
  sqrt: "Math.sqrt",
  exp: "Math.exp",
  log: "Math.log",
  sin: "Math.sin",
  cos: "Math.cos",
  tanh: "Math.tanh",
};

/** The names of functions that modules hold for formulas. */
export const formulaNames: readonly string[] = Object.values(calls).flatMap((call) =>
  typeof call === "string" ? [] : [call.name],
);

/** A formula with `before` in front of each name; `use` is called with the text of functions it needs. */
export function formulaAsJs(
  formula: string,
  before: string,
  use: (text: string) => void = () => {},
): string {
  return formula.replace(/==|[A-Za-z_]\w*(\()?/g, (text, bracket: string | undefined) => {
    if (text === "==") return "===";
    if (bracket === undefined) return before + text;
    const call = calls[text.slice(0, -1) as FormulaFunction];
    if (typeof call === "string") return `${call}(`;
    use(call.text);
    return `${call.name}(`;
  });
}
