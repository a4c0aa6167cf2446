// Formulas over named numbers, as the manifest writes sizes, group counts and demands; a test is 0 or 1:
//   formula = both ("||" both)*                  both = test ("&&" test)*
//   test = sum (("<" | "<=" | "==") sum)?        sum = product (("+" | "-") product)*
//   product = factor (("*" | "/") factor)*
//   factor = number | name | "-" factor | "!" factor | "(" formula ")" | call
//   call = function "(" formula ("," formula)* ")"
// All is computed in doubles, `/` too; the functions are those of the table below.

type Compute = (...args: readonly number[]) => number;

const two = (compute: (a: number, b: number) => number): Compute =>
  compute as (...args: readonly number[]) => number;

/** The functions of formulas, with how many arguments they take. */
const functions = {
  ceilDiv: { takes: 2, of: two((a, b) => Math.ceil(a / b)) },
  idiv: { takes: 2, of: two((a, b) => Math.floor(a / b)) },
  mod: { takes: 2, of: two((a, b) => a - Math.floor(a / b) * b) },
  min: { takes: 2, of: Math.min },
  max: { takes: 2, of: Math.max },
  // Both sides are computed, and a division by zero is no error.
  select: { takes: 3, of: (test, a, b) => (test ? a! : b!) },
  abs: { takes: 1, of: (a) => Math.abs(a!) },
  floor: { takes: 1, of: (a) => Math.floor(a!) },
  ceil: { takes: 1, of: (a) => Math.ceil(a!) },
  round: { takes: 1, of: (a) => Math.sign(a!) * Math.floor(Math.abs(a!) + 0.5) },
  rint: {
    takes: 1,
    of: (a) => (a! - Math.floor(a!) === 0.5 ? 2 * Math.round(a! / 2) : Math.round(a!)),
  },
  sqrt: { takes: 1, of: (a) => Math.sqrt(a!) },
  exp: { takes: 1, of: (a) => Math.exp(a!) },
  log: { takes: 1, of: (a) => Math.log(a!) },
  sin: { takes: 1, of: (a) => Math.sin(a!) },
  cos: { takes: 1, of: (a) => Math.cos(a!) },
  tanh: { takes: 1, of: (a) => Math.tanh(a!) },
} as const satisfies Readonly<Record<string, { takes: number; of: Compute }>>;

/** A function that formulas may call. */
export type FormulaFunction = keyof typeof functions;

/** The names of all functions of formulas. */
export const formulaFunctions = Object.keys(functions) as readonly FormulaFunction[];

const infix: Readonly<Record<string, (a: number, b: number) => number>> = {
  "||": (a, b) => Number(a !== 0 || b !== 0),
  "&&": (a, b) => Number(a !== 0 && b !== 0),
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  "==": (a, b) => Number(a === b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

/** Loosest first; comparisons do not follow each other. */
const levels = [["||"], ["&&"], ["<", "<=", "=="], ["+", "-"], ["*", "/"]] as const;
const comparisons = 2;

const token = /[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|&&|\|\||[<>=!]=|\S/g;

/** The value of `formula`; throws a SyntaxError for bad text and a ReferenceError for an unknown name. */
export function evaluateFormula(formula: string, names: Readonly<Record<string, number>>): number {
  const tokens = formula.match(token) ?? [];
  let at = 0;
  const take = (text: string) => {
    if (tokens[at] !== text)
      throw new SyntaxError(
        `expected "${text}" but found "${tokens[at] ?? "the end"}" in: ${formula}`,
      );
    at++;
  };
  const call = (name: FormulaFunction): number => {
    const { takes, of } = functions[name];
    take("(");
    const args = [read(0)];
    while (args.length < takes) {
      take(",");
      args.push(read(0));
    }
    take(")");
    return (of as Compute)(...args);
  };
  const factor = (): number => {
    const text = tokens[at++];
    if (text === undefined) throw new SyntaxError(`unexpected end of: ${formula}`);
    if (/^\d/.test(text)) return Number(text);
    if (text === "-") return -factor();
    if (text === "!") return Number(factor() === 0);
    if (text === "(") {
      const value = read(0);
      take(")");
      return value;
    }
    if (tokens[at] === "(" && Object.hasOwn(functions, text)) return call(text as FormulaFunction);
    const value = Object.hasOwn(names, text) ? names[text] : undefined;
    if (value === undefined) throw new ReferenceError(`no value for "${text}" in: ${formula}`);
    return value;
  };
  const read = (level: number): number => {
    const here: readonly string[] | undefined = levels[level];
    if (!here) return factor();
    let value = read(level + 1);
    while (here.includes(tokens[at] ?? "")) {
      value = infix[tokens[at++]!]!(value, read(level + 1));
      if (level === comparisons) break;
    }
    return value;
  };
  const value = read(0);
  if (at < tokens.length) throw new SyntaxError(`unexpected "${tokens[at]}" in: ${formula}`);
  return value + 0;
}
