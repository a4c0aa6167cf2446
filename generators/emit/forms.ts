// How an operation is written from its operands' texts.

import type { NestOp, Scalar } from "../ir/nest.ts";
import { bracket } from "./spelling.ts";
import { type Form, level, type Spelling, type Text } from "./target.ts";
import { gapAt } from "./wrap.ts";

/** The text of a form, with brackets only where the operands need them. */
export function writeForm(form: Form, args: readonly Text[]): Text {
  const [a, b] = args;
  switch (form.kind) {
    case "text":
      return form.write(...args);
    case "prefix":
      // One more, so that two signs never stand side by side.
      return { text: form.symbol + bracket(a!, level.unary + 1), level: level.unary };
    case "call": {
      const list = args.map((arg) => arg.text).join(`,${gapAt(0)}`);
      return { text: `${form.name}(${list})`, level: level.primary };
    }
    case "infix": {
      // A test of tests and a comparison of comparisons are bracketed: WGSL demands it, readers like it.
      const logic = form.level <= level.and;
      const inner = logic ? level.equal : form.level <= level.compare ? level.add : form.level;
      const side = (arg: Text, least: number) =>
        logic && arg.level === form.level ? arg.text : bracket(arg, least);
      const left = side(a!, inner);
      const right = side(b!, Math.max(inner, form.level + 1));
      return { text: `${left} ${form.symbol}${gapAt(form.level)}${right}`, level: form.level };
    }
    default:
      return form satisfies never;
  }
}

/** Integer operations whose result is not negative where no operand is. */
const natural: ReadonlySet<NestOp> = new Set<NestOp>([
  "add",
  "mul",
  "quot",
  "rem",
  "idiv",
  "mod",
  "minimum",
  "maximum",
]);

/** Is the result certainly not negative? */
export function isNatural(op: NestOp, args: readonly Text[]): boolean {
  if (op === "mod") return true;
  if (op === "maximum") return args.some((arg) => arg.natural);
  return natural.has(op) && args.every((arg) => arg.natural);
}

/** The form of an operation for its operands. */
export function formOf(spelling: Spelling, of: Scalar, args: readonly Text[]): Form {
  return typeof spelling === "function" ? spelling(of, args) : spelling;
}
