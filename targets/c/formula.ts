// Formulas of the manifest in C: all in doubles, as everywhere.

import type { FormulaFunction } from "../contract/formula.ts";
import { safe } from "./reserved.ts";

/** The function of C for each of formulas; those that C has not are defined by the file. */
const calls: Readonly<
  Record<FormulaFunction, string | { readonly name: string; readonly text: string }>
> = {
  ceilDiv: own("size_ceil_div", ["a", "b"], "ceil(a / b)"),
  idiv: own("size_div", ["a", "b"], "floor(a / b)"),
  mod: own("size_mod", ["a", "b"], "a - floor(a / b) * b"),
  min: own("size_min", ["a", "b"], "b < a ? b : a"),
  max: own("size_max", ["a", "b"], "a < b ? b : a"),
  select: own("size_select", ["test", "a", "b"], "test != 0.0 ? a : b"),
  round: "round",
  rint: "rint",
  abs: "fabs",
  floor: "floor",
  ceil: "ceil",
  sqrt: "sqrt",
  exp: "exp",
  log: "log",
  sin: "sin",
  cos: "cos",
  tanh: "tanh",
};

function own(name: string, args: readonly string[], value: string) {
  const list = args.map((arg) => `double ${arg}`).join(", ");
  return { name, text: `static inline double ${name}(${list}) {\n  return ${value};\n}` };
}

/** A formula over doubles of its names; `use` is called with the text of functions it needs. */
export function formulaAsC(formula: string, use: (text: string) => void): string {
  return formula.replace(
    /[A-Za-z_]\w*(\()?|\d+(\.\d+)?(e[+-]?\d+)?/g,
    (text, bracket: string | undefined) => {
      if (/^\d/.test(text)) return /[.e]/.test(text) ? text : `${text}.0`;
      if (bracket === undefined) return safe(text);
      const call = calls[text.slice(0, -1) as FormulaFunction];
      if (typeof call === "string") return `${call}(`;
      use(call.text);
      return `${call.name}(`;
    },
  );
}
