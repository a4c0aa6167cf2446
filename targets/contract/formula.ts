// Integer formulas over named sizes, as the manifest writes them:
//   sum  = product (("+" | "-") product)*        product = factor ("*" factor)*
//   factor = integer | name | "-" factor | "(" sum ")" | call
//   call = ("ceilDiv" | "idiv" | "min" | "max") "(" sum "," sum ")"

const functions: Readonly<Record<string, (a: number, b: number) => number>> = {
  ceilDiv: (a, b) => Math.ceil(a / b),
  idiv: (a, b) => Math.floor(a / b),
  min: Math.min,
  max: Math.max,
};

/** The value of `formula`; throws a SyntaxError for bad text and a ReferenceError for an unknown name. */
export function evaluateFormula(formula: string, names: Readonly<Record<string, number>>): number {
  const tokens = formula.match(/[A-Za-z_]\w*|\d+|[^\s]/g) ?? [];
  let at = 0;
  const take = (text: string) => {
    if (tokens[at] !== text)
      throw new SyntaxError(
        `expected "${text}" but found "${tokens[at] ?? "the end"}" in: ${formula}`,
      );
    at++;
  };
  const factor = (): number => {
    const token = tokens[at++];
    if (token === undefined) throw new SyntaxError(`unexpected end of: ${formula}`);
    if (/^\d/.test(token)) return Number(token);
    if (token === "-") return -factor();
    if (token === "(") {
      const value = sum();
      take(")");
      return value;
    }
    const call = functions[token];
    if (call && tokens[at] === "(") {
      take("(");
      const a = sum();
      take(",");
      const b = sum();
      take(")");
      return call(a, b);
    }
    const value = Object.hasOwn(names, token) ? names[token] : undefined;
    if (value === undefined) throw new ReferenceError(`no value for "${token}" in: ${formula}`);
    return value;
  };
  const product = (): number => {
    let value = factor();
    while (tokens[at] === "*") {
      at++;
      value *= factor();
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-")
      value += tokens[at++] === "+" ? product() : -product();
    return value;
  };
  const value = sum();
  if (at < tokens.length) throw new SyntaxError(`unexpected "${tokens[at]}" in: ${formula}`);
  return value;
}
