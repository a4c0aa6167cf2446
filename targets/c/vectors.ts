// Vectors of GNU C: arithmetic by operators, the rest lane by lane in functions that compilers make vectors of.

import { writeForm } from "../../generators/emit/forms.ts";
import { bracket, operators, primary } from "../../generators/emit/spelling.ts";
import {
  type Form,
  type Helper,
  infix,
  level,
  prefix,
  type Text,
  type VectorForms,
} from "../../generators/emit/target.ts";
import { flatten, gapAt } from "../../generators/emit/wrap.ts";
import type { NestOp, Scalar, Width } from "../../generators/ir/nest.ts";

/** A number in all lanes, which operators take as it is beside a vector. */
interface Splat extends Text {
  readonly number: Text;
  /** As it was before: a test is one of C, not a mask. */
  readonly whole: Text;
}

const isSplat = (text: Text): text is Splat => "number" in text;

/** A test has all bits of a whole number set, or none. */
const elements: Readonly<Partial<Record<Scalar, { readonly c: string; readonly short: string }>>> =
  {
    i32: { c: "int32_t", short: "i32" },
    u32: { c: "uint32_t", short: "u32" },
    f32: { c: "float", short: "f32" },
    f64: { c: "double", short: "f64" },
    bool: { c: "int32_t", short: "i32" },
  };

function elementOf(type: Scalar): { readonly c: string; readonly short: string } {
  const found = elements[type];
  if (!found) throw new Error(`c has no vectors of type ${type}.`);
  return found;
}

const name = (type: Scalar, lanes: Width): string => `${elementOf(type).short}x${lanes}`;

/** The vector types of a text, and the functions by which it loads, stores and chooses them. */
export function defineVectors(text: string): {
  readonly types: readonly string[];
  readonly functions: readonly string[];
} {
  const used = new Set(text.match(/\b(?:load|store|select)_[fiu](?:32|64)x(?:2|4|8|16)\b/g));
  const functions = [...used].sort().map((own) => {
    const [what, vector] = own.split("_") as ["load" | "store" | "select", string];
    const [type, lanes] = vector.split("x") as [Scalar, string];
    return moves[what](own, type, Number(lanes) as Width);
  });
  const found = [text, ...functions].join("\n").match(/\b[fiu](?:32|64)x(?:2|4|8|16)(?:_at)?\b/g);
  const types = [...new Set(found)].sort().map((vector) => {
    const [short, lanes] = vector.replace("_at", "").split("x") as [Scalar, string];
    const size = short === "f64" ? 8 : 4;
    const bytes = size * Number(lanes);
    // At any element of an array, which is one of numbers.
    const loose = vector.endsWith("_at") ? `, aligned(${size}), may_alias` : "";
    return `typedef ${elementOf(short).c} ${vector} __attribute__((vector_size(${bytes})${loose}));`;
  });
  return { types, functions };
}

/** Vectors are no arguments of calls, for which machines with shorter ones have other rules. */
const inlined = "static inline __attribute__((always_inline))";

const moves: Readonly<
  Record<"load" | "store" | "select", (own: string, type: Scalar, lanes: Width) => string>
> = {
  load: (own, type, lanes) =>
    [
      `${inlined} ${name(type, lanes)} ${own}(const ${elementOf(type).c} *from) {`,
      `  return *(const ${name(type, lanes)}_at *)from;`,
      "}",
    ].join("\n"),
  store: (own, type, lanes) =>
    [
      `${inlined} void ${own}(${elementOf(type).c} *to, ${name(type, lanes)} value) {`,
      `  *(${name(type, lanes)}_at *)to = value;`,
      "}",
    ].join("\n"),
  select: (own, type, lanes) => selectText(type, lanes, own),
};

/** Operators of vectors; what compares gives a test. */
const symbols: Readonly<Partial<Record<NestOp, Form>>> = {
  add: operators.add,
  sub: operators.sub,
  mul: operators.mul,
  div: operators.div,
  neg: operators.neg,
  lt: operators.lt,
  le: operators.le,
  eq: infix("==", level.equal),
  and: infix("&", level.compare),
  or: infix("|", level.compare),
  not: prefix("~"),
};

const compares: ReadonlySet<NestOp> = new Set<NestOp>(["lt", "le", "eq"]);
const gives = (op: NestOp, of: Scalar): Scalar =>
  compares.has(op) ? "bool" : op === "floor" || op === "ceil" || op === "round" ? "i32" : of;

/** One lane after another by the function (or operator) that numbers have. */
function byLanes(
  own: string,
  of: Scalar,
  to: Scalar,
  lanes: Width,
  count: number,
  value: (args: readonly Text[]) => string,
): Helper {
  const names = ["a", "b", "c"].slice(0, count);
  const args = names.map((arg) => `${name(of, lanes)} ${arg}`).join(", ");
  const lane = value(names.map((arg) => primary(`${arg}[i]`)));
  return {
    text: [
      `${inlined} ${name(to, lanes)} ${own}(${args}) {`,
      `  ${name(to, lanes)} result;`,
      `  for (int i = 0; i < ${lanes}; ++i) result[i] = ${lane};`,
      "  return result;",
      "}",
    ].join("\n"),
  };
}

const selectName = (type: Scalar, lanes: Width): string => `select_${name(type, lanes)}`;

function selectText(type: Scalar, lanes: Width, own: string): string {
  const [vector, test] = [name(type, lanes), name("bool", lanes)];
  const body =
    type === "f64"
      ? [
          `  ${vector} result;`,
          `  for (int i = 0; i < ${lanes}; ++i) result[i] = test[i] ? a[i] : b[i];`,
          "  return result;",
        ]
      : [`  return (${vector})((test & (${test})a) | (~test & (${test})b));`];
  return [
    `${inlined} ${vector} ${own}(${test} test, ${vector} a, ${vector} b) {`,
    ...body,
    "}",
  ].join("\n");
}

const callOf = (own: string, args: readonly Text[]): Text =>
  primary(`${own}(${args.map(({ text }) => text).join(`,${gapAt(0)}`)})`);

/** How numbers write an operation that is no operator of vectors. */
type Numbers = (op: NestOp, of: Scalar, args: readonly Text[]) => Form;

/** Vectors, whose lanes are computed as numbers are where there is no operator. */
export function createVectors(
  numbers: Numbers,
  use: (form: Form) => readonly string[],
): VectorForms {
  return {
    type: (of, lanes) => name(of, lanes),
    splat(value, type, lanes) {
      const vector = name(type, lanes);
      // x - 0 is x in every bit, also of -0.
      const number: Text =
        type === "bool"
          ? { text: `-(int32_t)${bracket(value, level.unary)}`, level: level.unary }
          : value;
      if (/^0(\.0f?)?$/.test(value.text))
        return {
          text: `(${vector}){0}`,
          level: level.primary,
          number,
          whole: value,
        } satisfies Splat;
      const text = `${bracket(number, level.add)} -${gapAt(level.add)}(${vector}){0}`;
      return { text, level: level.add, number, whole: value } satisfies Splat;
    },
    lane: (vector, lane, type) => {
      const text = `${bracket(vector, level.primary)}[${lane}]`;
      return type === "bool" ? { text: `${text} != 0`, level: level.equal } : primary(text);
    },
    load: (buffer, address, lanes) =>
      primary(`load_${name(buffer.decl.dtype, lanes)}(&${buffer.name}[${address.text}])`),
    store: (buffer, address, value, lanes) =>
      `store_${name(buffer.decl.dtype, lanes)}(&${buffer.name}[${address.text}],${gapAt(0)}${value.text});`,
    op(op, args, of, lanes, need) {
      const symbol = symbols[op];
      // Comparisons of doubles give whole numbers of 64 bits: these are taken lane by lane.
      const wide = of === "f64" && compares.has(op);
      if (symbol && !wide) {
        const some = args.some((arg) => !isSplat(arg));
        return writeForm(
          symbol,
          args.map((arg) => (isSplat(arg) && some && args.length > 1 ? arg.number : arg)),
        );
      }
      const form = numbers(op, of, args);
      const to = gives(op, of);
      const own = `${op}_${name(of, lanes)}`;
      const helper = byLanes(own, of, to, lanes, args.length, (parts) => {
        const text = flatten(writeForm(form, parts).text);
        return to === "bool" ? `-(${text})` : text;
      });
      need(own, { ...helper, needs: use(form) });
      return callOf(own, args);
    },
    cast(to, from, arg, lanes) {
      const vector = name(to, lanes);
      const number: Text =
        from === "bool" ? { text: `-${bracket(arg, level.primary)}`, level: level.unary } : arg;
      if (from === "bool" && to === "i32") return number;
      if (to === "bool")
        return { text: `${bracket(arg, level.add)} !=${gapAt(level.equal)}0`, level: level.equal };
      return primary(`__builtin_convertvector(${number.text},${gapAt(0)}${vector})`);
    },
    select: (cond, then, otherwise, type, lanes) =>
      isSplat(cond)
        ? {
            text:
              `${bracket(cond.whole, level.or)} ?${gapAt(level.ternary)}${bracket(then, level.or)} ` +
              `:${gapAt(level.ternary)}${bracket(otherwise, level.ternary)}`,
            level: level.ternary,
          }
        : callOf(selectName(type, lanes), [cond, then, otherwise]),
    define: (variable, type, lanes, value, changes) =>
      `${changes ? "" : "const "}${name(type, lanes)} ${variable} = ${value.text};`,
  };
}
