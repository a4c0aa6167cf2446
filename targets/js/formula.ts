// Formulas of the manifest in generated modules: names become members of an object, calls what JavaScript has.

/** How each call of a formula is written, with the function that a module then holds. */
export const formulaCalls = {
  ceilDiv: "function ceilDiv(a, b) {\n  return Math.ceil(a / b);\n}",
  idiv: "function idiv(a, b) {\n  return Math.floor(a / b);\n}",
  mod: "function mod(a, b) {\n  return a - Math.floor(a / b) * b;\n}",
  select: "function select(test, a, b) {\n  return test ? a : b;\n}",
  min: undefined,
  max: undefined,
} as const satisfies Readonly<Record<string, string | undefined>>;

/** A formula with `before` in front of each name. */
export function formulaAsJs(formula: string, before: string): string {
  return formula.replace(/[A-Za-z_]\w*(\()?/g, (text, call: string | undefined) => {
    if (call === undefined) return before + text;
    return text === "min(" || text === "max(" ? `Math.${text}` : text;
  });
}

/** The functions that formulas call, once each. */
export function formulaHelpers(formulas: readonly string[]): readonly string[] {
  return Object.entries(formulaCalls).flatMap(([name, text]) =>
    text !== undefined && formulas.some((formula) => new RegExp(`\\b${name}\\(`).test(formula))
      ? [text]
      : [],
  );
}
