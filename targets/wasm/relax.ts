// Multiplications and additions of vectors as one instruction of the relaxed vectors.

/** Where the bracket that opens at `from` closes, and the operands between them. */
function readForm(text: string, from: number): { readonly end: number; readonly args: string[] } {
  const args: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "(" && depth++ === 1) start = at;
    if (text[at] === ")") {
      if (--depth === 1) args.push(text.slice(start, at + 1));
      if (depth === 0) return { end: at + 1, args };
    }
  }
  throw new Error("A bracket of the text is not closed.");
}

const sum = "(f32x4.add";
const product = "(f32x4.mul";

/** Has a text a sum of a product and something else, on vectors? */
export const hasFusible = (text: string): boolean => relax(text) !== text;

/**
 * The same module with `x + a * b` of vectors as one instruction of the relaxed vectors, which may round once
 * instead of twice.
 */
export function relax(text: string): string {
  let out = "";
  let at = 0;
  for (;;) {
    const found = text.indexOf(sum, at);
    if (found < 0) return out + text.slice(at);
    const { end, args } = readForm(text, found);
    const factors = args.findLastIndex((arg) => arg.startsWith(product));
    out += text.slice(at, found);
    if (factors < 0) {
      out += sum;
      at = found + sum.length;
      continue;
    }
    const [a, b] = readForm(args[factors]!, 0).args.map(relax);
    out += `(f32x4.relaxed_madd ${a} ${b} ${relax(args[1 - factors]!)})`;
    at = end;
  }
}
